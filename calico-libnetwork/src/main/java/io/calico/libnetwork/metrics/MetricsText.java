package io.calico.libnetwork.metrics;

import io.calico.dataplane.AgentStatus;
import io.calico.datastore.spi.DatastoreException;
import io.calico.ipam.BlockAllocator;
import io.calico.ipam.IpamException;
import io.calico.ipam.PoolUtilisation;
import io.calico.libnetwork.http.PluginServer;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryMXBean;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * All metrics of a node, as text for a Prometheus server; what is not counted is measured when somebody asks. Thread-safe;
 * reads the datastore at most once in ten seconds, because that costs a read of every block.
 */
public final class MetricsText {
    /** The type of the text. */
    public static final String CONTENT_TYPE = Exposition.CONTENT_TYPE;

    private static final long POOLS_AGE_NANOS = 10_000_000_000L;

    private final NodeMetrics metrics;
    private final Supplier<AgentStatus> agent;
    private final BlockAllocator allocator;
    private final Supplier<Optional<PluginServer>> plugin;
    private final String version;
    private final Object lock = new Object();

    /** Guarded by the lock. */
    private @Nullable List<PoolUtilisation> pools;
    /** Guarded by the lock. */
    private long poolsReadAt;

    /**
     * Does no I/O.
     *
     * @param plugin the server of the plugin's sockets, empty before it serves
     * @param version of the daemon
     */
    public MetricsText(
            NodeMetrics metrics,
            Supplier<AgentStatus> agent,
            BlockAllocator allocator,
            Supplier<Optional<PluginServer>> plugin,
            String version) {
        this.metrics = metrics;
        this.agent = agent;
        this.allocator = allocator;
        this.plugin = plugin;
        this.version = version;
    }

    /** The text. Reads the datastore; without it, the pools are missing. */
    public String text() {
        Exposition out = new Exposition();
        out.metric("calico_build_info", "gauge", "The version that runs.")
                .sample("calico_build_info", 1, "version", version);
        writeAgent(out, agent.get());
        out.single(
                "calico_plugin_calls_active",
                "gauge",
                "Calls that are being made now.",
                plugin.get().map(PluginServer::activeCalls).orElse(0));
        out.single(
                "calico_plugin_calls_queued",
                "gauge",
                "Calls that wait for a worker.",
                plugin.get().map(PluginServer::queuedCalls).orElse(0));
        metrics.write(out);
        writePools(out);
        writeProcess(out);
        return out.toString();
    }

    private static void writeAgent(Exposition out, AgentStatus status) {
        out.single(
                "calico_agent_in_sync",
                "gauge",
                "1 if the policy of the datastore is in force on this host.",
                status.inSync() ? 1 : 0);
        out.single("calico_agent_revision", "gauge", "Datastore revision that is in force.", status.revision());
        out.single("calico_agent_endpoints", "gauge", "Endpoints of this host in the policy.", status.endpoints());
        out.single(
                "calico_agent_failures",
                "gauge",
                "Attempts to make the host right that have failed in a row.",
                status.applyFailures());
        out.single(
                "calico_dataplane_problems",
                "gauge",
                "Things that keep traffic from flowing as policy says; calicoctl status names them.",
                status.problems().size());
    }

    private void writePools(Exposition out) {
        List<PoolUtilisation> read = pools();
        out.metric("calico_pool_addresses", "gauge", "Addresses of a pool.");
        read.forEach(pool -> out.sample("calico_pool_addresses", pool.capacity(), "pool", name(pool)));
        out.metric("calico_pool_addresses_in_use", "gauge", "Addresses of a pool that are assigned.");
        read.forEach(pool -> out.sample("calico_pool_addresses_in_use", pool.inUse(), "pool", name(pool)));
        out.metric("calico_pool_addresses_free", "gauge", "Addresses of a pool that can be assigned.");
        read.forEach(pool -> out.sample("calico_pool_addresses_free", pool.available(), "pool", name(pool)));
    }

    private static String name(PoolUtilisation pool) {
        return pool.pool().map(Object::toString).orElse("none");
    }

    private List<PoolUtilisation> pools() {
        synchronized (lock) {
            List<PoolUtilisation> known = pools;
            if (known != null && System.nanoTime() - poolsReadAt < POOLS_AGE_NANOS) {
                return known;
            }
            try {
                known = allocator.utilisation();
            } catch (DatastoreException | IpamException e) {
                return List.of();
            }
            pools = known;
            poolsReadAt = System.nanoTime();
            return known;
        }
    }

    private static void writeProcess(Exposition out) {
        MemoryMXBean memory = ManagementFactory.getMemoryMXBean();
        out.metric("jvm_memory_used_bytes", "gauge", "Memory that the JVM uses, by area.")
                .sample("jvm_memory_used_bytes", memory.getHeapMemoryUsage().getUsed(), "area", "heap")
                .sample("jvm_memory_used_bytes", memory.getNonHeapMemoryUsage().getUsed(), "area", "nonheap");
        out.single(
                "jvm_threads_current",
                "gauge",
                "Threads of the JVM.",
                ManagementFactory.getThreadMXBean().getThreadCount());
        residentBytes()
                .ifPresent(bytes -> out.single(
                        "process_resident_memory_bytes", "gauge", "Memory of the process that is in RAM.", bytes));
        openFiles()
                .ifPresent(count ->
                        out.single("process_open_fds", "gauge", "File descriptors that the process has open.", count));
        out.single(
                "process_start_time_seconds",
                "gauge",
                "When the process started, in seconds since 1970.",
                ManagementFactory.getRuntimeMXBean().getStartTime() / 1000.0);
    }

    private static Optional<Long> residentBytes() {
        try {
            String pages = Files.readString(Path.of("/proc/self/statm")).split(" ", 3)[1];
            return Optional.of(Long.parseLong(pages) * 4096);
        } catch (IOException | RuntimeException e) {
            return Optional.empty();
        }
    }

    private static Optional<Long> openFiles() {
        try (Stream<Path> files = Files.list(Path.of("/proc/self/fd"))) {
            return Optional.of(files.count());
        } catch (IOException e) {
            return Optional.empty();
        }
    }
}
