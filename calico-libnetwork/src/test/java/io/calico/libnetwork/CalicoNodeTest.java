package io.calico.libnetwork;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.calico.dataplane.recording.RecordingDataplane;
import io.calico.datastore.CalicoStore;
import io.calico.datastore.Datastores;
import io.calico.datastore.spi.Datastore;
import io.calico.libnetwork.health.NodeStatus;
import io.calico.libnetwork.health.StatusClient;
import io.calico.libnetwork.http.RawClient;
import io.calico.libnetwork.metrics.ExpositionFormat;
import io.calico.model.net.IpAddress;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The daemon's parts together, on a real datastore file and a dataplane that remembers. */
@Timeout(60)
class CalicoNodeTest {
    @TempDir
    Path directory;

    private NodeOptions options;

    @BeforeEach
    void makeOptions() {
        options = NodeOptions.builder()
                .host("h1")
                .ipv4(IpAddress.parse("10.10.0.1"))
                .datastore("sqlite:" + directory.resolve("calico.db"))
                .pluginSocket(directory.resolve("plugins/calico.sock"))
                .dockerSocket(directory.resolve("docker.sock"))
                .runDirectory(directory.resolve("run"))
                .build();
    }

    private CalicoNode node() {
        return new CalicoNode(options, Map.of(), addresses -> new RecordingDataplane());
    }

    @Test
    void aNodeThatIsReadySaysSoAndServesPluginAndDatastore() throws Exception {
        try (CalicoNode node = node()) {
            node.start();

            assertThat(directory.resolve("run/node.pid"))
                    .content()
                    .isEqualTo(ProcessHandle.current().pid() + "\n");
            assertThat(directory.resolve("run/node.ready")).exists();
            try (RawClient engine = new RawClient(options.pluginSocket());
                    Datastore served = Datastores.open("unix:" + options.datastoreSocket())) {
                assertThat(engine.call("/Plugin.Activate", "").status()).isEqualTo(200);
                assertThat(new CalicoStore(served).nodes().find("h1")).isPresent();
            }
        }
    }

    @Test
    void aNodeTellsHowItIsToRootAndItsHealthToEverybody() throws Exception {
        options = NodeOptions.builder().from(options).metricsPort(freePort()).build();
        RecordingDataplane dataplane = new RecordingDataplane();
        try (CalicoNode node = new CalicoNode(options, Map.of(), addresses -> dataplane)) {
            node.start();
            StatusClient client = new StatusClient(options.statusSocket());

            NodeStatus well = client.status();
            assertThat(well.host()).isEqualTo("h1");
            assertThat(well.inSync()).isTrue();
            assertThat(well.problems()).isEmpty();
            assertThat(well.datastore()).isEqualTo("sqlite:" + directory.resolve("calico.db"));
            assertThat(well.engine())
                    .contains(new NodeStatus.Engine(options.dockerSocket().toString(), "absent"));
            assertThat(client.page(StatusClient.THREADS)).contains("\"calico-agent-1\" ");
            assertThat(http("/health/live")).startsWith("HTTP/1.1 200 ");
            assertThat(http("/health/ready")).startsWith("HTTP/1.1 200 ");
            assertThat(http(StatusClient.STATUS)).startsWith("HTTP/1.1 404 ");
            try (RawClient engine = new RawClient(options.pluginSocket())) {
                engine.call("/Plugin.Activate", "");
                engine.call("/Plugin.Activate", "");
            }
            String metrics = http(StatusClient.METRICS);
            assertThat(ExpositionFormat.parse(metrics.substring(metrics.indexOf("\r\n\r\n") + 4)))
                    .containsEntry("calico_plugin_calls_total{method=\"Plugin.Activate\",outcome=\"ok\"}", 2.0)
                    .containsEntry("calico_agent_in_sync", 1.0)
                    .containsEntry("calico_pool_addresses{pool=\"192.168.0.0/16\"}", 65536.0);

            dataplane.addProblem("iptables is missing");
            dataplane.failNext(RecordingDataplane.Operation.APPLY, 1000);
            try (Datastore served = Datastores.open("unix:" + options.datastoreSocket())) {
                new CalicoStore(served).config().setHost("h1", "DefaultEndpointToHostAction", "DROP");
            }
            await().atMost(Duration.ofSeconds(20))
                    .until(() -> http("/health/ready").startsWith("HTTP/1.1 503 "));
            NodeStatus ill = client.status();
            assertThat(ill.inSync()).isFalse();
            assertThat(ill.problems()).extracting(NodeStatus.Problem::text).anyMatch(text -> text.contains("iptables"));
            assertThat(ill.problems())
                    .filteredOn(NodeStatus.Problem::blocking)
                    .extracting(NodeStatus.Problem::text)
                    .singleElement()
                    .asString()
                    .contains("could not be made right");
            assertThat(ill.problems())
                    .allSatisfy(problem -> assertThat(problem.remedy()).isNotBlank());
            assertThat(http("/health/live")).startsWith("HTTP/1.1 200 ");

            Files.delete(options.pluginSocket());
            assertThat(client.status().problems())
                    .extracting(NodeStatus.Problem::text)
                    .anyMatch(text -> text.startsWith("the Docker plugin does not answer: "));
        }
    }

    private static int freePort() throws IOException {
        try (ServerSocketChannel any = ServerSocketChannel.open()) {
            any.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
            return ((InetSocketAddress) any.getLocalAddress()).getPort();
        }
    }

    private String http(String path) throws IOException {
        try (Socket socket = new Socket(
                InetAddress.getLoopbackAddress(), options.metricsPort().orElseThrow())) {
            socket.getOutputStream().write(("GET " + path + " HTTP/1.1\r\n\r\n").getBytes(StandardCharsets.US_ASCII));
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    @Test
    void aRunDirectoryInWhichOthersMayMakeFilesIsRefused() throws Exception {
        Path run = Files.createDirectories(directory.resolve("run"));
        Files.createSymbolicLink(run.resolve("node.pid.new"), directory.resolve("victim"));
        Files.setPosixFilePermissions(run, PosixFilePermissions.fromString("rwxrwxrwx"));

        assertThatThrownBy(() -> node().start())
                .hasMessageContaining(run.toString())
                .hasMessageContaining("every user may write to it");
        assertThat(directory.resolve("victim")).doesNotExist();

        Files.delete(run.resolve("node.pid.new"));
        try (CalicoNode node = node()) {
            node.start();
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(run)))
                    .as("an empty one is put right")
                    .isEqualTo("rwxr-xr-x");
        }
    }

    @Test
    void aStoppedNodeLeavesItsLockFileOnly() throws Exception {
        CalicoNode node = node();
        node.start();
        long start = System.nanoTime();

        node.close();

        assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(2));
        assertThat(directory.resolve("run").toFile().list())
                .contains("node.lock")
                .isSubsetOf("node.lock", "reconcile.lock");
        assertThat(directory.resolve("plugins").toFile().list()).isEmpty();
    }

    @Test
    void aSecondNodeOnTheSameHostIsRefusedAndTheFirstGoesOn() throws Exception {
        try (CalicoNode first = node()) {
            first.start();

            assertThatThrownBy(() -> node().start())
                    .isInstanceOf(RunDirectory.AlreadyTaken.class)
                    .hasMessageContaining("node.lock is locked", "calicoctl node stop");

            assertThat(directory.resolve("run/node.ready")).exists();
            try (RawClient engine = new RawClient(options.pluginSocket())) {
                assertThat(engine.call("/Plugin.Activate", "").status()).isEqualTo(200);
            }
        }
    }

    @Test
    void whatAKilledNodeLeftIsReplaced() throws Exception {
        Files.createDirectories(directory.resolve("run"));
        Files.writeString(directory.resolve("run/node.ready"), "");
        Files.writeString(directory.resolve("run/node.pid"), "1\n");
        try (ServerSocketChannel killed = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            killed.bind(UnixDomainSocketAddress.of(options.datastoreSocket()));
        }

        try (CalicoNode node = node()) {
            node.start();

            assertThat(directory.resolve("run/node.pid"))
                    .content()
                    .isEqualTo(ProcessHandle.current().pid() + "\n");
        }
    }

    @Test
    void withoutThePluginOnlyTheDatastoreIsServed() throws Exception {
        options = NodeOptions.builder().from(options).libnetwork(false).build();
        try (CalicoNode node = node()) {
            node.start();

            assertThat(options.pluginSocket()).doesNotExist();
            assertThat(options.datastoreSocket()).exists();
        }
    }

    @Test
    void aNodeThatCannotStartTakesEverythingBack() {
        NodeOptions broken = NodeOptions.builder()
                .from(options)
                .datastore("sqlite:" + directory)
                .build();

        assertThatThrownBy(() -> new CalicoNode(broken, Map.of(), addresses -> new RecordingDataplane()).start())
                .hasMessageContaining(directory.toString());

        assertThat(directory.resolve("run").toFile().list())
                .contains("node.lock")
                .isSubsetOf("node.lock", "reconcile.lock");
        assertThat(directory.resolve("plugins")).doesNotExist();
    }

    @Test
    void aNodeWhoseAgentDiesSaysWhySoThatTheDaemonCanEnd() throws Exception {
        RecordingDataplane dataplane = new RecordingDataplane();
        try (CalicoNode node = new CalicoNode(options, Map.of(), addresses -> dataplane)) {
            node.start();
            dataplane.beforeNext(RecordingDataplane.Operation.MEND, () -> {
                throw new AssertionError("nobody thought of this");
            });

            dataplane.losePolicyLoudly();

            assertThat(node.awaitEnd())
                    .contains(
                            "the agent has ended because of an unforeseen error (java.lang.AssertionError: nobody thought"
                                    + " of this); the node daemon must be restarted");
        }
    }

    @Test
    void aNodeWhoseAgentDiesAtTheStartDoesNotStart() {
        RecordingDataplane dataplane = new RecordingDataplane();
        dataplane.beforeNext(RecordingDataplane.Operation.LIST, () -> {
            throw new AssertionError("nobody thought of this");
        });

        assertThatThrownBy(() -> new CalicoNode(options, Map.of(), addresses -> dataplane).start())
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("nobody thought of this");

        assertThat(directory.resolve("run").toFile().list()).isSubsetOf("node.lock", "reconcile.lock");
    }

    @Test
    void aNodeThatIsStoppedEndsWithoutAReason() throws Exception {
        CalicoNode node = node();
        node.start();

        node.close();

        assertThat(node.awaitEnd()).isEmpty();
    }

    @Test
    void containersAndTheirAddressesSurviveARestart() throws Exception {
        String network = "a".repeat(64);
        String endpoint = "b".repeat(64);
        String ids = "{\"NetworkID\":\"%s\",\"EndpointID\":\"%s\"".formatted(network, endpoint);
        try (CalicoNode node = node()) {
            node.start();
            try (RawClient engine = new RawClient(options.pluginSocket())) {
                engine.call(
                        "/NetworkDriver.CreateNetwork",
                        "{\"NetworkID\":\"%s\",\"IPv4Data\":[{\"Pool\":\"0.0.0.0/0\"}]}".formatted(network));
                engine.call("/IpamDriver.RequestAddress", "{\"PoolID\":\"CalicoPoolIPv4\",\"Address\":\"\"}");
                engine.call("/NetworkDriver.CreateEndpoint", ids + ",\"Interface\":{\"Address\":\"192.168.0.0/32\"}}");
                assertThat(engine.call("/NetworkDriver.Join", ids + ",\"SandboxKey\":\"/s\"}")
                                .status())
                        .isEqualTo(200);
            }
        }
        try (CalicoNode node = node()) {
            node.start();
            try (RawClient engine = new RawClient(options.pluginSocket())) {
                // No handshake, no repetition: the engine goes on where it was.
                assertThat(engine.call("/NetworkDriver.EndpointOperInfo", ids + "}")
                                .status())
                        .isEqualTo(200);
                assertThat(engine.call("/IpamDriver.RequestAddress", "{\"PoolID\":\"CalicoPoolIPv4\",\"Address\":\"\"}")
                                .body())
                        .contains("192.168.0.1/32");
                assertThat(engine.call("/NetworkDriver.DeleteEndpoint", ids + "}")
                                .status())
                        .isEqualTo(200);
            }
        }
    }
}
