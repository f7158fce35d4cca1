package io.calico.dataplane.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.calico.dataplane.testing.FreshNetwork;
import io.calico.dataplane.testing.RequiresNetworks;
import io.calico.dataplane.testing.Sandbox;
import io.calico.dataplane.testing.Tool;
import io.calico.datastore.StoreKey;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.time.Duration;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
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

    /** The hosts from which it accepts VXLAN. */
    private static Set<String> acceptedHosts(ClusterLab.Host host) {
        return Pattern.compile("172\\.30\\.\\d+\\.\\d+")
                .matcher(host.run("nft list set inet calico hosts4"))
                .results()
                .map(MatchResult::group)
                .collect(Collectors.toCollection(TreeSet::new));
    }

    private static String state(ClusterLab.Host host) {
        // The kernel lists entries by a hash that the link's number is a part of.
        return String.join(
                        "\n",
                        routes(host),
                        acceptedHosts(host).toString(),
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
                "ip route flush proto 80",
                "nft delete element inet calico hosts4 { 172.30.0.2 }"
            })
    void whatAnotherProgramChangesIsRightAgainWithinASecond(String command) {
        millisUntil(() -> hasAllRoutes(h1, "via 10.65.3.0 dev vxlan.calico"));
        String before = state(h1);

        h1.run(command);

        assertThat(millisUntil(() -> h1.run("ip link show").contains("vxlan.calico")
                        && state(h1).equals(before)))
                .isLessThan(MENDED.toMillis());
    }

    /** A machine makes its own end of a tunnel to a host, who knows nothing of it. */
    private FreshNetwork stranger(int network, String sourceInside) {
        FreshNetwork stranger = lab.stranger(9, 0);
        stranger.run(() -> {
            Tool.run("ip link add vx address 66:00:00:00:00:09 type vxlan id " + network
                    + " dstport 4789 local 172.30.0.9 dev eth0 nolearning");
            Tool.run("ip link set vx up");
            Tool.run("ip addr add " + sourceInside + "/32 dev vx");
            Tool.run("bridge fdb append 66:00:00:00:00:01 dev vx dst 172.30.0.1 self permanent");
        });
        return stranger;
    }

    private static long received(Sandbox sandbox) {
        return first("Udp: (\\d+)", sandbox.run("cat /proc/net/snmp"));
    }

    private static long droppedFromStrangers(ClusterLab.Host host) {
        return first("@hosts4 counter packets (\\d+)", host.run("nft list chain inet calico input"));
    }

    private static long first(String number, String text) {
        Matcher matcher = Pattern.compile(number).matcher(text);
        assertThat(matcher.find()).as(text).isTrue();
        return Long.parseLong(matcher.group(1));
    }

    @Test
    void aStrangerCannotSendThroughTheTunnelInTheNameOfAPermittedWorkload() {
        lab.allowEachOther();
        Sandbox first = h1.connect("10.65.1.5");
        Sandbox second = h2.connect("10.65.2.5");
        millisUntil(() -> routes(h1).contains("10.65.2.0/26 via") && routes(h2).contains("10.65.1.0/26 via"));
        assertThat(second.reaches(first, SOON)).isTrue();
        long before = received(first);
        FreshNetwork stranger = stranger(4096, "10.65.2.5");
        stranger.run(() -> {
            Tool.run("ip neigh replace 10.65.1.0 lladdr 66:00:00:00:00:01 dev vx nud permanent");
            Tool.run("ip route replace 10.65.1.0/26 via 10.65.1.0 dev vx onlink");
        });

        try (Sandbox.Flow flow = Sandbox.flow(stranger, "10.65.1.5", 4)) {
            flow.send();
            millisUntil(() -> droppedFromStrangers(h1) + received(first) - before == 1);
        }

        assertThat(received(first)).isEqualTo(before);
        assertThat(droppedFromStrangers(h1)).isEqualTo(1);
        assertThat(second.reaches(first, SOON)).isTrue();
        assertThat(droppedFromStrangers(h1)).isEqualTo(1);
    }

    @Test
    void anotherNetworkOnTheSamePortIsNotTouched() throws IOException {
        FreshNetwork stranger = stranger(4097, "10.99.0.9");
        stranger.run(() -> {
            Tool.run("ip neigh replace 10.99.0.1 lladdr 66:00:00:00:00:01 dev vx nud permanent");
            Tool.run("ip route add 10.99.0.1 dev vx");
        });
        h1.run("ip link add overlay address 66:00:00:00:00:01 type vxlan id 4097 dstport 4789 local 172.30.0.1 dev eth0"
                + " nolearning");
        h1.run("ip link set overlay up");
        h1.run("ip addr add 10.99.0.1/32 dev overlay");
        h1.run("bridge fdb append 66:00:00:00:00:09 dev overlay dst 172.30.0.9 self permanent");
        h1.run("ip neigh replace 10.99.0.9 lladdr 66:00:00:00:00:09 dev overlay nud permanent");
        h1.run("ip route add 10.99.0.9 dev overlay");

        try (DatagramSocket listener = h1.network.call(() -> new DatagramSocket(7));
                Sandbox.Flow flow = Sandbox.flow(stranger, "10.99.0.1", 4)) {
            listener.setSoTimeout(SOON);
            flow.send();
            // A timeout fails the test.
            listener.receive(new DatagramPacket(new byte[4], 4));
        }
        assertThat(droppedFromStrangers(h1)).isZero();
    }

    @Test
    void packetsInTheTunnelAreTrackedAndTheTunnelsOwnAreNot() {
        Sandbox first = h1.connect("10.65.1.5");
        Sandbox third = h3.connect("10.65.3.5");
        millisUntil(() -> hasAllRoutes(h1, "via 10.65.3.0 dev vxlan.calico")
                && routes(h3).contains("10.65.1.0/26 via 10.65.1.0 dev vxlan.calico"));

        assertThat(first.reaches(third, SOON)).isTrue();
        assertThat(third.reaches(first, SOON)).isTrue();

        assertThat(h1.run("cat /proc/net/nf_conntrack"))
                .contains("src=10.65.1.5 dst=10.65.3.5")
                .contains("src=10.65.3.5 dst=10.65.1.5")
                .doesNotContain("4789");
    }

    @Test
    void whoIsAcceptedFollowsTheRecords() {
        millisUntil(() -> acceptedHosts(h1).equals(Set.of("172.30.0.2", "172.30.1.3")));

        lab.delete(new StoreKey.HostVxlan("h3"));
        millisUntil(() -> acceptedHosts(h1).equals(Set.of("172.30.0.2")));

        h3.publishTunnel("10.65.3.0", "fd80::3:0");
        millisUntil(() -> acceptedHosts(h1).equals(Set.of("172.30.0.2", "172.30.1.3")));

        pools("");
        millisUntil(() -> acceptedHosts(h1).isEmpty());
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
