package io.calico.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * What happens to traffic, policy and new containers of a cluster when etcd, a node, a host or the way between them fails.
 * In each test a connection, new flows and forbidden packets go from host to host all the time.
 */
@DockerHosts
@Tag("alone")
class ClusterFaultsIT {
    private static final boolean LONG = Boolean.getBoolean("calico.test.long");
    private static final Duration OUTAGE = Duration.ofSeconds(LONG ? 60 : 12);
    private static final Duration CAUGHT_UP = Duration.ofSeconds(5);
    private static final Duration CLEAR_ERROR = Duration.ofSeconds(10);
    private static final Duration LONGEST_COMMAND = Duration.ofSeconds(60);
    private static final Duration MENDED = Duration.ofSeconds(20);
    private static final Duration UP_AGAIN = Duration.ofSeconds(60);

    private static Cluster cluster;
    private static VirtualHost one;
    private static VirtualHost two;
    private static CrossTraffic traffic;

    @BeforeAll
    static void startCluster() {
        cluster = Cluster.start(Engine.MODERN, 85, 86);
        one = cluster.host(0);
        two = cluster.host(1);
        cluster.createNetwork("data-tier");
        cluster.createNetwork("app-tier");
        traffic = new CrossTraffic(one, two);
    }

    @AfterAll
    static void stopCluster() {
        cluster.clear();
        cluster.close();
    }

    @BeforeEach
    void beginTraffic() {
        becomes(CAUGHT_UP, "open", () -> traffic.friend().tcp(traffic.serverAddress(), 80));
        traffic.begin();
    }

    private static void becomes(Duration within, String expected, Supplier<String> probe) {
        await().atMost(within).pollInterval(Duration.ofMillis(20)).until(probe::get, expected::equals);
    }

    private static void rule(VirtualHost host, String verb) {
        host.calicoctl(("profile data-tier rule " + verb + " inbound allow tcp from tag app-tier to ports 3306")
                .split(" ", -1));
    }

    private static String fromOtherHost() {
        return traffic.stranger().tcp(traffic.serverAddress(), 3306);
    }

    private static String fromSameHost() {
        return traffic.strangerNear().tcp(traffic.serverAddress(), 3306);
    }

    private static VirtualHost.Result runContainer(VirtualHost host) {
        return host.tryDocker(
                LONGEST_COMMAND,
                "run",
                "--rm",
                "--net",
                "data-tier",
                "busybox:local",
                "ping",
                "-c",
                "1",
                traffic.serverAddress());
    }

    private static void containerRunsOn(VirtualHost host) {
        VirtualHost.Result run = runContainer(host);
        assertThat(run.succeeded())
                .as("docker run on %s: %s%s%n%s", host.name(), run.out(), run.err(), host.logs(20))
                .isTrue();
    }

    /** As documented: not started, with one line that names the cause, and soon. */
    private static void containerIsRefusedClearlyOn(VirtualHost host) {
        long before = System.nanoTime();
        VirtualHost.Result refused = runContainer(host);
        Duration took = Duration.ofNanos(System.nanoTime() - before);
        System.out.printf(
                "ClusterFaultsIT: refused after %d ms: %s%n",
                took.toMillis(), refused.err().strip());
        assertThat(refused.succeeded()).isFalse();
        assertThat(took).isLessThan(CLEAR_ERROR);
        assertThat(refused.err()).contains("etcd").contains(ClusterEtcd.MACHINE);
    }

    @Test
    void etcdMayBeAwayForAWhile() throws InterruptedException {
        long gone = System.nanoTime();
        cluster.etcd().killAll();

        containerIsRefusedClearlyOn(one);
        assertThat(two.tryCalicoctl("status").exit())
                .as("exit status of 'status'")
                .isEqualTo(1);
        TimeUnit.NANOSECONDS.sleep(OUTAGE.toNanos() - (System.nanoTime() - gone));
        assertThat(traffic.friend().tcp(traffic.serverAddress(), 80))
                .as("what is permitted")
                .isEqualTo("open");
        assertThat(fromOtherHost()).as("what is forbidden").isEqualTo("silent");

        cluster.etcd().startAll();
        long back = System.nanoTime();
        rule(two, "add");
        becomes(CAUGHT_UP, "open", ClusterFaultsIT::fromOtherHost);
        containerRunsOn(one);
        Duration caughtUp = Duration.ofNanos(System.nanoTime() - back);
        System.out.printf("ClusterFaultsIT: caught up %d ms after etcd was back%n", caughtUp.toMillis());

        assertThat(caughtUp).isLessThan(CAUGHT_UP);
        containerRunsOn(two);
        traffic.endUnharmed();
        rule(one, "remove");
        becomes(CAUGHT_UP, "silent", ClusterFaultsIT::fromOtherHost);
        awaitStatusIsFine();
    }

    private static void awaitStatusIsFine() {
        for (VirtualHost host : List.of(one, two)) {
            await().atMost(CAUGHT_UP.multipliedBy(4)).untilAsserted(() -> {
                VirtualHost.Result status = host.tryCalicoctl("status");
                assertThat(status.exit()).as("%s%s", status.out(), status.err()).isZero();
            });
        }
    }

    /** It ends, with a reason, and is started again by whoever looks after it; what the kernel has stays in force. */
    @Test
    void aNodeMayBeStartedWhileEtcdIsAway() {
        Supervised node = cluster.node(two);
        int starts = node.starts();
        cluster.etcd().killAll();
        node.kill();
        await().atMost(UP_AGAIN).until(() -> node.starts() >= starts + 2);
        assertThat(traffic.friend().tcp(traffic.serverAddress(), 80))
                .as("what is permitted")
                .isEqualTo("open");
        assertThat(fromOtherHost()).as("what is forbidden").isEqualTo("silent");

        cluster.etcd().startAll();

        await().atMost(UP_AGAIN).until(() -> runContainer(two).succeeded());
        traffic.endUnharmed();
        awaitStatusIsFine();
    }

    /** What was on its way to a leader that dies is never answered, and sent again to another member. */
    @Test
    void noneNoticesThatAMemberOfEtcdDiesBeItTheLeader() {
        for (int i = 0; i < (LONG ? 5 : 1); i++) {
            dies((cluster.etcd().leader() + 1) % 3);
            dies(cluster.etcd().leader());
        }
        traffic.endUnharmed();
    }

    private static void dies(int member) {
        cluster.etcd().kill(member);

        containerRunsOn(one);
        containerRunsOn(two);
        rule(two, "add");
        becomes(CAUGHT_UP, "open", ClusterFaultsIT::fromOtherHost);
        rule(one, "remove");
        becomes(CAUGHT_UP, "silent", ClusterFaultsIT::fromOtherHost);
        cluster.etcd().startAgain(member);
    }

    @Test
    void aNodeMayBeKilledAgainAndAgainUnderLoad() throws InterruptedException {
        long seed = Long.getLong("calico.test.seed", System.nanoTime());
        System.out.println("ClusterFaultsIT: -Dcalico.test.seed=" + seed);
        Random random = new Random(seed);
        Turmoil turmoil = Turmoil.begin(one, List.of("data-tier", "app-tier"), 3, seed);
        try {
            for (int kills = 0; kills < (LONG ? 50 : 5); kills++) {
                int enough = turmoil.succeeded() + 1 + random.nextInt(3);
                await().atMost(UP_AGAIN).until(() -> turmoil.succeeded() >= enough);
                TimeUnit.MILLISECONDS.sleep(random.nextInt(400));
                cluster.node(one).kill();
            }
        } finally {
            turmoil.end();
        }
        Cluster.awaitNode(one);

        Audit.awaitNothingWrong(one, MENDED);
        traffic.endUnharmed();
        assertThat(turmoil.succeeded()).as("commands that succeeded").isGreaterThan(5);
        for (String container : EngineView.words(one.docker("ps", "-aq", "--filter", "name=storm-"))) {
            one.docker("rm", "-f", container);
        }
    }

    @Test
    void aHostThatEtcdCannotBeReachedFromCatchesUp() {
        Cluster.partition(two);

        rule(one, "add");
        becomes(CAUGHT_UP, "open", ClusterFaultsIT::fromSameHost);
        containerRunsOn(one);
        containerIsRefusedClearlyOn(two);
        assertThat(traffic.friend().tcp(traffic.serverAddress(), 80))
                .as("what is permitted")
                .isEqualTo("open");

        Cluster.heal(two);
        long healed = System.nanoTime();
        Probe late = one.container("late", "data-tier").serveTcp(80);
        assertThat(late.tcp(traffic.serverAddress(), 80)).isEqualTo("open");
        becomes(CAUGHT_UP, "open", () -> traffic.friend().tcp(one.addressOf("late", "data-tier"), 80));
        await().atMost(CAUGHT_UP).until(() -> runContainer(two).succeeded());
        System.out.printf(
                "ClusterFaultsIT: caught up %d ms after the way to etcd was back%n",
                Duration.ofNanos(System.nanoTime() - healed).toMillis());

        traffic.endUnharmed();
        rule(two, "remove");
        becomes(CAUGHT_UP, "silent", ClusterFaultsIT::fromSameHost);
        one.docker("rm", "-f", "late");
    }

    /** The host must read all anew, for etcd no longer knows what it missed; nothing that is right may go meanwhile. */
    @Test
    void aHostCatchesUpAlsoWhenEtcdHasForgottenWhatItMissed() {
        Cluster.partition(one);

        two.calicoctl("profile", "data-tier", "rule", "add", "inbound", "allow", "tcp", "to", "ports", "81");
        rule(two, "add");
        cluster.etcd().compact();
        Cluster.heal(one);

        becomes(CAUGHT_UP, "open", ClusterFaultsIT::fromOtherHost);
        traffic.endUnharmed();
        containerRunsOn(one);
        Audit.awaitNothingWrong(one, MENDED);
        rule(two, "remove");
        two.calicoctl("profile", "data-tier", "rule", "remove", "inbound", "allow", "tcp", "to", "ports", "81");
        becomes(CAUGHT_UP, "silent", ClusterFaultsIT::fromOtherHost);
    }

    @Test
    void aSecondNodeWithTheNameOfALivingOneIsRefused() {
        try (VirtualHost impostor =
                VirtualHost.start(88, "CALICO_DATASTORE=" + ClusterEtcd.uri(3), "HOSTNAME=" + one.name())) {
            List<String> before = cluster.etcd().keys();

            VirtualHost.Result refused = impostor.tryCalicoctl("node", "--libnetwork");

            assertThat(refused.exit()).isEqualTo(1);
            assertThat(refused.out() + refused.err()).contains(one.name()).contains(one.address());
            assertThat(cluster.etcd().keys()).isEqualTo(before);
            assertThat(cluster.etcd()
                            .etcdctl("get", "--print-value-only", "/calico/v1/host/" + one.name() + "/bird_ip"))
                    .isEqualTo(one.address());
        }
        traffic.endUnharmed();
    }

    @Test
    void aHostThatIsGoneForGoodIsRemovedFromAnother() {
        VirtualHost three = cluster.join(87);
        Cluster.awaitNetwork(three, "data-tier");
        three.container("lonely", "data-tier").serveTcp(80);
        String address = three.addressOf("lonely", "data-tier");
        becomes(CAUGHT_UP, "open", () -> traffic.friend().tcp(address, 80));

        cluster.lose(three);

        assertThat(two.run("ip", "route"))
                .as("routes while the host is only dead")
                .contains("via " + three.address());
        String[] removal = {"node", "remove", "--host=" + three.name(), "--remove-endpoints"};
        VirtualHost.Result refused = one.tryCalicoctl(removal);
        assertThat(refused.exit()).as("%s%s", refused.out(), refused.err()).isEqualTo(1);
        assertThat(refused.out() + refused.err()).contains(three.name());

        if (LONG) {
            await().atMost(Duration.ofSeconds(45))
                    .until(() -> one.tryCalicoctl(removal).succeeded());
        } else {
            one.calicoctl("node", "remove", "--host=" + three.name(), "--remove-endpoints", "--force");
        }

        for (VirtualHost host : List.of(one, two)) {
            await().atMost(CAUGHT_UP)
                    .untilAsserted(() -> assertThat(host.run("ip", "route"))
                            .as("routes of %s", host.name())
                            .doesNotContain(three.address()));
        }
        await().atMost(Duration.ofSeconds(45))
                .untilAsserted(() ->
                        assertThat(cluster.etcd().keys()).noneMatch(key -> key.contains("/" + three.name() + "/")));
        assertThat(one.calicoctl("endpoint", "show", "--detailed")).doesNotContain(three.name());
        assertThat(one.calicoctl("ipam", "info", address)).contains("not");
        traffic.endUnharmed();
    }
}
