package io.calico.dataplane.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.calico.dataplane.testing.RequiresNetworks;
import io.calico.dataplane.testing.Sandbox;
import io.calico.datastore.StoreKey;
import io.calico.model.IpPool;
import io.calico.model.net.Cidr;
import java.time.Duration;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Two hosts on one network, and a third behind a router: routes without any tunnel. */
@RequiresNetworks
class HostRoutesIT {
    private static final Duration MENDED = Duration.ofSeconds(1);
    private static final int SOON = 5000;

    private final ClusterLab lab = new ClusterLab();
    private final ClusterLab.Host h1 = lab.host(1, 0);
    private final ClusterLab.Host h2 = lab.host(2, 0);

    @BeforeEach
    void makeCluster() {
        lab.pool("10.65.0.0/16", "");
        lab.pool("fd80::/64", "");
        lab.give("10.65.1.0/26", h1);
        lab.give("10.65.2.0/26", h2);
        lab.give("fd80::1:0/122", h1);
        lab.give("fd80::2:0/122", h2);
        h1.start();
        h2.start();
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

    @Test
    void workloadsOnTwoHostsReachEachOtherByBothVersions() {
        Sandbox first = h1.connect("10.65.1.5", "fd80::1:5");
        Sandbox second = h2.connect("10.65.2.5", "fd80::2:5");

        assertThat(first.reaches(second, SOON)).isTrue();
        assertThat(second.reaches(first, SOON)).isTrue();
        try (Sandbox.Flow flow = first.flowTo("fd80::2:5", 4)) {
            assertThat(flow.isAnswered(SOON)).isTrue();
        }
        assertThat(routes(h1))
                .contains("10.65.2.0/26 via 172.30.0.2 dev eth0")
                .contains("blackhole 10.65.1.0/26")
                .contains("fd80::2:0/122 via fd30::2 dev eth0")
                .contains("blackhole fd80::1:0/122");
    }

    @Test
    void aHostReachesWorkloadsOfAnotherOne() {
        lab.allowAll();
        h2.connect("10.65.2.5");

        try (Sandbox.Flow flow = Sandbox.flow(h1.network, "10.65.2.5", 4)) {
            millisUntil(() -> routes(h1).contains("10.65.2.0/26"));
            assertThat(flow.isAnswered(SOON)).isTrue();
        }
    }

    @Test
    void packetsToFreeAddressesOfAnOwnBlockDisappear() {
        millisUntil(() -> routes(h1).contains("blackhole 10.65.1.0/26"));

        assertThatThrownBy(() -> h1.run("ip route get 10.65.1.9")).hasMessageContaining("Invalid argument");
    }

    @Test
    void aBorrowedAddressIsRoutedToWhereItIs() {
        Sandbox first = h1.connect("10.65.1.5");
        // From the block of the first host.
        Sandbox second = h2.connect("10.65.1.9");

        millisUntil(() -> routes(h1).contains("10.65.1.9 via 172.30.0.2 dev eth0"));
        assertThat(first.reaches(second, SOON)).isTrue();
        assertThat(second.reaches(first, SOON)).isTrue();
    }

    @Test
    void routesOfAHostGoWithItsRecords() {
        millisUntil(() -> routes(h1).contains("10.65.2.0/26"));

        lab.delete(new StoreKey.Affinity("h2", Cidr.parse("10.65.2.0/26")));

        assertThat(millisUntil(() -> !routes(h1).contains("10.65.2.0/26"))).isLessThan(MENDED.toMillis());
        assertThat(routes(h1)).contains("fd80::2:0/122");
    }

    @Test
    void aPendingRightToABlockIsNoRoute() {
        lab.put(new StoreKey.Affinity("h2", Cidr.parse("10.65.7.0/26")), "{\"state\":\"pending\"}");
        lab.give("10.65.8.0/26", h2);
        millisUntil(() -> routes(h1).contains("10.65.8.0/26"));

        assertThat(routes(h1)).doesNotContain("10.65.7.0/26");
    }

    @Test
    void aHostBehindARouterIsAProblemUntilItIsOnLink() {
        ClusterLab.Host h3 = lab.host(3, 1);
        lab.give("10.65.3.0/26", h3);
        h3.start();

        millisUntil(() -> h1.agent.status().problems().toString().contains("unreachable without BGP or tunnel"));
        assertThat(h1.dataplane.problems()).anyMatch(problem -> problem.contains("[h3]"));
        assertThat(routes(h1)).doesNotContain("10.65.3.0/26");

        h1.run("ip route add 172.30.1.0/24 dev eth0");

        assertThat(millisUntil(() -> routes(h1).contains("10.65.3.0/26 via 172.30.1.3 dev eth0")))
                .isLessThan(MENDED.toMillis());
        millisUntil(() -> h1.agent.status().problems().isEmpty());
    }

    @Test
    void whereTheKernelHasNoIpInIpThatIsAProblemAndNothingElseFails() {
        assumeTrue(!h1.canMakeIpIp(), "this kernel has IP-in-IP");
        lab.give("10.66.2.0/26", h2);
        millisUntil(() -> routes(h1).contains("10.66.2.0/26"));

        lab.pool(IpPool.of(Cidr.parse("10.66.0.0/16")).withIpip("tunl0"));

        millisUntil(() -> h1.agent.status().problems().toString().contains("IP-in-IP is not available"));
        assertThat(routes(h1)).doesNotContain("10.66.2.0/26").contains("10.65.2.0/26 via 172.30.0.2 dev eth0");
        Sandbox first = h1.connect("10.65.1.5");
        Sandbox second = h2.connect("10.65.2.5");
        assertThat(first.reaches(second, SOON)).isTrue();
        assertThat(h1.agent.isInSync()).isTrue();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "ip route del 10.65.2.0/26",
                "ip route flush proto 80",
                "ip -6 route flush proto 80",
                "ip route replace 10.65.2.0/26 via 172.30.0.254 proto 80",
                "ip route replace blackhole 10.65.2.0/26",
                "ip route replace 10.65.1.0/26 via 172.30.0.254",
                "ip route add 10.65.99.0/26 via 172.30.0.254 proto 80",
                "ip -6 route add fd80::9:0/122 via fd30::fe proto 80",
                "ip -6 route del fd80::1:0/122",
                "ip -6 route replace fd80::2:0/122 via fd30::fe proto 80",
                "ip link set eth0 down",
                "ip addr flush dev eth0"
            })
    void routesThatAnotherProgramChangesAreRightAgainWithinASecond(String command) {
        millisUntil(() -> routes(h1).contains("10.65.2.0/26") && routes(h1).contains("fd80::2:0/122"));
        String before = routes(h1);

        h1.run(command);
        if (command.contains("eth0")) {
            h1.run("ip link set eth0 up");
            h1.run("ip addr replace 172.30.0.1/24 dev eth0");
            h1.run("ip addr replace fd30::1/64 dev eth0 nodad");
        }

        assertThat(millisUntil(() -> routes(h1).equals(before))).isLessThan(MENDED.toMillis());
    }

    @Test
    void noPacketIsLostWhileBothHostsStopAndStartAgain() throws InterruptedException {
        Sandbox first = h1.connect("10.65.1.5");
        Sandbox second = h2.connect("10.65.2.5");
        assertThat(first.reaches(second, SOON)).isTrue();
        try (Sandbox.Flow flow = first.flowTo(second).startPaced()) {
            for (int i = 0; i < 2; i++) {
                h1.stop();
                h1.start();
                h2.stop();
                h2.start();
            }

            assertThat(flow.stopPaced()).isGreaterThan(50);
            millisUntil(() -> flow.unanswered() == 0);
        }
    }

    @Test
    void nothingIsLeftOfAHostThatStopsBeingANode() {
        millisUntil(() -> routes(h1).contains("10.65.2.0/26"));
        h1.stop();

        assertThat(h1.network.call(LinuxDataplane::removeEverything)).isEmpty();

        assertThat(routes(h1)).isBlank();
        h1.start();
    }
}
