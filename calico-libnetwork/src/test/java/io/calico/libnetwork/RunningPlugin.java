package io.calico.libnetwork;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import io.calico.dataplane.Agent;
import io.calico.dataplane.AgentOptions;
import io.calico.dataplane.recording.RecordingDataplane;
import io.calico.datastore.CalicoStore;
import io.calico.datastore.EndpointFilter;
import io.calico.datastore.StoredEndpoint;
import io.calico.datastore.memory.MemoryDatastore;
import io.calico.datastore.spi.Datastore;
import io.calico.ipam.BlockAllocator;
import io.calico.ipam.PoolUtilisation;
import io.calico.libnetwork.http.PluginServer;
import io.calico.libnetwork.http.PluginServerOptions;
import io.calico.libnetwork.http.RawClient;
import io.calico.libnetwork.ipam.IpamDriver;
import io.calico.libnetwork.network.DriverScope;
import io.calico.libnetwork.network.NetworkDriver;
import io.calico.libnetwork.network.NetworkDriverOptions;
import io.calico.libnetwork.reconcile.HostLinks;
import io.calico.model.json.ModelJson;
import io.calico.model.net.IpAddress;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/** The whole plugin behind its real socket, on a datastore in memory and a dataplane that remembers. */
public final class RunningPlugin implements AutoCloseable {
    public static final String HOST = "host11";

    private final Path directory;
    private final CalicoStore store;
    private final RecordingDataplane dataplane;
    private final Agent agent;
    private final PluginServer server;
    private final Path socket;
    private final BlockAllocator allocator;
    private final NetworkDriver driver;

    private RunningPlugin(Path directory, Datastore datastore, RecordingDataplane dataplane) {
        this.directory = directory;
        this.socket = directory.resolve("calico.sock");
        this.store = new CalicoStore(datastore);
        this.dataplane = dataplane;
        NodeSetup.firstStart(
                store,
                NodeOptions.builder()
                        .host(HOST)
                        .ipv4(IpAddress.parse("10.10.0.11"))
                        .build());
        this.agent = new Agent(datastore, HOST, dataplane, AgentOptions.defaults());
        this.allocator = new BlockAllocator(datastore, HOST);
        NetworkDriver network = new NetworkDriver(
                store,
                allocator,
                new AgentWorkloads(agent),
                new NetworkDriverOptions(HOST, DriverScope.of("local"), () -> {}));
        this.driver = network;
        IpamDriver ipam = new IpamDriver(store, allocator, network.addressUse(), HOST);
        this.server = new PluginServer(
                PluginApi.sockets(socket, network, ipam), PluginServerOptions.defaults(), CallErrors::translate);
    }

    /** A plugin on an empty host. */
    public static RunningPlugin start() {
        return start(new MemoryDatastore(), new RecordingDataplane());
    }

    /** A plugin on a store and a host that may hold what a former one left. */
    public static RunningPlugin start(Datastore datastore, RecordingDataplane dataplane) {
        try {
            RunningPlugin plugin = new RunningPlugin(Files.createTempDirectory("calico-plugin"), datastore, dataplane);
            plugin.agent.start();
            assertThat(plugin.agent.awaitInSync(Duration.ofSeconds(10))).isTrue();
            plugin.server.start();
            return plugin;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /** The host's interfaces, in the agent's hands. */
    public HostLinks links() {
        return new AgentLinks(agent);
    }

    public NetworkDriver driver() {
        return driver;
    }

    public CalicoStore store() {
        return store;
    }

    public RecordingDataplane dataplane() {
        return dataplane;
    }

    public BlockAllocator allocator() {
        return allocator;
    }

    public Path socket() {
        return socket;
    }

    public Path ipamSocket() {
        return directory.resolve("calico-ipam.sock");
    }

    /** One call on a connection of its own. */
    public RawClient.Reply call(String path, String body) {
        try (RawClient client = new RawClient(socket)) {
            return client.call(path, body);
        }
    }

    /** The answer of a call that must succeed. */
    public JsonNode ok(String path, String body) {
        RawClient.Reply reply = call(path, body);
        assertThat(reply.status()).as("%s %s: %s", path, body, reply.body()).isEqualTo(200);
        return json(reply.body());
    }

    /** The error text of a call that must fail, whatever its kind. */
    public String refused(String path, String body) {
        RawClient.Reply reply = call(path, body);
        assertThat(reply.status()).as("%s %s: %s", path, body, reply.body()).isGreaterThanOrEqualTo(400);
        return json(reply.body()).path("Err").asText();
    }

    public static JsonNode json(String text) {
        try {
            return ModelJson.parse(text);
        } catch (JsonProcessingException e) {
            throw new AssertionError(text, e);
        }
    }

    public List<StoredEndpoint> endpoints() {
        return store.endpoints().list(EndpointFilter.all()).values();
    }

    /** Addresses in use in all pools. */
    public long addressesInUse() {
        return allocator.utilisation().stream()
                .mapToLong(PoolUtilisation::inUse)
                .sum();
    }

    /** What networks and containers may not leave behind. */
    public void assertNothingIsLeft() {
        assertThat(endpoints()).as("endpoints").isEmpty();
        assertThat(dataplane.interfaces()).as("interfaces").isEmpty();
        assertThat(store.networks().requestIds()).as("networks").isEmpty();
        assertThat(store.profiles().list().values()).as("profiles").isEmpty();
        assertThat(store.pools().list().values()).as("pools").allMatch(pool -> pool.ipam());
        assertThat(addressesInUse()).as("addresses in use").isZero();
    }

    @Override
    public void close() {
        server.close();
        agent.close();
        dataplane.close();
        try {
            Files.deleteIfExists(directory);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
