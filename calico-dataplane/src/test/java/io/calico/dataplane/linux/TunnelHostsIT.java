package io.calico.dataplane.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.calico.dataplane.DataplaneException;
import io.calico.dataplane.linux.netlink.RtNetlink;
import io.calico.dataplane.routes.Encapsulation;
import io.calico.dataplane.routes.OwnTunnels;
import io.calico.dataplane.routes.Peer;
import io.calico.dataplane.routes.RouteChanges;
import io.calico.dataplane.routes.WantedRoute;
import io.calico.dataplane.testing.InFreshNetwork;
import io.calico.dataplane.testing.Tool;
import io.calico.model.VxlanTunnel;
import io.calico.model.net.Cidr;
import io.calico.model.net.IpAddress;
import io.calico.model.net.MacAddress;
import io.calico.policy.AddressSet;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** When the filter learns which hosts may send through the tunnel. */
@InFreshNetwork
class TunnelHostsIT {
    private final List<String> told = new ArrayList<>();
    private HostRoutes routes;

    @BeforeEach
    void open() {
        Tool.run("ip link add eth0 type veth peer name far");
        Tool.run("ip addr add 172.30.0.1/24 dev eth0");
        Tool.run("ip link set eth0 up");
        routes = newProcess();
    }

    private static HostRoutes newProcess() {
        RtNetlink netlink = RtNetlink.open();
        return new HostRoutes(
                netlink,
                Sysctls.ofHost(),
                Uplinks.read(netlink, List.of(IpAddress.parse("172.30.0.1"), IpAddress.parse("fd30::1"))));
    }

    @AfterEach
    void close() {
        routes.close();
    }

    private static VxlanTunnel tunnel(int number, String host) {
        return VxlanTunnel.builder()
                .ipv4(IpAddress.parse("10.65." + number + ".0"))
                .mac(MacAddress.of(0x660000000000L + number))
                .host(IpAddress.parse(host))
                .build();
    }

    /** The host's tunnel ends at that address, and a block is behind it; empty: it is gone. */
    private static RouteChanges change(int number, String host) {
        TreeMap<Cidr, Optional<WantedRoute>> blocks = new TreeMap<>();
        TreeMap<String, Optional<Peer>> peers = new TreeMap<>();
        Optional<VxlanTunnel> end = Optional.of(host).filter(h -> !h.isEmpty()).map(h -> tunnel(number, h));
        blocks.put(
                Cidr.parse("10.65." + number + ".0/26"),
                end.map(e -> new WantedRoute.ToHost("h" + number, Encapsulation.VXLAN)));
        peers.put("h" + number, end.map(e -> new Peer(Optional.of(e.host()), Optional.empty(), end)));
        return new RouteChanges(
                blocks, peers, new OwnTunnels(true, Optional.of(tunnel(1, "172.30.0.1")), false, Optional.empty()));
    }

    private static boolean isReachable(int number) {
        return Tool.run("ip route show proto 80").contains("10.65." + number + ".0/26")
                && Tool.run("bridge fdb show").contains("66:00:00:00:00:0" + number);
    }

    private void apply(RouteChanges changes) {
        routes.apply(changes, false, hosts -> told.add(hosts + (isReachable(2) ? " with h2" : " without h2")));
    }

    @Test
    void aHostIsLetInBeforeItIsReachableAndShutOutAfter() {
        apply(change(2, "172.30.0.2"));
        apply(change(3, "172.30.0.3"));
        assertThat(isReachable(2)).isTrue();
        apply(change(2, ""));

        assertThat(told)
                .containsExactly(
                        "[172.30.0.2] without h2", "[172.30.0.2, 172.30.0.3] with h2", "[172.30.0.3] without h2");
    }

    @Test
    void aHostThatMovesIsAcceptedFromBothAddressesMeanwhile() {
        apply(change(2, "172.30.0.2"));
        told.clear();
        apply(change(2, "172.30.0.4"));

        assertThat(told).containsExactly("[172.30.0.2, 172.30.0.4] with h2", "[172.30.0.4] with h2");
    }

    @Test
    void whatAFormerProcessLeftIsAcceptedUntilTheRecordsAreKnown() {
        apply(change(2, "172.30.0.2"));
        routes.close();

        routes = newProcess();

        assertThat(routes.tunnelHosts()).isEqualTo(AddressSet.of(IpAddress.parse("172.30.0.2")));
        told.clear();
        apply(change(3, "172.30.0.3"));
        assertThat(told).containsExactly("[172.30.0.2, 172.30.0.3] with h2", "[172.30.0.3] without h2");
    }

    @Test
    void aHostThatIsKnownBeforeThisHostsOwnEndIsReachableOnceThereIsOne() {
        RouteChanges known = change(2, "172.30.0.2");
        OwnTunnels notYet = new OwnTunnels(true, Optional.empty(), false, Optional.empty());
        apply(new RouteChanges(known.routes(), known.peers(), notYet));
        assertThat(isReachable(2)).isFalse();

        apply(new RouteChanges(new TreeMap<>(), new TreeMap<>(), known.tunnels()));

        assertThat(isReachable(2)).isTrue();
    }

    @Test
    void anEndOfTheOtherVersionIsReachableOnceThisHostsOwnEndIsOfIt() {
        Tool.run("ip addr add fd30::1/64 dev eth0 nodad");
        routes.close();
        routes = newProcess();
        apply(change(2, "fd30::2"));
        assertThat(isReachable(2)).isFalse();

        apply(new RouteChanges(
                new TreeMap<>(),
                new TreeMap<>(),
                new OwnTunnels(true, Optional.of(tunnel(1, "fd30::1")), false, Optional.empty())));

        assertThat(isReachable(2)).isTrue();
    }

    @Test
    void aFilterThatRefusesDelaysNoRouteAndIsToldAgain() {
        RouteChanges changes = change(2, "172.30.0.2");
        DataplaneException refusal = new DataplaneException.Refused("write", "table", 0, "no", null);

        assertThatThrownBy(() -> routes.apply(changes, false, hosts -> {
                    throw refusal;
                }))
                .isSameAs(refusal);
        assertThat(isReachable(2)).isTrue();

        apply(changes);
        assertThat(told).containsExactly("[172.30.0.2] with h2");
        apply(changes);
        assertThat(told).hasSize(1);
    }
}
