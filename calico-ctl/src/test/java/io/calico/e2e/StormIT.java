package io.calico.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.AfterParameterizedClassInvocation;
import org.junit.jupiter.params.BeforeParameterizedClassInvocation;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Daemon and engine are killed, again and again, while clients start and stop containers. What must hold all the time: a
 * connection between two containers that nobody stops goes on, and what is forbidden arrives never. What must hold afterwards:
 * the {@link Audit}.
 *
 * <p>The seed of a run is printed; {@code -Dcalico.test.seed=N} repeats what the clients and the killer do, as far as the
 * answers that they get are the same.
 */
@DockerHosts
@Tag("alone")
@ParameterizedClass(name = "{0}")
@MethodSource("engines")
class StormIT {
    private static final boolean LONG = Boolean.getBoolean("calico.test.long");
    private static final Duration UP_AGAIN = Duration.ofMinutes(3);
    private static final Duration MENDED = Duration.ofSeconds(20);
    private static final int CLIENTS = 6;
    /** Containers that send from their first instant, at a time. */
    private static final int SENDERS = 4;

    private static VirtualHost host;
    private static Engine engine;
    private static Supervised node;
    private static Supervised docker;

    private final long seed = Long.getLong("calico.test.seed", System.nanoTime());
    private final Random random = new Random(seed);

    @SuppressWarnings("UnusedVariable") // JUnit hands it over; the host is what the tests use
    StormIT(Engine engine) {}

    static Stream<Engine> engines() {
        return LONG ? Engine.inThisRun() : Stream.of(Engine.INSTALLED);
    }

    @BeforeParameterizedClassInvocation
    static void startHost(Engine tested) {
        engine = tested;
        host = VirtualHost.start(engine.hostNumber(70));
        node = host.superviseNode();
        awaitNode();
        host.startDocker(engine);
        host.stopDocker();
        docker = host.superviseDocker(engine, "--live-restore");
        awaitEngine();
    }

    @AfterParameterizedClassInvocation
    static void stopHost() {
        docker.close();
        node.close();
        host.close();
    }

    @BeforeEach
    void sayHowToRepeat() {
        System.out.println("StormIT: -Dcalico.test.seed=" + seed);
        network("one");
        network("two");
    }

    @AfterEach
    void nothingIsLeft() {
        host.closeProbes();
        awaitNode();
        awaitEngine();
        removeContainers();
        removeNetworks();
        Audit.awaitNothingWrong(host, MENDED);
        mend();
        Audit.awaitNothingLeftOver(host, MENDED);
    }

    /** Has the reconciler free at once what lost calls left behind: nobody starts anything now. */
    private static void mend() {
        VirtualHost.Result check = host.exec(
                "env",
                "CALICO_RECONCILE_AFTER=1",
                VirtualHost.CHECKOUT.resolve("bin/calicoctl").toString(),
                "node",
                "check",
                "--repair");
        System.out.println("StormIT: node check: " + check.out() + check.err());
    }

    private static void removeNetworks() {
        for (String network : EngineView.words(host.docker("network", "ls", "-q", "--filter", "driver=calico"))) {
            VirtualHost.Result removal = host.tryDocker("network", "rm", network);
            if (removal.err().contains("has active endpoints")) {
                // Engines lose count of a network's endpoints when many start at once, a bridge's as well, and count
                // again when they start.
                docker.kill();
                awaitEngine();
                removal = host.tryDocker("network", "rm", network);
            }
            assertThat(removal.succeeded())
                    .as("%s%n%s", removal.err(), host.logs(40))
                    .isTrue();
        }
    }

    private static void removeContainers() {
        List<String> containers = EngineView.words(host.docker("ps", "-aq"));
        if (!containers.isEmpty()) {
            List<String> command = new ArrayList<>(List.of("rm", "-f"));
            command.addAll(containers);
            host.docker(command.toArray(String[]::new));
        }
    }

    private static void network(String name) {
        host.docker("network", "create", "--driver", "calico", "--ipam-driver", "calico", name);
    }

    private static void awaitNode() {
        await().atMost(UP_AGAIN)
                .until(() -> host.exec("test", "-e", "/run/calico/node.ready").succeeded()
                        && host.exec("test", "-S", "/run/docker/plugins/calico.sock")
                                .succeeded());
    }

    private static void awaitEngine() {
        await().atMost(UP_AGAIN)
                .until(() -> host.tryDocker(Duration.ofSeconds(30), "ps", "-q").succeeded());
    }

    /** Two containers of one network that talk all the time, and two strangers that try to. */
    private static final class Witnesses {
        private final Probe server =
                host.container("server", "one").serveTcp(80).serveUdp(5000);
        private final String address = host.addressOf("server", "one");
        private final Probe friend = host.container("friend", "one");
        private final Probe stranger = host.container("stranger", "two");
        private final Probe bridged = host.container("bridged", "bridge");

        Witnesses() {
            friend.startStream(address, 80);
            stranger.startDatagrams(address, 5000);
            bridged.startDatagrams(address, 5000);
        }

        void nothingBrokeAndNothingCameThrough() {
            Probe.StreamReport stream = friend.endStream();
            assertThat(stream.rounds()).as("rounds of the stream").isGreaterThan(100);
            assertThat(stream.longestGapMillis())
                    .as("longest wait of the stream for an answer, ms: %s%n%s", stream, host.logs(400))
                    .isLessThan(2000);
            for (Probe closed : List.of(stranger, bridged)) {
                Probe.DatagramReport report = closed.endDatagrams();
                assertThat(report.sent()).as("forbidden datagrams sent").isGreaterThan(100);
                assertThat(report.answered()).as("forbidden datagrams answered").isZero();
            }
            assertThat(server.udpCount(5000))
                    .as("forbidden datagrams that arrived")
                    .isZero();
            assertThat(friend.udp(address, 5000)).as("the permitted one").isEqualTo("answered");
            assertThat(server.udpCount(5000)).isEqualTo(1);
        }

        void everyContainerIsWhereItBelongs(EngineView view) {
            StormIT.everyContainerIsWhereItBelongs(view, friend, stranger);
        }
    }

    /** Every container that runs is reached by its network, and by no other. */
    private static void everyContainerIsWhereItBelongs(EngineView view, Probe friend, Probe stranger) {
        String one = host.docker("network", "inspect", "-f", "{{.Id}}", "one");
        int strangersAsked = 0;
        for (RunningEndpoint endpoint : view.endpoints()) {
            boolean inOne = endpoint.networkId().equals(one);
            Probe inside = inOne ? friend : stranger;
            assertThat(inside.ping(endpoint.address()))
                    .as("from its own network: %s", endpoint)
                    .isEqualTo("answered");
            if (strangersAsked++ < 3) {
                Probe outside = inOne ? stranger : friend;
                assertThat(outside.ping(endpoint.address()))
                        .as("from the other network: %s", endpoint)
                        .isEqualTo("silent");
            }
        }
    }

    /** Kills at random moments while clients work; mostly when some more commands have succeeded, sometimes before. */
    private void storm(int kills, Runnable kill) throws InterruptedException {
        Turmoil turmoil = Turmoil.begin(host, List.of("one", "two"), CLIENTS, seed);
        try {
            for (int i = 0; i < kills; i++) {
                if (random.nextInt(4) > 0) {
                    int enough = turmoil.succeeded() + 1 + random.nextInt(CLIENTS);
                    await().atMost(UP_AGAIN).until(() -> turmoil.succeeded() >= enough);
                }
                TimeUnit.MILLISECONDS.sleep(random.nextInt(400));
                kill.run();
            }
            // Where the machine is slow, clients may have met nothing but what was killed.
            await().atMost(UP_AGAIN).until(() -> turmoil.succeeded() > kills);
        } finally {
            turmoil.end();
        }
        System.out.printf(
                "StormIT: %d kills, %d commands done, %d failed%n", kills, turmoil.succeeded(), turmoil.failed());
        awaitNode();
        awaitEngine();
    }

    private Audit audit() {
        Audit audit = Audit.awaitNothingWrong(host, MENDED);
        System.out.println("StormIT: left over: " + audit.leftOver());
        return audit;
    }

    @Test
    void daemonMayBeKilledAtAnyMoment() throws InterruptedException {
        Witnesses witnesses = new Witnesses();

        storm(LONG ? 200 : 10, node::kill);

        witnesses.everyContainerIsWhereItBelongs(audit().engine());
        witnesses.nothingBrokeAndNothingCameThrough();
    }

    @Test
    void engineThatKeepsItsContainersMayBeKilledAtAnyMoment() throws InterruptedException {
        Witnesses witnesses = new Witnesses();

        storm(LONG ? 50 : 5, docker::kill);

        witnesses.everyContainerIsWhereItBelongs(audit().engine());
        witnesses.nothingBrokeAndNothingCameThrough();
    }

    @Test
    void engineThatEndsItsContainersMayBeKilledTogetherWithTheDaemon() throws InterruptedException {
        docker.close();
        docker = host.superviseDocker(engine);
        awaitEngine();

        storm(LONG ? 50 : 3, () -> {
            docker.kill();
            node.kill();
        });

        Audit audit = audit();
        Probe friend = host.container("friend", "one");
        Probe stranger = host.container("stranger", "two");
        everyContainerIsWhereItBelongs(audit.engine(), friend, stranger);
        removeContainers();
        docker.close();
        docker = host.superviseDocker(engine, "--live-restore");
        awaitEngine();
    }

    @Test
    void aContainerThatSendsFromItsFirstInstantReachesNothingForbidden() throws InterruptedException {
        host.calicoctl("profile", "one", "rule", "add", "outbound", "--at=1", "deny", "udp", "to", "ports", "7001");
        Probe stranger = host.container("stranger", "two").serveUdp(7000);
        Probe onHost = host.probe().serveUdp(7001);
        String strangers = host.addressOf("stranger", "two");
        for (int i = 0; i < SENDERS; i++) {
            onHost.serveUdp(permitted(i));
        }

        for (int round = 0; round < (LONG ? 500 : 20) / SENDERS; round++) {
            List<CompletableFuture<Void>> senders = new ArrayList<>();
            for (int i = 0; i < SENDERS; i++) {
                int sender = i;
                senders.add(CompletableFuture.runAsync(
                        () -> sendFromTheFirstInstant(sender, strangers, onHost), task -> new Thread(task).start()));
            }
            if (random.nextInt(3) == 0) {
                TimeUnit.MILLISECONDS.sleep(random.nextInt(800));
                node.kill();
            }
            senders.forEach(CompletableFuture::join);
        }

        assertThat(stranger.udpCount(7000))
                .as("what arrived in the other network")
                .isZero();
        assertThat(onHost.udpCount(7001)).as("what arrived on the host").isZero();
        Probe friend = host.container("friend", "two");
        assertThat(friend.udp(strangers, 7000)).as("what is permitted").isEqualTo("answered");
        assertThat(friend.udp(host.address(), 7001)).as("what is permitted").isEqualTo("answered");
        audit();
    }

    /** Where a sender's permitted datagrams go, so that it is seen to send. */
    private static int permitted(int sender) {
        return 7100 + sender;
    }

    /** Has a container started, sometime, that sends as fast as it can and whose permitted datagrams arrive. */
    private static void sendFromTheFirstInstant(int sender, String strangers, Probe onHost) {
        String name = "sender-" + sender;
        String targets =
                "'%s 7000' '%s 7001' '%s %d'".formatted(strangers, host.address(), host.address(), permitted(sender));
        String script =
                "while :; do for to in " + targets + "; do tftp -g -l /dev/null -r x $to & done; usleep 20000; done";
        long before = onHost.udpCount(permitted(sender));
        await().atMost(UP_AGAIN).until(() -> {
            host.tryDocker("rm", "-f", name);
            return host.tryDocker(
                            UP_AGAIN, "run", "-d", "--name", name, "--net", "one", "busybox:local", "sh", "-c", script)
                    .succeeded();
        });
        await().atMost(UP_AGAIN).until(() -> onHost.udpCount(permitted(sender)) > before);
        host.tryDocker("rm", "-f", name);
    }

    @Test
    void aHundredContainersMayStartAtOnce() throws InterruptedException, ExecutionException {
        int count = LONG ? 100 : 24;
        ExecutorService clients = Executors.newFixedThreadPool(count);
        List<Future<VirtualHost.Result>> starts = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            String name = "many-" + i;
            String network = i % 2 == 0 ? "one" : "two";
            starts.add(clients.submit(() ->
                    host.tryDocker("run", "-d", "--name", name, "--net", network, "busybox:local", "sleep", "100000")));
        }
        clients.shutdown();

        for (Future<VirtualHost.Result> start : starts) {
            // Old clients complain of their own wait that they no longer need, and have started the container all the
            // same.
            VirtualHost.Result result = start.get();
            assertThat(result.succeeded()).as("docker run: %s", result.err()).isTrue();
        }
        assertThat(audit().engine().endpoints()).hasSize(count);
    }
}
