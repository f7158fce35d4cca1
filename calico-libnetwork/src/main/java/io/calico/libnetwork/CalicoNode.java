package io.calico.libnetwork;

import io.calico.dataplane.Agent;
import io.calico.dataplane.AgentOptions;
import io.calico.dataplane.AgentStatus;
import io.calico.dataplane.Dataplane;
import io.calico.dataplane.linux.LinuxDataplane;
import io.calico.datastore.CalicoStore;
import io.calico.datastore.DatastoreSettings;
import io.calico.datastore.Datastores;
import io.calico.datastore.spi.Datastore;
import io.calico.datastore.unix.DatastoreSocketServer;
import io.calico.ipam.AllocatorOptions;
import io.calico.ipam.BlockAllocator;
import io.calico.libnetwork.engine.EngineClient;
import io.calico.libnetwork.engine.EngineNetworks;
import io.calico.libnetwork.engine.EngineQuery;
import io.calico.libnetwork.health.NodeHealth;
import io.calico.libnetwork.health.NodeStatus;
import io.calico.libnetwork.health.StatusServer;
import io.calico.libnetwork.health.WithoutPassword;
import io.calico.libnetwork.http.PluginServer;
import io.calico.libnetwork.http.PluginServerOptions;
import io.calico.libnetwork.ipam.IpamDriver;
import io.calico.libnetwork.metrics.MeasuredDataplane;
import io.calico.libnetwork.metrics.MetricsText;
import io.calico.libnetwork.metrics.NodeMetrics;
import io.calico.libnetwork.network.DriverScope;
import io.calico.libnetwork.network.NetworkDriver;
import io.calico.libnetwork.network.NetworkDriverOptions;
import io.calico.libnetwork.reconcile.PeriodicReconciler;
import io.calico.libnetwork.reconcile.Reconciler;
import io.calico.libnetwork.reconcile.ReconcilerOptions;
import io.calico.libnetwork.sync.NetworkSync;
import io.calico.libnetwork.sync.NetworkSyncOptions;
import io.calico.model.Node;
import io.calico.model.SignOfLife;
import io.calico.model.net.IpAddress;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Everything that runs on a host, put together:
 *
 * <pre>
 *   Datastore ──▶ DatastoreSocketServer            /run/calico/datastore.sock, for calicoctl
 *       │
 *       ├──▶ Agent ──▶ LinuxDataplane              policy and interfaces
 *       │      ▲  ◀── NodeHealth ◀── StatusServer  /run/calico/status.sock, and a loopback port if asked
 *       │      ▲
 *       ├──▶ NetworkDriver, IpamDriver ◀── PluginServer    /run/docker/plugins/calico.sock
 *       └──▶ NetworkSync ◀── EngineClient          networks of all hosts, and their names
 * </pre>
 *
 * Parts are closed in the reverse order of their start; the host's traffic goes on as it is. Starts and stops once; those
 * two may be called from different threads.
 */
final class CalicoNode implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(CalicoNode.class);
    /** How long engines may find no plugin because policy is not in force yet; after that they get errors instead. */
    private static final Duration SYNC_BEFORE_SOCKET = Duration.ofSeconds(5);
    /** With the last call to the datastore, which may take five seconds more, a caller hears within ten what was the matter. */
    private static final Duration ALLOCATOR_TIME = Duration.ofMillis(4500);

    private final NodeOptions options;
    private final Map<String, String> environment;
    private final Function<Collection<IpAddress>, Dataplane> dataplanes;
    private final NodeMetrics metrics = new NodeMetrics();
    /** Null before the plugin is served. */
    private volatile @Nullable PluginServer pluginServer;

    private final Object lock = new Object();
    /** Guarded by the lock: what has been started, last first. */
    private final Deque<AutoCloseable> started = new ArrayDeque<>();
    /** Guarded by the lock. */
    private boolean closed;
    /** Null until everything has started. */
    private volatile @Nullable Agent startedAgent;

    /** The node of this host. */
    CalicoNode(NodeOptions options, Map<String, String> environment) {
        this(options, environment, LinuxDataplane::open);
    }

    /**
     * A node on some dataplane.
     *
     * @param dataplanes opens it, given the node's addresses
     */
    CalicoNode(
            NodeOptions options,
            Map<String, String> environment,
            Function<Collection<IpAddress>, Dataplane> dataplanes) {
        this.options = options;
        this.environment = environment;
        this.dataplanes = dataplanes;
    }

    /**
     * Starts every part. Returns when policy is in force and the plugin answers, or when the node was closed meanwhile.
     *
     * @throws RuntimeException with a text for an operator, if something could not be started; then nothing runs
     */
    void start() throws InterruptedException {
        try {
            startParts();
        } catch (RuntimeException e) {
            close();
            throw e;
        }
    }

    private void startParts() throws InterruptedException {
        RunDirectory run = running(RunDirectory.take(options.runDirectory()));
        Datastore datastore = running(openDatastore());
        CalicoStore store = new CalicoStore(datastore);
        NodeOptions registered = options.ipv4().isPresent() ? options : withAddress(store);
        Optional<Liveness> liveness = announce(store, registered);
        Optional<Node> before = NodeSetup.firstStart(store, registered);
        warnAboutOtherAddress(before, registered);
        running(TunnelAddresses.start(store, options.host()));
        serveDatastore(datastore);
        Dataplane host = dataplanes.apply(Stream.of(registered.ipv4(), registered.ipv6())
                .flatMap(Optional::stream)
                .toList());
        Dataplane dataplane = running(new MeasuredDataplane(host, metrics));
        Agent agent = running(new Agent(datastore, options.host(), dataplane, AgentOptions.defaults()));
        agent.start();
        NodeHealth health = new NodeHealth(options.host(), NodeDaemon.version(), datastore, agent);
        if (liveness.isPresent()) {
            OtherNodes others = running(new OtherNodes(store, options.host()));
            others.start();
            health.expectNodes(others::summary, liveness.get()::problem);
        }
        serveStatus(health, datastore, agent);
        if (options.libnetwork()) {
            servePlugin(store, agent, health);
        }
        while (!agent.awaitInSync(Duration.ofMillis(500))) {
            if (isClosed()) {
                return;
            }
            requireAlive(agent);
        }
        startedAgent = agent;
        run.setReady();
        LOG.info("node {} is ready", options.host());
    }

    /** Where other hosts share the datastore; before anything is written there under this host's name. */
    private Optional<Liveness> announce(CalicoStore store, NodeOptions registered) {
        if (!isShared(store)) {
            return Optional.empty();
        }
        SignOfLife sign = new SignOfLife(
                NodeDaemon.version(),
                registered.ipv4(),
                Instant.now().truncatedTo(ChronoUnit.SECONDS).toString(),
                Machine.findOrMake(options.runDirectory()));
        Liveness liveness = running(new Liveness(store, options.host(), sign));
        liveness.start();
        return Optional.of(liveness);
    }

    private static void warnAboutOtherAddress(Optional<Node> before, NodeOptions now) {
        Optional<IpAddress> recorded = before.flatMap(Node::ipv4);
        if (recorded.isPresent() && !recorded.equals(now.ipv4())) {
            LOG.warn(
                    "host {} was known with IP address {}, and has {} now; if that was another machine, give this one"
                            + " another name: set HOSTNAME, or --hostname",
                    now.host(),
                    recorded.get(),
                    now.ipv4().map(IpAddress::toString).orElse("none"));
        }
    }

    private static void requireAlive(Agent agent) {
        AgentStatus status = agent.status();
        if (status.failed()) {
            throw new IllegalStateException(status.lastError().orElse("the agent has ended"));
        }
    }

    /**
     * Waits until the node, which has started, can do its work no longer, or is closed.
     *
     * @return why it cannot, for an operator; empty if it was closed
     */
    Optional<String> awaitEnd() throws InterruptedException {
        Agent agent = startedAgent;
        return agent == null ? Optional.empty() : agent.awaitEnd();
    }

    private Datastore openDatastore() {
        DatastoreSettings.Choice choice =
                DatastoreSettings.resolve(options.datastore(), environment, staleDatastoreSocket());
        LOG.info("datastore {} ({})", WithoutPassword.uri(choice.uri()), choice.reason());
        return Datastores.open(choice.uri(), environment);
    }

    /** The socket of a daemon that was killed: nobody serves it, we hold the lock. */
    private Path staleDatastoreSocket() {
        Path socket = options.datastoreSocket();
        try {
            Files.deleteIfExists(socket);
        } catch (IOException e) {
            throw new UncheckedIOException(socket + " cannot be replaced: " + e.getMessage(), e);
        }
        return socket;
    }

    private NodeOptions withAddress(CalicoStore store) {
        Optional<IpAddress> address = HostAddresses.detectIpv4()
                .or(() -> store.nodes().find(options.host()).flatMap(node -> node.ipv4()));
        if (address.isEmpty()) {
            throw new IllegalStateException("no IPv4 address of this machine found; give it with --ip");
        }
        LOG.info("this host's address is {}, detected", address.get());
        return NodeOptions.builder().from(options).ipv4(address).build();
    }

    private void serveDatastore(Datastore datastore) {
        try {
            running(new DatastoreSocketServer(datastore, options.datastoreSocket()))
                    .start();
        } catch (IOException e) {
            throw new UncheckedIOException(options.datastoreSocket() + " cannot be opened: " + e.getMessage(), e);
        }
    }

    private void serveStatus(NodeHealth health, Datastore datastore, Agent agent) {
        BlockAllocator pools = new BlockAllocator(datastore, options.host());
        MetricsText text = new MetricsText(
                metrics, agent::status, pools, () -> Optional.ofNullable(pluginServer), NodeDaemon.version());
        try {
            running(StatusServer.onSocket(options.statusSocket(), NodePages.forRoot(health, text)));
            if (options.metricsPort().isPresent()) {
                StatusServer loopback = running(
                        StatusServer.onLoopback(options.metricsPort().get(), NodePages.forEverybody(health, text)));
                LOG.info("metrics and health are served at http://127.0.0.1:{}", loopback.port());
            }
        } catch (IOException e) {
            throw new UncheckedIOException("status and metrics cannot be served: " + e.getMessage(), e);
        }
    }

    private void servePlugin(CalicoStore store, Agent agent, NodeHealth health) throws InterruptedException {
        EngineClient engine = running(new EngineClient(options.dockerSocket(), driverName(), agent::refresh));
        BlockAllocator allocator = new BlockAllocator(
                store.datastore(),
                options.host(),
                AllocatorOptions.builder().deadline(ALLOCATOR_TIME).build());
        NetworkDriver network = new NetworkDriver(
                store,
                allocator,
                new AgentWorkloads(agent),
                new NetworkDriverOptions(options.host(), DriverScope.of(options.scope()), engine::engineCalled));
        IpamDriver ipam = new IpamDriver(store, allocator, network.addressUse(), options.host());
        PluginServer server = running(new PluginServer(
                PluginApi.sockets(options.pluginSocket(), network, ipam),
                PluginServerOptions.defaults(),
                CallErrors::translate,
                metrics));
        pluginServer = server;
        health.expectPlugin(
                options.pluginSocket(),
                () -> new NodeStatus.Engine(
                        options.dockerSocket().toString(), engine.state().name().toLowerCase(Locale.ROOT)));
        server.bind();
        if (!agent.awaitInSync(SYNC_BEFORE_SOCKET)) {
            requireAlive(agent);
            LOG.error(
                    "policy is not in force yet; containers cannot be started until it is: {}",
                    agent.status().lastError().orElse("no whole snapshot of the datastore was read"));
        }
        server.publish();
        NetworkSync networks = running(new NetworkSync(
                store,
                new EngineNetworks(options.dockerSocket(), driverName()),
                network.replicas(),
                new NetworkSyncOptions(
                        options.host(), options.scope(), options.networkSync().equals("auto"), isShared(store))));
        PeriodicReconciler reconciler = reconciler(store, allocator, agent, engine, network);
        networks.whenListed(reconciler::lookSoon);
        health.expectNetworks(networks::problems, networks::notes);
        health.expectReconciler(reconciler::problems);
        networks.start();
        engine.start(networks);
        reconciler.start();
    }

    /** Other stores are files or memory of this machine. */
    private static boolean isShared(CalicoStore store) {
        return store.datastore().originUri().startsWith("etcd");
    }

    private PeriodicReconciler reconciler(
            CalicoStore store, BlockAllocator allocator, Agent agent, EngineClient engine, NetworkDriver network) {
        EngineQuery query = new EngineQuery(options.dockerSocket(), driverName());
        Reconciler reconciler = new Reconciler(
                store,
                allocator,
                new AgentLinks(agent),
                () -> engine.state() == EngineClient.State.ANSWERS ? Optional.of(query.look()) : Optional.empty(),
                new ReconcilerOptions(options.host(), options.reconcileAfter(), options.runDirectory()),
                network::removed);
        return running(new PeriodicReconciler(reconciler, options.reconcileAfter()));
    }

    /** {@code calico} of {@code calico.sock}: what users give to {@code --driver}. */
    private String driverName() {
        String file = String.valueOf(options.pluginSocket().getFileName());
        int suffix = file.lastIndexOf('.');
        return suffix < 0 ? file : file.substring(0, suffix);
    }

    /** Has the part closed with the node; at once, if the node was closed meanwhile. */
    private <T extends AutoCloseable> T running(T part) {
        synchronized (lock) {
            if (!closed) {
                started.push(part);
                return part;
            }
        }
        closeQuietly(part);
        throw new IllegalStateException("the node daemon was stopped while it started");
    }

    private boolean isClosed() {
        synchronized (lock) {
            return closed;
        }
    }

    /** Answers the plugin's calls in flight, then ends every part; less than two seconds. Idempotent. */
    @Override
    public void close() {
        List<AutoCloseable> parts;
        synchronized (lock) {
            closed = true;
            parts = List.copyOf(started);
            started.clear();
        }
        parts.forEach(CalicoNode::closeQuietly);
    }

    private static void closeQuietly(AutoCloseable part) {
        try {
            part.close();
        } catch (Exception e) {
            LOG.warn("{} could not be closed well", part.getClass().getSimpleName(), e);
        }
    }
}
