package io.calico.dataplane.linux;

import static org.assertj.core.api.Assertions.assertThat;

import io.calico.dataplane.linux.netlink.Link;
import io.calico.dataplane.linux.netlink.LinkAddress;
import io.calico.dataplane.linux.netlink.NextHop;
import io.calico.dataplane.linux.netlink.Route;
import io.calico.dataplane.linux.netlink.Scope;
import io.calico.model.net.Cidr;
import io.calico.model.net.IpAddress;
import io.calico.model.net.IpNet;
import io.calico.model.net.IpVersion;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class UplinksTest {
    private final List<Link> links = new ArrayList<>();
    private final List<LinkAddress> addresses = new ArrayList<>();
    private final List<Route> routes = new ArrayList<>();
    private final List<IpAddress> node = new ArrayList<>();

    private Uplinks uplinks() {
        return new Uplinks(links, addresses, routes, node);
    }

    private void link(int index, String name, int mtu, String... nets) {
        links.add(Link.builder()
                .index(index)
                .name(name)
                .isUp(true)
                .hasCarrier(true)
                .mtuBytes(mtu)
                .group(0)
                .kind("")
                .isPairedElsewhere(false)
                .build());
        for (String net : nets) {
            addresses.add(new LinkAddress(index, IpNet.parse(net), Scope.GLOBAL));
        }
    }

    private Route.Builder defaultRoute(String gateway, int link) {
        IpAddress via = IpAddress.parse(gateway);
        return Route.builder()
                .destination(Cidr.parse(via.isV4() ? "0.0.0.0/0" : "::/0"))
                .addNextHops(NextHop.via(via, link))
                .protocol(3);
    }

    @Test
    void linksWithADefaultRouteOrANodeAddressAreUplinks() {
        link(2, "eth0", 1500, "172.30.0.10/24");
        link(3, "br-lan", 1500, "10.1.0.1/24");
        link(4, "docker0", 1500, "172.17.0.1/16");
        link(5, "wg0", 1420, "10.7.0.1/24");
        routes.add(defaultRoute("172.30.0.1", 2).build());
        routes.add(defaultRoute("fe80::1", 5).build());
        node.add(IpAddress.parse("10.1.0.1"));
        node.add(IpAddress.parse("198.51.100.1"));

        assertThat(uplinks().names()).containsExactly("br-lan", "eth0", "wg0");
    }

    @Test
    void everyNextHopOfADefaultRouteIsAnUplink() {
        link(2, "eth0", 1500);
        link(3, "eth1", 1500);
        routes.add(defaultRoute("172.30.0.1", 2)
                .addNextHops(NextHop.via(IpAddress.parse("172.31.0.1"), 3))
                .build());
        routes.add(Route.builder()
                .destination(Cidr.parse("10.0.0.0/8"))
                .addNextHops(NextHop.link(4))
                .protocol(3)
                .build());

        assertThat(uplinks().names()).containsExactly("eth0", "eth1");
    }

    @Test
    void hostWithoutUplinkHasNoSourceAndTheUsualMtu() {
        link(1, "lo", 65536);
        addresses.add(new LinkAddress(1, IpNet.parse("127.0.0.1/8"), Scope.HOST));

        assertThat(uplinks().names()).isEmpty();
        assertThat(uplinks().source(IpVersion.V4)).isEmpty();
        assertThat(uplinks().mtuBytes()).isEqualTo(1500);
    }

    @Test
    void nodeAddressIsTheSourceIfTheHostHasIt() {
        link(2, "eth0", 1500, "172.30.0.10/24", "172.30.0.11/24");
        routes.add(defaultRoute("172.30.0.1", 2).build());

        assertThat(uplinks().source(IpVersion.V4)).contains(IpAddress.parse("172.30.0.10"));
        node.add(IpAddress.parse("172.30.0.11"));
        assertThat(uplinks().source(IpVersion.V4)).contains(IpAddress.parse("172.30.0.11"));
        node.set(0, IpAddress.parse("198.51.100.1"));
        assertThat(uplinks().source(IpVersion.V4))
                .as("behind an address translation")
                .contains(IpAddress.parse("172.30.0.10"));
    }

    @Test
    void otherwiseTheSourceIsTheOneUsedTowardsTheWorld() {
        link(2, "eth0", 1500, "172.30.0.10/24", "172.30.0.11/24");
        link(3, "docker0", 1500, "172.17.0.1/16");
        link(4, "eth1", 1500, "10.0.0.5/24");
        routes.add(defaultRoute("172.30.0.1", 2).metric(200).build());

        assertThat(uplinks().source(IpVersion.V4)).contains(IpAddress.parse("172.30.0.10"));
        routes.add(defaultRoute("10.0.0.1", 4).metric(100).build());
        assertThat(uplinks().source(IpVersion.V4)).as("over the better route").contains(IpAddress.parse("10.0.0.5"));
        routes.add(defaultRoute("172.30.0.1", 2)
                .metric(50)
                .preferredSource(IpAddress.parse("172.30.0.11"))
                .build());
        assertThat(uplinks().source(IpVersion.V4))
                .as("the one that the route names")
                .contains(IpAddress.parse("172.30.0.11"));
    }

    @Test
    void withoutDefaultRouteAnyAddressServesButAWorkloadsGateway() {
        link(2, "cali1", 1500, "169.254.7.7/32");
        link(3, "eth0", 1500, "172.30.0.10/24", "fd80::10/64");

        assertThat(uplinks().source(IpVersion.V4)).contains(IpAddress.parse("172.30.0.10"));
        assertThat(uplinks().source(IpVersion.V6)).contains(IpAddress.parse("fd80::10"));
    }

    @Test
    void mtuIsTheSmallestOfUplinksAndHardware() {
        link(1, "lo", 65536);
        link(2, "eth0", 9000);
        link(3, "enp3s0", 1450);
        link(4, "docker0", 1280);
        link(5, "bond0", 1400);
        assertThat(uplinks().mtuBytes()).isEqualTo(1450);

        routes.add(defaultRoute("172.30.0.1", 5).build());

        assertThat(uplinks().mtuBytes()).isEqualTo(1400);
    }

    @Test
    void hardwareThatIsDownDoesNotCount() {
        link(2, "eth0", 9000);
        links.add(Link.builder()
                .index(3)
                .name("eth1")
                .isUp(false)
                .hasCarrier(false)
                .mtuBytes(576)
                .group(0)
                .kind("")
                .isPairedElsewhere(false)
                .build());

        assertThat(uplinks().mtuBytes()).isEqualTo(9000);
    }

    @Test
    void advertisedDefaultRoutesAreToldFromWrittenOnes() {
        link(2, "eth0", 1500);
        link(3, "eth1", 1500);
        link(4, "eth2", 1500);
        routes.add(defaultRoute("fe80::1", 2).protocol(9).build());
        routes.add(defaultRoute("fe80::1", 3).protocol(2).build());
        routes.add(defaultRoute("fe80::1", 4).protocol(3).build());
        routes.add(defaultRoute("172.30.0.1", 4).protocol(2).build());

        assertThat(uplinks().namesWithRouterAdvertisements()).containsExactly("eth0", "eth1");
    }

    @Test
    void uplinkInTheLinkLocalNetworkIsTold() {
        link(2, "eth0", 1500, "169.254.10.1/16");
        link(3, "eth1", 1500, "172.30.0.10/24");
        link(4, "cali1", 1500, "169.254.1.1/32");
        routes.add(defaultRoute("169.254.0.1", 2).build());
        routes.add(defaultRoute("172.30.0.1", 3).build());

        assertThat(uplinks().namesWithLinkLocalNetwork()).containsExactly("eth0");
    }
}
