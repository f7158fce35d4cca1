package io.calico.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** More endpoints and more callers than a host has on a usual day; the test plays the engine, the interfaces are real. */
@DockerHosts
class EndpointLoadIT {
    private static final boolean LONG = Boolean.getBoolean("calico.test.long");
    private static final Duration UP_AGAIN = Duration.ofMinutes(3);
    private static final Duration SETTLED = Duration.ofSeconds(60);

    private static VirtualHost host;
    private static Supervised node;

    private final Random random = new Random(Long.getLong("calico.test.seed", 1));
    private final String network = PluginClient.randomId(random);

    @BeforeAll
    static void startHost() {
        host = VirtualHost.start(50);
        node = host.superviseNode();
        awaitNode();
    }

    @AfterAll
    static void stopHost() {
        node.close();
        host.close();
    }

    private static void awaitNode() {
        await().atMost(UP_AGAIN)
                .pollInterval(Duration.ofMillis(50))
                .until(() -> host.exec("test", "-e", "/run/calico/node.ready").succeeded());
    }

    @BeforeEach
    void createNetwork() {
        try (PluginClient client = new PluginClient(host)) {
            client.createNetwork(network);
        }
    }

    @AfterEach
    void nothingIsLeft() {
        host.closeProbes();
        try (PluginClient client = new PluginClient(host)) {
            client.deleteNetwork(network);
        }
        awaitAudit(Set.of(), List.of());
    }

    /** The audit finds exactly these. */
    private static void awaitAudit(Set<String> networks, List<RunningEndpoint> endpoints) {
        EngineView view = new EngineView(networks, endpoints);
        await().atMost(SETTLED).pollInterval(Duration.ofMillis(200)).untilAsserted(() -> {
            Audit audit = Audit.of(host, view);
            assertThat(audit.wrong().stream().limit(20)).isEmpty();
            assertThat(audit.leftOver().stream().limit(20)).isEmpty();
        });
    }

    /** Some work of one caller, on a connection of its own. */
    private interface Work {
        void with(PluginClient client, int number);
    }

    /** Does it count times, by so many callers at once. */
    private static void inParallel(int callers, int count, Work work) throws InterruptedException {
        ExecutorService threads = Executors.newFixedThreadPool(callers);
        List<Future<?>> running = new ArrayList<>();
        for (int caller = 0; caller < callers; caller++) {
            int first = caller;
            running.add(threads.submit(() -> {
                try (PluginClient client = new PluginClient(host)) {
                    for (int i = first; i < count; i += callers) {
                        work.with(client, i);
                    }
                }
            }));
        }
        threads.shutdown();
        for (Future<?> one : running) {
            try {
                one.get();
            } catch (ExecutionException e) {
                throw new AssertionError(host.logs(40), e.getCause());
            }
        }
    }

    private List<String> randomIds(int count) {
        List<String> ids = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            ids.add(PluginClient.randomId(random));
        }
        return ids;
    }

    private List<RunningEndpoint> connect(int callers, int count) throws InterruptedException {
        List<String> ids = randomIds(count);
        List<RunningEndpoint> endpoints = Collections.synchronizedList(new ArrayList<>());
        inParallel(callers, count, (client, i) -> endpoints.add(client.connect(network, ids.get(i))));
        return endpoints;
    }

    private static void disconnect(int callers, List<RunningEndpoint> endpoints) throws InterruptedException {
        inParallel(callers, endpoints.size(), (client, i) -> client.disconnect(endpoints.get(i)));
    }

    /** Does what an engine does with the container side, and gives a prober that is in there. */
    private static Probe moveIn(RunningEndpoint endpoint) {
        String name = "tmp" + endpoint.endpointId().substring(0, 11);
        String pid = host.run("sh", "-c", "unshare -n sleep 100000 >/dev/null 2>&1 & echo $!");
        await().until(() ->
                !host.run("readlink", "/proc/" + pid + "/ns/net").equals(host.run("readlink", "/proc/self/ns/net")));
        host.run("ip", "link", "set", name, "netns", pid, "name", "cali0");
        String inside = "ip addr add %s/32 dev cali0; ip link set lo up; ip link set cali0 up;"
                + " ip route add 169.254.1.1 dev cali0; ip route add default via 169.254.1.1 dev cali0";
        host.run("nsenter", "-t", pid, "-n", "sh", "-ec", inside.formatted(endpoint.address()));
        return host.probeOf(pid);
    }

    @Test
    void aThousandEndpointsSurviveTheDaemonsDeathAndNoPacketIsLost() throws InterruptedException {
        List<RunningEndpoint> endpoints = connect(8, 1000);
        awaitAudit(Set.of(network), endpoints);
        Probe server = moveIn(endpoints.get(0)).serveUdp(5000).serveTcp(80);
        Probe friend = moveIn(endpoints.get(999));
        String address = endpoints.get(0).address();
        friend.startStream(address, 80);
        friend.startDatagrams(address, 5000);
        friend.startFlows(address, 5000);
        await().until(() -> server.udpCount(5000) > 50);

        long killed = System.nanoTime();
        node.kill();
        await().atMost(UP_AGAIN)
                .until(() -> !host.exec("test", "-e", "/run/calico/node.ready").succeeded());
        awaitNode();
        Duration down = Duration.ofNanos(System.nanoTime() - killed);
        awaitAudit(Set.of(network), endpoints);

        System.out.printf(
                "EndpointLoadIT: in sync %d ms after the kill, %s%n", down.toMillis(), DaemonSize.of(host, node));
        assertThat(friend.endStream().rounds()).as("rounds of the stream").isGreaterThan(100);
        Probe.DatagramReport established = friend.endDatagrams();
        Probe.DatagramReport fresh = friend.endFlows();
        assertThat(established.sent()).isGreaterThan(100);
        assertThat(established.lost()).as("datagrams of a flow that were lost").isZero();
        assertThat(fresh.sent()).isGreaterThan(100);
        assertThat(fresh.lost()).as("datagrams of new flows that were lost").isZero();
        assertThat(down).as("time until in sync").isLessThan(Duration.ofSeconds(30));
        moreCallsThanTheQueueHoldsAreRefusedHonestly(endpoints);
        disconnect(64, endpoints);
    }

    private static void moreCallsThanTheQueueHoldsAreRefusedHonestly(List<RunningEndpoint> endpoints)
            throws InterruptedException {
        ConcurrentLinkedQueue<PluginClient.Reply> replies = new ConcurrentLinkedQueue<>();

        inParallel(450, 450, (client, i) -> replies.add(client.join(endpoints.get(i))));

        assertThat(replies).hasSize(450);
        assertThat(replies).anyMatch(reply -> reply.status() == 200);
        assertThat(replies).allMatch(reply -> reply.status() == 200 || isBusy(reply));
        System.out.printf(
                "EndpointLoadIT: of 450 calls at once %d were refused%n",
                replies.stream().filter(EndpointLoadIT::isBusy).count());
        awaitAudit(Set.of(endpoints.get(0).networkId()), endpoints);
    }

    private static boolean isBusy(PluginClient.Reply reply) {
        return reply.status() == 503 && reply.body().contains("try again");
    }

    @Test
    void endpointsThatComeAndGoLeaveNothingInTheDaemon() throws InterruptedException, IOException {
        live(8, 300);
        DaemonSize before = settled();

        live(8, LONG ? 10_000 : 600);
        live(64, LONG ? 10_000 : 400);

        DaemonSize after = settled();
        System.out.printf("EndpointLoadIT: before %s%nEndpointLoadIT: after  %s%n", before, after);
        assertThat(after.descriptors()).as("descriptors").isLessThanOrEqualTo(before.descriptors() + 4);
        assertThat(after.threads()).as("threads").isLessThanOrEqualTo(before.threads() + 2);
        assertThat(after.heapKiB()).as("heap in use").isLessThan(before.heapKiB() + 3_000);
        assertThat(after.residentKiB()).as("resident").isLessThan(before.residentKiB() + 40_000);
        awaitAudit(Set.of(network), List.of());
    }

    private void live(int callers, int lives) throws InterruptedException {
        List<String> ids = randomIds(lives);
        inParallel(callers, lives, (client, i) -> client.disconnect(client.connect(network, ids.get(i))));
    }

    /** When the connections of the callers are closed, and the interfaces deleted. */
    private static DaemonSize settled() throws InterruptedException {
        await().atMost(SETTLED).until(() -> !host.run("ip", "-o", "link").contains("cali"));
        TimeUnit.MILLISECONDS.sleep(200);
        return DaemonSize.of(host, node);
    }
}
