package io.calico.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The guide "Calico with the Docker Containerizer", command by command, on two Docker hosts and one etcd; its containers are
 * started by {@code docker run}. Once with engines that share a cluster store and spread the networks themselves, once with
 * engines that have none, where the nodes do it.
 */
@DockerHosts
@ParameterizedClass(name = "{0}")
@MethodSource("engines")
class GuideIT {
    private static final Duration SOON = Duration.ofSeconds(5);
    /** What may be in etcd when every network is gone and every node removed. */
    private static final Pattern CONFIGURATION_AND_POOLS =
            Pattern.compile("/calico/v1/(Ready|config/.*|ipam/v[46]/(last_pool|pool/.*))|/calico/bgp/v1/global/.*"
                    + "|/calico/ipam/v2/config/?");

    private final Engine engine;
    private final VirtualHost one = VirtualHost.start(75, "ETCD_AUTHORITY=" + ClusterEtcd.authority());
    private final VirtualHost two = VirtualHost.start(76, "ETCD_AUTHORITY=" + ClusterEtcd.authority());
    private final ClusterEtcd etcd = ClusterEtcd.start(1);

    GuideIT(Engine engine) {
        this.engine = engine;
    }

    static Stream<Engine> engines() {
        return Engine.inThisRun();
    }

    @AfterEach
    void stopAll() {
        one.close();
        two.close();
        etcd.close();
    }

    private static String[] words(String text) {
        return text.split(" ", -1);
    }

    @Test
    void theGuideWorksAsWritten() {
        installDockerAndCalico();
        configurePools();
        String data = createDataTierAndSeeItOnTheOtherHost();
        defaultRulesAreShownByIdAndName(data);
        String app = one.docker(words("network create --driver calico --ipam-driver calico app-tier"));
        awaitNetwork(two, "app-tier");
        runContainersAndOpenOnePort(data, app);
        removeNetworksFromEitherHost();
        removeNodes();
    }

    /** Docker first, as in the guide. Both at the same time, as by some tool that sets up a cluster. */
    private void installDockerAndCalico() {
        CompletableFuture.allOf(
                        CompletableFuture.runAsync(() -> install(one)), CompletableFuture.runAsync(() -> install(two)))
                .join();
    }

    private void install(VirtualHost host) {
        host.startDocker(engine, engine.clusterStore(host));
        assertThat(host.calicoctl("node", "--libnetwork"))
                .contains("Using detected IP: " + host.address())
                .contains("Calico node is running")
                .contains("Calico libnetwork driver is running");
    }

    private void configurePools() {
        assertThat(two.calicoctl("pool", "show")).contains("| 192.168.0.0/16 |");

        one.calicoctl("pool", "remove", "192.168.0.0/16");
        one.calicoctl("pool", "add", "172.168.0.0/16");

        assertThat(two.calicoctl("pool", "show")).isEqualTo("""
                +----------------+---------+
                |   IPv4 CIDR    | Options |
                +----------------+---------+
                | 172.168.0.0/16 |         |
                +----------------+---------+
                +--------------------------+---------+
                |        IPv6 CIDR         | Options |
                +--------------------------+---------+
                | fd80:24e2:f998:72d6::/64 |         |
                +--------------------------+---------+""");
    }

    /** The id that the guide calls {@code c36ddf3b}. */
    private String createDataTierAndSeeItOnTheOtherHost() {
        String id = one.docker(words("network create --driver calico --ipam-driver calico data-tier"));
        long created = System.nanoTime();
        awaitNetwork(two, "data-tier");
        System.out.printf(
                "GuideIT %s: data-tier is listed on the other host after %d ms%n",
                engine, Duration.ofNanos(System.nanoTime() - created).toMillis());

        assertThat(one.docker("network", "inspect", "-f", "{{.ID}}", "data-tier"))
                .isEqualTo(id);
        String idOnTwo = two.docker("network", "inspect", "-f", "{{.ID}}", "data-tier");
        if (engine.hasClusterStore()) {
            assertThat(idOnTwo).isEqualTo(id);
        }
        assertThat(two.docker("network", "ls", "--format", "{{.Name}} {{.Driver}}")
                        .lines())
                .containsExactlyInAnyOrder("bridge bridge", "data-tier calico", "host host", "none null");
        return id;
    }

    private static void awaitNetwork(VirtualHost host, String name) {
        await().atMost(SOON)
                .pollInterval(Duration.ofMillis(20))
                .untilAsserted(() -> assertThat(host.docker("network", "ls", "--format", "{{.Name}}")
                                .lines())
                        .as("networks of " + host.name())
                        .contains(name));
    }

    /** By every id that the network has on some host, by a unique beginning of it, and by its name; on every host. */
    private void defaultRulesAreShownByIdAndName(String id) {
        String rules = """
                Inbound rules:
                   1 allow from tag %s
                Outbound rules:
                   1 allow""".formatted(id);
        String idOnTwo = two.docker("network", "inspect", "-f", "{{.ID}}", "data-tier");

        for (VirtualHost host : List.of(one, two)) {
            for (String name : List.of(id, id.substring(0, 8), idOnTwo, idOnTwo.substring(0, 8), "data-tier")) {
                assertThat(host.calicoctl("profile", name, "rule", "show"))
                        .as("rules of %s, asked on %s", name, host.name())
                        .isEqualTo(rules);
            }
        }
        assertThat(two.calicoctl("profile", "data-tier", "rule", "show", "--names"))
                .isEqualTo(rules.replace(id, "data-tier"));
    }

    private void runContainersAndOpenOnePort(String data, String app) {
        Tiers tiers = new Tiers();
        tiers.addressesAreOfThePool();
        tiers.networksAreClosedToEachOther();

        String rule = "inbound allow tcp from tag %s to ports 3306".formatted(app);
        one.calicoctl(words("profile " + data + " rule add " + rule));

        tiers.awaitPort3306("open");
        assertThat(two.calicoctl("profile", "data-tier", "rule", "show", "--names"))
                .contains("2 allow tcp from tag app-tier to ports 3306");
        tiers.onlyPort3306IsOpen();

        two.calicoctl(words("profile data-tier rule remove inbound allow tcp from tag app-tier to ports 3306"));

        tiers.awaitPort3306("silent");
        tiers.networksAreClosedToEachOther();
    }

    /** Two containers of each network on host one, one of each on host two. */
    private final class Tiers {
        private final Probe db = serve(one, "db", "data-tier");
        private final Probe dbNear = serve(one, "db-near", "data-tier");
        private final Probe dbFar = serve(two, "db-far", "data-tier");
        private final Probe appNear = serve(one, "app-near", "app-tier");
        private final Probe app = serve(two, "app", "app-tier");
        private final String dbAddress = one.addressOf("db", "data-tier");
        private final String dbNearAddress = one.addressOf("db-near", "data-tier");
        private final String dbFarAddress = two.addressOf("db-far", "data-tier");
        private final String appNearAddress = one.addressOf("app-near", "app-tier");
        private final String appAddress = two.addressOf("app", "app-tier");

        private static Probe serve(VirtualHost host, String name, String network) {
            return host.container(name, network).serveTcp(3306, 3307).serveUdp(3306);
        }

        void addressesAreOfThePool() {
            assertThat(List.of(dbAddress, dbNearAddress, dbFarAddress, appNearAddress, appAddress))
                    .doesNotHaveDuplicates()
                    .allMatch(address -> address.startsWith("172.168."));
            assertThat(app.addressSeenBy(appNearAddress, 3307))
                    .as("no address translation between hosts")
                    .isEqualTo(appAddress);
        }

        void networksAreClosedToEachOther() {
            withinNetworks()
                    .closed(app, "app to db on the other host", dbAddress, 3306)
                    .closed(app, "app to db on its own host", dbFarAddress, 3306)
                    .closed(appNear, "app to db on its own host", dbAddress, 3306)
                    .closed(appNear, "app to db on the other host", dbFarAddress, 3306)
                    .make();
        }

        void onlyPort3306IsOpen() {
            withinNetworks()
                    .open(app, "app to db on the other host", dbAddress, 3306)
                    .open(app, "app to db on its own host", dbFarAddress, 3306)
                    .open(appNear, "app to db on its own host", dbAddress, 3306)
                    .open(appNear, "app to db on the other host", dbFarAddress, 3306)
                    .closed(app, "app to db on the other host", dbAddress, 3307)
                    .closed(app, "app to db on its own host", dbFarAddress, 3307)
                    .udp(appNear, "app to db on its own host", dbAddress, 3306, "silent")
                    .udp(appNear, "app to db on the other host", dbFarAddress, 3306, "silent")
                    .make();
        }

        /** What no rule of ours changes: all is open within a network, nothing from data to app. */
        private Attempts withinNetworks() {
            return new Attempts()
                    .open(db, "db to db on its own host", dbNearAddress, 3306, 3307)
                    .udp(dbNear, "db to db on its own host", dbAddress, 3306, "answered")
                    .open(db, "db to db on the other host", dbFarAddress, 3306, 3307)
                    .ping(dbFar, "db to db on the other host", dbAddress, "answered")
                    .open(app, "app to app on the other host", appNearAddress, 3307)
                    .udp(appNear, "app to app on the other host", appAddress, 3306, "answered")
                    .ping(app, "app to db on the other host", dbAddress, "silent")
                    .closed(db, "db to app on the other host", appAddress, 3306)
                    .closed(dbNear, "db to app on its own host", appNearAddress, 3306)
                    .closed(dbFar, "db to app on its own host", appAddress, 3306)
                    .udp(dbFar, "db to app on the other host", appNearAddress, 3306, "silent");
        }

        void awaitPort3306(String expected) {
            await().atMost(SOON)
                    .pollInterval(Duration.ofMillis(20))
                    .until(() -> app.tcp(dbAddress, 3306), expected::equals);
        }
    }

    /** Each network on another host than the one where it was made, and where. */
    private void removeNetworksFromEitherHost() {
        for (VirtualHost host : List.of(one, two)) {
            host.closeProbes();
            List<String> command = new ArrayList<>(List.of("rm", "-f"));
            command.addAll(EngineView.words(host.docker("ps", "-aq")));
            host.docker(command.toArray(String[]::new));
        }
        two.docker("network", "rm", "data-tier");
        one.docker("network", "rm", "app-tier");

        for (VirtualHost host : List.of(one, two)) {
            await().atMost(SOON).untilAsserted(() -> {
                assertThat(host.docker("network", "ls", "-q", "--filter", "driver=calico"))
                        .as("networks of %s", host.name())
                        .isEmpty();
                assertThat(host.run("ip", "-o", "link"))
                        .as("interfaces of %s", host.name())
                        .doesNotContain("cali");
                assertThat(host.run("ip", "route"))
                        .as("routes of %s", host.name())
                        .doesNotContain("dev cali");
            });
        }
        assertThat(two.calicoctl("ipam", "show").lines().filter(line -> line.contains("172.168.")))
                .as("addresses in use")
                .isNotEmpty()
                .allMatch(line -> line.contains(" 0 (0%) "));
        await().atMost(SOON)
                .untilAsserted(() -> assertThat(etcd.keys())
                        .as("what etcd holds when the networks are gone")
                        .noneMatch(key -> key.contains("network")
                                || key.contains("/profile/")
                                || key.contains("/endpoint/")
                                || key.contains("/handle/")));
    }

    private void removeNodes() {
        for (VirtualHost host : List.of(one, two)) {
            host.calicoctl("node", "stop");
            host.calicoctl("node", "remove");

            assertThat(host.run("ip", "route", "show", "table", "all", "proto", "80"))
                    .as("our routes on %s", host.name())
                    .isEmpty();
            assertThat(host.run("nft", "list", "tables")).doesNotContain("calico");
            assertThat(host.run("iptables-save")).doesNotContain("calico");
            assertThat(host.run("ip", "-o", "link")).doesNotContain("cali");
        }
        assertThat(etcd.keys().stream()
                        .filter(key -> !CONFIGURATION_AND_POOLS.matcher(key).matches()))
                .as("what etcd holds when the nodes are removed")
                .isEmpty();
    }
}
