package io.calico.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.AfterParameterizedClassInvocation;
import org.junit.jupiter.params.BeforeParameterizedClassInvocation;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What an operator of one Docker host is promised, with real containers on a real engine and real packets. After each
 * test every container and network is removed, and nothing of them may be left anywhere.
 */
@DockerHosts
@ParameterizedClass(name = "{0}")
@MethodSource("engines")
class ContainersOnOneHostIT {
    private static final Duration SOON = Duration.ofSeconds(5);
    private static final String OUTSIDE_NUMBER = "49";

    private static VirtualHost host;
    private static VirtualHost outside;

    @SuppressWarnings("UnusedVariable") // JUnit hands it over; the host is what the tests use
    ContainersOnOneHostIT(Engine engine) {}

    static Stream<Engine> engines() {
        return Engine.inThisRun();
    }

    @BeforeParameterizedClassInvocation
    static void startHost(Engine engine) {
        host = VirtualHost.start(engine.hostNumber(40));
        outside = VirtualHost.start(Integer.parseInt(OUTSIDE_NUMBER));
        // Before dockerd, as on a real machine: an engine with a Calico network waits for its plugin.
        host.calicoctl("node", "--libnetwork", "--ip=" + host.address());
        host.startDocker(engine);
        outside.run("ip", "route", "add", "192.168.0.0/16", "via", host.address());
        outside.run("ip", "route", "add", "10.79.0.0/24", "via", host.address());
        assertThat(host.run("iptables", "-S", "FORWARD"))
                .as("Docker's own FORWARD policy")
                .contains("-P FORWARD DROP");
    }

    @AfterParameterizedClassInvocation
    static void stopHost() {
        host.close();
        outside.close();
    }

    @AfterEach
    void nothingIsLeft() {
        host.closeProbes();
        outside.closeProbes();
        removeAllContainersAndNetworks();

        await().atMost(SOON).untilAsserted(() -> {
            assertThat(host.run("ip", "-o", "link")).as("interfaces").doesNotContain("cali");
            assertThat(host.run("ip", "route")).as("routes").doesNotContain("cali");
            assertThat(host.run("nft", "list", "table", "inet", "calico"))
                    .as("elements of our table")
                    .doesNotContain(
                            "\"cali0", "\"cali1", "\"cali2", "\"cali3", "\"cali4", "\"cali5", "\"cali6", "\"cali7")
                    .doesNotContain(
                            "\"cali8", "\"cali9", "\"calia", "\"calib", "\"calic", "\"calid", "\"calie", "\"calif");
        });
        assertThat(tableRows(host.calicoctl("endpoint", "show", "--detailed")))
                .as("endpoints")
                .isEmpty();
        assertThat(tableRows(host.calicoctl("profile", "show"))).as("profiles").isEmpty();
        assertThat(tableRows(host.calicoctl("ipam", "show")))
                .as("addresses in use")
                .isNotEmpty()
                .allMatch(row -> row.contains(" 0 (0%) "));
    }

    private static void removeAllContainersAndNetworks() {
        String containers = host.docker("ps", "-aq");
        for (String container : words(containers)) {
            host.docker("rm", "-f", container);
        }
        for (String network : words(host.docker("network", "ls", "-q", "--filter", "driver=calico"))) {
            host.docker("network", "rm", network);
        }
    }

    private static String[] words(String text) {
        return text.isBlank() ? new String[0] : text.strip().split("\\s+", -1);
    }

    private static List<String> tableRows(String table) {
        return table.lines()
                .filter(line -> line.startsWith("|"))
                .filter(line -> !line.contains("Hostname") && !line.contains("Name") && !line.contains("GROUPING"))
                .toList();
    }

    private static String network(String name, String... options) {
        List<String> command =
                new ArrayList<>(List.of("network", "create", "--driver", "calico", "--ipam-driver", "calico"));
        command.addAll(List.of(options));
        command.add(name);
        return host.docker(command.toArray(String[]::new));
    }

    private static void becomes(String expected, Callable<String> probe) {
        await().atMost(SOON).pollInterval(Duration.ofMillis(50)).until(probe, expected::equals);
    }

    @Test
    void containersOfOneNetworkReachEachOtherAndNeedNoBridge() {
        network("data-tier");
        Probe a = host.container("first", "data-tier").serveTcp(80);
        Probe b = host.container("second", "data-tier").serveTcp(80).serveUdp(5000);
        String addressA = host.addressOf("first", "data-tier");
        String addressB = host.addressOf("second", "data-tier");

        assertThat(addressA).startsWith("192.168.").isNotEqualTo(addressB);
        assertThat(a.tcp(addressB, 80)).isEqualTo("open");
        assertThat(b.tcp(addressA, 80)).isEqualTo("open");
        assertThat(a.udp(addressB, 5000)).isEqualTo("answered");
        assertThat(a.ping(addressB)).isEqualTo("answered");
        assertThat(a.addressSeenBy(addressB, 80)).as("no address translation").isEqualTo(addressA);
        assertThat(host.docker("exec", "first", "ip", "-4", "addr", "show", "cali0"))
                .contains(addressA + "/32");
        assertThat(host.docker("exec", "first", "ip", "link", "show", "cali0")).contains("ee:ee:ee:ee:ee:ee");
        assertThat(host.docker("exec", "first", "ip", "route"))
                .contains("default via 169.254.1.1 dev cali0", "169.254.1.1 dev cali0 scope link");
        assertThat(host.docker("exec", "first", "ip", "-o", "link")).doesNotContain("eth0");
    }

    @Test
    void networksAreClosedToEachOtherInBothDirections() {
        network("data-tier");
        network("app-tier");
        Probe a = host.container("first", "data-tier").serveTcp(80).serveUdp(5000);
        Probe b = host.container("second", "app-tier").serveTcp(80).serveUdp(5000);
        String addressA = host.addressOf("first", "data-tier");
        String addressB = host.addressOf("second", "app-tier");

        assertThat(a.tcp(addressB, 80)).isEqualTo("silent");
        assertThat(b.tcp(addressA, 80)).isEqualTo("silent");
        assertThat(a.udp(addressB, 5000)).isEqualTo("silent");
        assertThat(b.udp(addressA, 5000)).isEqualTo("silent");
        assertThat(a.ping(addressB)).isEqualTo("silent");
        assertThat(b.ping(addressA)).isEqualTo("silent");
    }

    @Test
    void dockersBridgeAndCalicoNetworksAreClosedToEachOtherInBothDirections() {
        network("data-tier");
        Probe a = host.container("first", "data-tier").serveTcp(80);
        Probe bridged = host.container("bridged", "bridge").serveTcp(80);
        String addressA = host.addressOf("first", "data-tier");
        String addressBridged = host.addressOf("bridged", "bridge");

        assertThat(bridged.tcp(addressA, 80)).isEqualTo("silent");
        assertThat(bridged.ping(addressA)).isEqualTo("silent");
        assertThat(a.tcp(addressBridged, 80)).as("an unpublished port").isEqualTo("silent");
        assertThat(a.ping(addressBridged)).isEqualTo("silent");
    }

    @Test
    void ruleOnTagAndPortOpensExactlyThat() {
        network("data-tier");
        network("app-tier");
        Probe db = host.container("db", "data-tier").serveTcp(3306, 3307).serveUdp(3306);
        Probe app = host.container("app", "app-tier").serveTcp(3306);
        String addressDb = host.addressOf("db", "data-tier");
        assertThat(app.tcp(addressDb, 3306)).isEqualTo("silent");

        host.calicoctl(words("profile data-tier rule add inbound allow tcp from tag app-tier to ports 3306"));

        becomes("open", () -> app.tcp(addressDb, 3306));
        assertThat(app.tcp(addressDb, 3307)).isEqualTo("silent");
        assertThat(app.udp(addressDb, 3306)).isEqualTo("silent");
        assertThat(app.ping(addressDb)).isEqualTo("silent");
        assertThat(db.tcp(host.addressOf("app", "app-tier"), 3306)).isEqualTo("silent");

        host.calicoctl(words("profile data-tier rule remove inbound allow tcp from tag app-tier to ports 3306"));

        becomes("silent", () -> app.tcp(addressDb, 3306));
    }

    @Test
    void portListsRangesProtocolsAndNetworksInRulesMeanWhatTheySay() {
        network("data-tier");
        network("app-tier");
        host.container("db", "data-tier").serveTcp(80, 8000, 8010, 8011, 22).serveUdp(53, 54);
        Probe app = host.container("app", "app-tier");
        String db = host.addressOf("db", "data-tier");
        String addressApp = host.addressOf("app", "app-tier");

        host.calicoctl(words("profile data-tier rule add inbound allow tcp from tag app-tier to ports 80,8000:8010"));
        host.calicoctl(words("profile data-tier rule add inbound allow udp to ports 53"));
        host.calicoctl(words("profile data-tier rule add inbound allow tcp from cidr " + addressApp + " to ports 22"));
        host.calicoctl(words("profile data-tier rule add inbound allow icmp type 8"));

        becomes("answered", () -> app.ping(db));
        assertThat(app.tcp(db, 80)).isEqualTo("open");
        assertThat(app.tcp(db, 8000)).isEqualTo("open");
        assertThat(app.tcp(db, 8010)).isEqualTo("open");
        assertThat(app.tcp(db, 8011)).isEqualTo("silent");
        assertThat(app.tcp(db, 22)).isEqualTo("open");
        assertThat(app.udp(db, 53)).isEqualTo("answered");
        assertThat(app.udp(db, 54)).isEqualTo("silent");
    }

    @Test
    void firstMatchingRuleDecides() {
        network("data-tier");
        Probe a = host.container("first", "data-tier");
        host.container("second", "data-tier").serveTcp(80, 81);
        String b = host.addressOf("second", "data-tier");
        assertThat(a.tcp(b, 80)).isEqualTo("open");

        host.calicoctl(words("profile data-tier rule add inbound --at=1 deny tcp to ports 80"));

        becomes("silent", () -> a.tcp(b, 80));
        assertThat(a.tcp(b, 81)).isEqualTo("open");

        host.calicoctl(words("profile data-tier rule add outbound --at=1 deny tcp to ports 81"));

        becomes("silent", () -> a.tcp(b, 81));
    }

    @Test
    void addressAndMacThatTheUserAsksForAreGiven() {
        host.calicoctl("pool", "add", "10.77.0.0/24");
        network("fixed", "--subnet", "10.77.0.0/24");
        Probe a = host.container("first", "fixed", "--ip", "10.77.0.9", "--mac-address", "02:42:0a:4d:00:09")
                .serveTcp(80);
        Probe b = host.container("second", "fixed");

        assertThat(host.addressOf("first", "fixed")).isEqualTo("10.77.0.9");
        assertThat(host.addressOf("second", "fixed")).startsWith("10.77.0.");
        assertThat(host.docker("exec", "first", "ip", "link", "show", "cali0")).contains("02:42:0a:4d:00:09");
        assertThat(b.tcp("10.77.0.9", 80)).isEqualTo("open");
        assertThat(a.ping(host.addressOf("second", "fixed"))).isEqualTo("answered");

        VirtualHost.Result taken =
                host.tryDocker("run", "--rm", "--net", "fixed", "--ip", "10.77.0.9", "busybox:local", "true");

        assertThat(taken.succeeded()).isFalse();
        assertThat(taken.err()).contains("10.77.0.9");

        removeAllContainersAndNetworks();
        host.calicoctl("pool", "remove", "10.77.0.0/24");
    }

    @Test
    void subnetThatIsNoPoolIsRefusedAndLeavesNothing() {
        VirtualHost.Result refused = host.tryDocker(
                words("network create --driver calico --ipam-driver calico --subnet 10.99.0.0/24 nowhere"));

        assertThat(refused.succeeded()).isFalse();
        assertThat(refused.err()).contains("10.99.0.0/24").contains("pool");
        assertThat(host.docker("network", "ls")).doesNotContain("nowhere");
    }

    @Test
    void exhaustedPoolIsToldToTheUserAndLeaksNothing() {
        host.calicoctl("pool", "add", "10.78.0.0/30", "--block-size=30");
        network("tiny", "--subnet", "10.78.0.0/30");
        for (int i = 0; i < 4; i++) {
            host.startContainer("tiny" + i, "tiny");
        }

        VirtualHost.Result fifth =
                host.tryDocker("run", "-d", "--name", "tiny4", "--net", "tiny", "busybox:local", "sleep", "1000");

        assertThat(fifth.succeeded()).isFalse();
        assertThat(fifth.err()).contains("address");
        host.docker("rm", "-f", "tiny0");
        host.docker("rm", "-f", "tiny4");
        host.startContainer("tiny5", "tiny");

        removeAllContainersAndNetworks();
        host.calicoctl("pool", "remove", "10.78.0.0/30");
    }

    @Test
    void packetsWithAStrangersSourceAddressAreDropped() {
        network("data-tier");
        Probe a = host.container("first", "data-tier");
        Probe b = host.container("second", "data-tier").serveUdp(5000);
        host.startContainer("third", "data-tier");
        String addressB = host.addressOf("second", "data-tier");
        String addressC = host.addressOf("third", "data-tier");
        String pid = host.docker("inspect", "-f", "{{.State.Pid}}", "first");
        for (String stranger : List.of("10.66.66.66", addressC)) {
            host.run("nsenter", "-t", pid, "-n", "ip", "addr", "add", stranger + "/32", "dev", "cali0");

            assertThat(a.udpFrom(stranger, addressB, 5000)).isEqualTo("silent");

            assertThat(b.udpCount(5000))
                    .as("datagrams from %s that arrived", stranger)
                    .isZero();
        }
        assertThat(a.udpFrom(host.addressOf("first", "data-tier"), addressB, 5000))
                .isEqualTo("answered");
        assertThat(b.udpCount(5000)).isEqualTo(1);
    }

    @Test
    void containerAndItsHostReachEachOther() {
        network("data-tier");
        Probe a = host.container("first", "data-tier").serveTcp(80);
        Probe onHost = host.probe().serveTcp(9999);

        assertThat(a.tcp(host.address(), 9999)).isEqualTo("open");
        assertThat(a.ping(host.address())).isEqualTo("answered");
        assertThat(onHost.tcp(host.addressOf("first", "data-tier"), 80)).isEqualTo("open");
    }

    @Test
    void outsideIsReachedWithTheContainersOwnAddressAndReachesItOnlyByRule() {
        network("data-tier");
        Probe a = host.container("first", "data-tier").serveTcp(80);
        Probe stranger = outside.probe().serveTcp(7000);
        String addressA = host.addressOf("first", "data-tier");

        assertThat(a.addressSeenBy(outside.address(), 7000)).isEqualTo(addressA);
        assertThat(stranger.tcp(addressA, 80)).isEqualTo("silent");

        host.calicoctl(
                words("profile data-tier rule add inbound allow tcp from cidr " + outside.address() + " to ports 80"));

        becomes("open", () -> stranger.tcp(addressA, 80));
    }

    @Test
    void poolWithNatOutgoingHidesItsContainersBehindTheHost() {
        host.calicoctl("pool", "add", "10.79.0.0/24", "--nat-outgoing");
        network("hidden", "--subnet", "10.79.0.0/24");
        network("data-tier");
        Probe a = host.container("first", "hidden").serveTcp(80);
        host.container("second", "data-tier").serveTcp(80);
        outside.probe().serveTcp(7001);
        host.calicoctl(words("profile data-tier rule add inbound allow tcp from tag hidden"));

        assertThat(a.addressSeenBy(outside.address(), 7001)).isEqualTo(host.address());
        String b = host.addressOf("second", "data-tier");
        becomes("open", () -> a.tcp(b, 80));
        assertThat(a.addressSeenBy(b, 80))
                .as("between pools nothing is translated")
                .isEqualTo(host.addressOf("first", "hidden"));

        removeAllContainersAndNetworks();
        host.calicoctl("pool", "remove", "10.79.0.0/24");
    }

    @Test
    void restartedContainerIsBackOnItsNetwork() {
        network("data-tier");
        host.startContainer("first", "data-tier");
        Probe b = host.container("second", "data-tier");

        host.docker("restart", "-t", "1", "first");

        host.probe("first").serveTcp(80);
        assertThat(b.tcp(host.addressOf("first", "data-tier"), 80)).isEqualTo("open");
        assertThat(host.run("ip", "-o", "link").lines().filter(line -> line.contains("cali")))
                .as("interfaces of two containers")
                .hasSize(2);
    }

    @Test
    void runningContainerJoinsAndLeavesASecondNetwork() {
        network("data-tier");
        network("app-tier");
        Probe both = host.container("both", "data-tier").serveTcp(80);
        Probe data = host.container("data", "data-tier").serveTcp(80);
        Probe app = host.container("app", "app-tier").serveTcp(80);
        String addressInData = host.addressOf("both", "data-tier");
        assertThat(app.tcp(addressInData, 80)).isEqualTo("silent");

        host.docker("network", "connect", "app-tier", "both");

        String addressInApp = host.addressOf("both", "app-tier");
        assertThat(app.tcp(addressInApp, 80)).isEqualTo("open");
        assertThat(data.tcp(addressInData, 80)).isEqualTo("open");
        assertThat(both.tcpFrom(addressInData, host.addressOf("data", "data-tier"), 80))
                .isEqualTo("open");
        assertThat(both.tcpFrom(addressInApp, host.addressOf("app", "app-tier"), 80))
                .isEqualTo("open");
        assertThat(data.tcp(addressInApp, 80)).as("the other network's address").isEqualTo("silent");

        host.docker("network", "disconnect", "data-tier", "both");

        assertThat(app.tcp(addressInApp, 80)).isEqualTo("open");
        assertThat(both.tcp(host.addressOf("app", "app-tier"), 80)).isEqualTo("open");
        assertThat(data.tcp(addressInData, 80)).isEqualTo("silent");
    }

    @Test
    void daemonMayStopAndStartWhileTrafficFlows() {
        network("data-tier");
        Probe a = host.container("first", "data-tier");
        host.container("second", "data-tier").serveTcp(80);
        Probe onBridge = host.container("stranger", "bridge");
        String b = host.addressOf("second", "data-tier");
        a.startStream(b, 80);

        host.calicoctl("node", "stop", "--force");

        assertThat(a.tcp(b, 80)).as("new connections while the daemon is away").isEqualTo("open");
        assertThat(onBridge.tcp(b, 80)).as("policy while the daemon is away").isEqualTo("silent");

        host.calicoctl("node", "--libnetwork", "--ip=" + host.address());

        assertThat(a.tcp(b, 80)).isEqualTo("open");
        assertThat(onBridge.tcp(b, 80)).isEqualTo("silent");
        Probe.StreamReport report = a.endStream();
        assertThat(report.rounds()).isGreaterThan(100);
        assertThat(report.longestGapMillis())
                .as("longest wait for an answer, ms")
                .isLessThan(1000);
        host.container("third", "data-tier");
    }

    @Test
    void profileIsNamedByNetworkNameIdOrUniquePrefixAndGoesWithTheNetwork() {
        String id = network("data-tier");
        String rules = """
                Inbound rules:
                   1 allow from tag %s
                Outbound rules:
                   1 allow""".formatted(id);

        assertThat(host.calicoctl("profile", id, "rule", "show")).isEqualTo(rules);
        assertThat(host.calicoctl("profile", id.substring(0, 12), "rule", "show"))
                .isEqualTo(rules);
        becomes(
                rules,
                () -> host.tryCalicoctl("profile", "data-tier", "rule", "show")
                        .out()
                        .stripTrailing());
        assertThat(host.calicoctl("profile", "data-tier", "rule", "show", "--names"))
                .isEqualTo(rules.replace(id, "data-tier"));

        host.startContainer("first", "data-tier");
        assertThat(host.tryDocker("network", "rm", "data-tier").succeeded())
                .as("removal of a network in use")
                .isFalse();
        host.docker("rm", "-f", "first");
        host.docker("network", "rm", "data-tier");

        VirtualHost.Result gone = host.tryCalicoctl("profile", id, "rule", "show");
        assertThat(gone.exit()).isEqualTo(1);
        assertThat(gone.out() + gone.err()).contains("Profile " + id + " not found.");
    }
}
