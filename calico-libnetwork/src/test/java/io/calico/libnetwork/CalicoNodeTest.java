package io.calico.libnetwork;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.calico.dataplane.recording.RecordingDataplane;
import io.calico.datastore.CalicoStore;
import io.calico.datastore.Datastores;
import io.calico.datastore.spi.Datastore;
import io.calico.libnetwork.http.RawClient;
import io.calico.model.net.IpAddress;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
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

        assertThat(directory.resolve("run").toFile().list()).containsExactly("node.lock");
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
