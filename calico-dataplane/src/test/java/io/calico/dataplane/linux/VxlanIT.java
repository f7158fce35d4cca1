package io.calico.dataplane.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.calico.dataplane.testing.RequiresNetworks;
import io.calico.dataplane.testing.Sandbox;
import io.calico.datastore.StoreKey;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Two hosts on one network and a third behind a router that knows no workload: routes through VXLAN. */
@RequiresNetworks
class VxlanIT {
    private static final Duration MENDED = Duration.ofSeconds(1);
    private static final int SOON = 5000;

    private final ClusterLab lab = new ClusterLab();
    private final ClusterLab.Host h1 = lab.host(1, 0);
    private final ClusterLab.Host h2 = lab.host(2, 0);
    private final ClusterLab.Host h3 = lab.host(3, 1);

    @BeforeEach
    void makeCluster() {
        pools("always");
        lab.allowAll();
        for (ClusterLab.Host host : new ClusterLab.Host[] {h1, h2, h3}) {
            lab.give("10.65." + host.number + ".0/26", host);
            lab.give("fd80::" + host.number + ":0/122", host);
            host.publishTunnel("10.65." + host.number + ".0", "fd80::" + host.number + ":0");
            host.start();
        }
    }

    private void pools(String vxlan) {
        lab.pool("10.65.0.0/16", vxlan);
        lab.pool("fd80::/64", vxlan);
    }

    @AfterEach
    void close() {
        lab.close();
    }

    private static long millisUntil(Callable<Boolean> condition) {
        long start = System.nanoTime();
        await().atMost(ClusterLab.LONG)
                .pollDelay(Duration.ZERO)
                .pollInterval(Duration.ofMillis(2))
                .until(condition);
        return (System.nanoTime() - start) / 1_000_000;
    }

    private static String routes(ClusterLab.Host host) {
        return host.run("ip route show proto 80") + host.run("ip -6 route show proto 80");
    }

    private static boolean hasAllRoutes(ClusterLab.Host host, String way) {
        String routes = routes(host);
        return routes.contains("10.65.3.0/26 " + way) && routes.contains("fd80::3:0/122 ");
    }

    private static String state(ClusterLab.Host host) {
        // The kernel lists entries by a hash that the link's number is a part of.
        return String.join(
                        "\n",
                        routes(host),
                        host.run("ip -o addr show dev vxlan.calico scope global")
                                .replaceAll("(?m)^[0-9]+:", ""),
                        host.run("ip -o link show vxlan.calico").replaceAll("(?m)^[0-9]+:", ""),
                        host.run("ip neigh show dev vxlan.calico nud permanent"),
                        host.run("bridge fdb show dev vxlan.calico"))
                .lines()
                .sorted()
                .collect(Collectors.joining("\n"));
    }

    @Test
    void packetsOfBothVersionsGoThroughTheTunnelAlsoToAHostOnLink() {
        Sandbox first = h1.connect("10.65.1.5", "fd80::1:5");
        Sandbox second = h2.connect("10.65.2.5", "fd80::2:5");
        Sandbox third = h3.connect("10.65.3.5", "fd80::3:5");

        assertThat(first.reaches(second, SOON)).isTrue();
        assertThat(first.reaches(third, SOON)).isTrue();
        assertThat(third.reaches(second, SOON)).isTrue();
        try (Sandbox.Flow flow = first.flowTo("fd80::3:5", 4)) {
            assertThat(flow.isAnswered(SOON)).isTrue();
        }
        assertThat(routes(h1))
                .contains("10.65.2.0/26 via 10.65.2.0 dev vxlan.calico onlink")
                .contains("10.65.3.0/26 via 10.65.3.0 dev vxlan.calico onlink");
        assertThat(h1.agent.status().problems()).isEmpty();
    }

    @Test
    void crossSubnetTunnelsOnlyWhatIsNotOnLinkAndTheModeMayChangeMeanwhile() {
        Sandbox first = h1.connect("10.65.1.5");
        Sandbox second = h2.connect("10.65.2.5");
        Sandbox third = h3.connect("10.65.3.5");

        pools("cross-subnet");

        millisUntil(() -> routes(h1).contains("10.65.2.0/26 via 172.30.0.2 dev eth0"));
        assertThat(routes(h1)).contains("10.65.3.0/26 via 10.65.3.0 dev vxlan.calico onlink");
        assertThat(first.reaches(second, SOON)).isTrue();
        assertThat(first.reaches(third, SOON)).isTrue();
        assertThat(third.reaches(second, SOON)).isTrue();
    }

    @Test
    void theDeviceGoesWithThePoolsOptionAndComesBack() {
        millisUntil(() -> hasAllRoutes(h1, "via 10.65.3.0 dev vxlan.calico"));
        assertThat(h1.agent.workloadMtuBytes()).isEqualTo(1450);

        pools("");

        millisUntil(() -> !h1.run("ip link show").contains("vxlan.calico"));
        assertThat(routes(h1)).contains("10.65.2.0/26 via 172.30.0.2 dev eth0").doesNotContain("10.65.3.0/26");
        millisUntil(() -> h1.agent.status().problems().toString().contains("unreachable without BGP or tunnel"));
        assertThat(h1.agent.workloadMtuBytes()).isEqualTo(1500);

        pools("always");

        millisUntil(() -> hasAllRoutes(h1, "via 10.65.3.0 dev vxlan.calico"));
        assertThat(h1.agent.workloadMtuBytes()).isEqualTo(1450);
    }

    @Test
    void theLargestPacketOfAWorkloadArrivesAtOnceAndWhole() {
        h1.connect("10.65.1.5");
        h3.connect("10.65.3.5");
        millisUntil(() -> hasAllRoutes(h1, "via 10.65.3.0 dev vxlan.calico")
                && routes(h3).contains("10.65.1.0/26 via 10.65.1.0 dev vxlan.calico"));

        // With the headers of IP and UDP as long as the MTU: one packet, which nobody may fragment.
        try (Sandbox.Flow flow = h1.sandboxes.get(0).flowTo("10.65.3.5", 1450 - 28)) {
            assertThat(flow.isAnswered(SOON)).isTrue();
        }
        assertThat(h1.sandboxes.get(0).run("cat /proc/net/snmp")).doesNotContain("Frag 1");
    }

    @Test
    void aHostsOwnPacketsHaveTheTunnelsAddressAsTheirSource() {
        h3.connect("10.65.3.5");
        millisUntil(() -> hasAllRoutes(h1, "via 10.65.3.0 dev vxlan.calico"));

        assertThat(h1.run("ip route get 10.65.3.5")).contains("src 10.65.1.0");
        try (Sandbox.Flow flow = Sandbox.flow(h1.network, "10.65.3.5", 4)) {
            assertThat(flow.isAnswered(SOON)).isTrue();
        }
    }

    @Test
    void aBorrowedAddressIsReachedThroughTheTunnel() {
        Sandbox first = h1.connect("10.65.1.5");
        Sandbox third = h3.connect("10.65.1.9");

        millisUntil(() -> routes(h1).contains("10.65.1.9 via 10.65.3.0 dev vxlan.calico onlink"));
        assertThat(first.reaches(third, SOON)).isTrue();
    }

    @Test
    void nothingIsLeftOfAHostWhoseRecordsAreRemoved() {
        millisUntil(() -> hasAllRoutes(h1, "via 10.65.3.0 dev vxlan.calico"));

        lab.delete(new StoreKey.HostVxlan("h3"));

        millisUntil(() -> !routes(h1).contains("10.65.3.0/26"));
        millisUntil(() -> h1.dataplane.problems().toString().contains("[h3]: no VXLAN address of IPv4"));
        millisUntil(() -> !state(h1).contains("172.30.1.3") && !state(h1).contains("66:00:00:00:00:03"));
        assertThat(state(h1)).contains("66:00:00:00:00:02");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "ip link del vxlan.calico",
                "ip link set vxlan.calico down",
                "ip link set vxlan.calico mtu 1400",
                "ip addr del 10.65.1.0/32 dev vxlan.calico",
                "ip addr add 10.9.9.9/32 dev vxlan.calico",
                "ip neigh del 10.65.3.0 dev vxlan.calico",
                "ip neigh replace 10.65.3.0 lladdr 66:00:00:00:00:99 dev vxlan.calico nud permanent",
                "bridge fdb del 66:00:00:00:00:03 dev vxlan.calico dst 172.30.1.3 self",
                "bridge fdb replace 66:00:00:00:00:03 dev vxlan.calico dst 172.30.0.2 self permanent",
                "ip route flush proto 80"
            })
    void whatAnotherProgramChangesIsRightAgainWithinASecond(String command) {
        millisUntil(() -> hasAllRoutes(h1, "via 10.65.3.0 dev vxlan.calico"));
        String before = state(h1);

        h1.run(command);

        assertThat(millisUntil(() -> h1.run("ip link show").contains("vxlan.calico")
                        && state(h1).equals(before)))
                .isLessThan(MENDED.toMillis());
    }

    @Test
    void noPacketIsLostWhileAHostStopsAndStartsAgain() throws InterruptedException {
        Sandbox first = h1.connect("10.65.1.5");
        Sandbox third = h3.connect("10.65.3.5");
        assertThat(first.reaches(third, SOON)).isTrue();
        try (Sandbox.Flow flow = first.flowTo(third).startPaced()) {
            for (int i = 0; i < 2; i++) {
                h1.stop();
                h1.start();
                h3.stop();
                h3.start();
            }

            assertThat(flow.stopPaced()).isGreaterThan(50);
            millisUntil(() -> flow.unanswered() == 0);
        }
    }

    @Test
    void nothingIsLeftOfAHostThatStopsBeingANode() {
        millisUntil(() -> hasAllRoutes(h1, "via 10.65.3.0 dev vxlan.calico"));
        h1.stop();

        assertThat(h1.network.call(LinuxDataplane::removeEverything)).isEmpty();

        assertThat(routes(h1)).isBlank();
        assertThat(h1.run("ip link show")).doesNotContain("vxlan.calico");
        h1.start();
    }
}
