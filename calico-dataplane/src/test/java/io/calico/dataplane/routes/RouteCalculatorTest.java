package io.calico.dataplane.routes;

import static org.assertj.core.api.Assertions.assertThat;

import io.calico.model.EndpointKey;
import io.calico.model.IpPool;
import io.calico.model.VxlanTunnel;
import io.calico.model.net.Cidr;
import io.calico.model.net.IpAddress;
import io.calico.model.net.IpVersion;
import io.calico.model.net.MacAddress;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class RouteCalculatorTest {
    private static final Cidr OWN = Cidr.parse("10.65.1.0/26");
    private static final Cidr OTHER = Cidr.parse("10.65.2.0/26");
    private static final WantedRoute BLACKHOLE = new WantedRoute.Blackhole();

    private final RouteCalculator calculator = new RouteCalculator("h1");

    private static EndpointKey endpoint(String host) {
        return new EndpointKey(host, "libnetwork", "libnetwork", "e1");
    }

    private static IpAddress ip(String text) {
        return IpAddress.parse(text);
    }

    private static WantedRoute to(String host) {
        return new WantedRoute.ToHost(host, Encapsulation.NONE);
    }

    /** What is wanted of what was handed in since the last call. */
    private Map<Cidr, WantedRoute> news() {
        Map<Cidr, WantedRoute> wanted = new TreeMap<>();
        calculator.pending().routes().forEach((key, route) -> route.ifPresent(some -> wanted.put(key, some)));
        calculator.applied();
        return wanted;
    }

    @Test
    void anOwnBlockIsABlackholeAndAnotherHostsLeadsThere() {
        calculator.onAffinity("h1", OWN, true);
        calculator.onAffinity("h2", OTHER, true);

        assertThat(news()).isEqualTo(Map.of(OWN, BLACKHOLE, OTHER, to("h2")));
    }

    @Test
    void anOwnBlockOfOneAddressIsNoBlackhole() {
        calculator.onAffinity("h1", Cidr.parse("10.65.1.7/32"), true);
        calculator.onAffinity("h1", Cidr.parse("fd80::7/128"), true);
        calculator.onAffinity("h2", Cidr.parse("10.65.1.8/32"), true);

        assertThat(news()).isEqualTo(Map.of(Cidr.parse("10.65.1.8/32"), to("h2")));
    }

    @Test
    void aRightThatIsNotConfirmedOrNoMoreIsNoRoute() {
        calculator.onAffinity("h2", OTHER, false);
        assertThat(news()).isEmpty();

        calculator.onAffinity("h2", OTHER, true);
        assertThat(news()).containsKey(OTHER);
        calculator.onAffinity("h2", OTHER, false);

        assertThat(calculator.pending().routes()).isEqualTo(Map.of(OTHER, Optional.empty()));
    }

    @Test
    void anAddressOutsideOfItsHostsBlocksHasARouteOfItsOwn() {
        calculator.onAffinity("h1", OWN, true);
        calculator.onAffinity("h2", OTHER, true);
        news();

        calculator.onEndpoint(endpoint("h2"), List.of(ip("10.65.1.9"), ip("10.65.2.9"), ip("10.99.0.1")));

        assertThat(news())
                .isEqualTo(Map.of(Cidr.parse("10.65.1.9/32"), to("h2"), Cidr.parse("10.99.0.1/32"), to("h2")));
    }

    @Test
    void aBorrowedAddressNeedsNoRouteOnceItsHostHasTheBlock() {
        calculator.onEndpoint(endpoint("h2"), List.of(ip("10.65.2.9")));
        assertThat(news()).containsKey(Cidr.parse("10.65.2.9/32"));

        calculator.onAffinity("h2", OTHER, true);

        assertThat(calculator.pending().routes()).containsEntry(Cidr.parse("10.65.2.9/32"), Optional.empty());
    }

    @Test
    void anAddressInUseHereIsRoutedByItsInterfaceOnly() {
        calculator.onAffinity("h2", OTHER, true);
        calculator.onEndpoint(endpoint("h1"), List.of(ip("10.65.2.9")));
        calculator.onEndpoint(endpoint("h3"), List.of(ip("10.65.2.9")));

        assertThat(news()).isEqualTo(Map.of(OTHER, to("h2")));

        calculator.onEndpoint(endpoint("h1"), List.of());

        assertThat(news()).isEqualTo(Map.of(Cidr.parse("10.65.2.9/32"), to("h3")));
    }

    @Test
    void thePoolSaysHowPacketsTravel() {
        calculator.onAffinity("h2", OTHER, true);
        news();
        Cidr pool = Cidr.parse("10.65.0.0/16");
        IpPool plain = IpPool.of(pool);

        calculator.onPool(pool, Optional.of(plain.withVxlan("always")));
        assertThat(news()).isEqualTo(Map.of(OTHER, new WantedRoute.ToHost("h2", Encapsulation.VXLAN)));
        calculator.onPool(pool, Optional.of(plain.withVxlan("cross-subnet")));
        assertThat(news()).isEqualTo(Map.of(OTHER, new WantedRoute.ToHost("h2", Encapsulation.VXLAN_CROSS_SUBNET)));
        assertThat(calculator.pending().tunnels().usesVxlan()).isTrue();
        calculator.onPool(pool, Optional.of(plain.withIpip("tunl0")));
        assertThat(news()).isEqualTo(Map.of(OTHER, new WantedRoute.ToHost("h2", Encapsulation.IPIP)));
        assertThat(calculator.pending().tunnels().usesIpIp()).isTrue();
        calculator.onPool(pool, Optional.empty());
        assertThat(news()).isEqualTo(Map.of(OTHER, to("h2")));
        assertThat(calculator.pending().tunnels()).isEqualTo(OwnTunnels.NONE);
    }

    @Test
    void aTunnelsAddressOutsideOfItsHostsBlocksHasARouteOfItsOwn() {
        calculator.onAffinity("h2", OTHER, true);
        VxlanTunnel tunnel = VxlanTunnel.builder()
                .ipv4(ip("10.65.7.0"))
                .mac(MacAddress.parse("66:00:00:00:00:02"))
                .host(ip("172.30.0.2"))
                .build();

        calculator.onVxlan("h2", Optional.of(tunnel));

        assertThat(calculator.pending().peers().get("h2").orElseThrow().vxlan()).contains(tunnel);
        assertThat(news()).containsEntry(Cidr.parse("10.65.7.0/32"), to("h2"));
        calculator.onVxlan("h2", Optional.of(tunnel.withIpv4(ip("10.65.2.0"))));
        assertThat(calculator.pending().routes()).isEqualTo(Map.of(Cidr.parse("10.65.7.0/32"), Optional.empty()));
    }

    @Test
    void ownTunnelsAreToldAndThisHostIsNoPeer() {
        VxlanTunnel tunnel = VxlanTunnel.builder()
                .ipv4(ip("10.65.1.0"))
                .mac(MacAddress.parse("66:00:00:00:00:01"))
                .host(ip("172.30.0.1"))
                .build();
        calculator.onVxlan("h1", Optional.of(tunnel));
        calculator.onHostAddress("h1", IpVersion.V4, Optional.of(ip("172.30.0.1")));
        calculator.onIpIpAddress("h1", Optional.of(ip("10.65.1.1")));

        RouteChanges changes = calculator.pending();

        assertThat(changes.peers()).isEmpty();
        assertThat(changes.tunnels().vxlan()).contains(tunnel);
        assertThat(changes.tunnels().ipIp()).contains(ip("10.65.1.1"));
    }

    @Test
    void whatWasNotAppliedIsToldAgainTogetherWithWhatIsNew() {
        calculator.onHostAddress("h2", IpVersion.V4, Optional.of(ip("172.30.0.2")));
        calculator.onAffinity("h2", OTHER, true);
        calculator.pending();
        calculator.onHostAddress("h3", IpVersion.V4, Optional.of(ip("172.30.0.3")));

        assertThat(calculator.pending().peers()).containsOnlyKeys("h2", "h3");
        assertThat(calculator.pending().routes()).containsOnlyKeys(OTHER);
    }

    @Test
    void oneHostsChangeTellsOfItsOwnBlocksOnly() {
        for (int host = 0; host < 1000; host++) {
            calculator.onAffinity("n" + host, Cidr.parse("10." + host / 250 + "." + host % 250 + ".0/26"), true);
        }
        calculator.applied();

        calculator.onAffinity("n7", Cidr.parse("10.0.7.0/26"), false);
        calculator.onHostAddress("n8", IpVersion.V4, Optional.of(ip("172.30.0.8")));

        assertThat(calculator.pending().routes()).containsOnlyKeys(Cidr.parse("10.0.7.0/26"));
        assertThat(calculator.pending().peers()).containsOnlyKeys("n8");
    }

    @Test
    void aBlockThatTwoHostsClaimGoesToTheFirstAndIsAProblem() {
        calculator.onAffinity("h3", OTHER, true);
        calculator.onAffinity("h2", OTHER, true);

        assertThat(news()).isEqualTo(Map.of(OTHER, to("h2")));
        assertThat(calculator.problems()).singleElement().asString().contains("10.65.2.0/26", "h2, h3");
        calculator.onAffinity("h2", OTHER, false);
        assertThat(news()).isEqualTo(Map.of(OTHER, to("h3")));
        assertThat(calculator.problems()).isEmpty();
    }
}
