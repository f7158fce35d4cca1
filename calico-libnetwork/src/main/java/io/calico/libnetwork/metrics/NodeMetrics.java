package io.calico.libnetwork.metrics;

import io.calico.libnetwork.http.CallObserver;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;

/** What the parts of the daemon count. Thread-safe; counting does not block. */
public final class NodeMetrics implements CallObserver {
    /** What the dataplane is asked to do, and has done or refused. */
    public enum Operation {
        POLICY,
        CONNECT,
        DISCONNECT,
        SUSPEND,
        REPAIR,
        ROUTES,
        MEND,
        REFRESH;

        String label() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    private record Outcome(String name, String outcome) implements Comparable<Outcome> {
        @Override
        public int compareTo(Outcome other) {
            int order = name.compareTo(other.name);
            return order != 0 ? order : outcome.compareTo(other.outcome);
        }
    }

    private final Map<Outcome, LongAdder> calls = new ConcurrentHashMap<>();
    private final Map<String, Histogram> callTimes = new ConcurrentHashMap<>();
    private final Map<Outcome, LongAdder> operations = new ConcurrentHashMap<>();
    private final Map<String, Histogram> operationTimes = new ConcurrentHashMap<>();
    private final Map<String, LongAdder> mended = new ConcurrentHashMap<>();
    private final LongAdder lostTables = new LongAdder();

    /** {@inheritDoc} Its paths are those of our own calls, so that their number is bounded. */
    @Override
    public void answered(String path, int status, Duration time) {
        String method = path.equals(UNKNOWN) ? "unknown" : path.substring(1);
        count(calls, new Outcome(method, outcome(status)));
        callTimes.computeIfAbsent(method, name -> new Histogram()).observe(time);
    }

    private static String outcome(int status) {
        if (status == 200) {
            return "ok";
        }
        return status == 503 ? "busy" : status < 500 ? "refused" : "failed";
    }

    /** The dataplane has done something, or could not. */
    void operated(Operation operation, boolean done, Duration time) {
        count(operations, new Outcome(operation.label(), done ? "ok" : "failed"));
        operationTimes
                .computeIfAbsent(operation.label(), name -> new Histogram())
                .observe(time);
    }

    /** What the dataplane had written was found changed by another program, and is written again. */
    public void drifted() {
        lostTables.increment();
    }

    /**
     * The reconciler has mended something.
     *
     * @param what one of few words: {@code endpoint}, {@code address}, {@code interface}
     */
    public void mended(String what) {
        count(mended, what);
    }

    private static <K> void count(Map<K, LongAdder> counters, K key) {
        counters.computeIfAbsent(key, k -> new LongAdder()).increment();
    }

    void write(Exposition out) {
        out.metric("calico_plugin_calls_total", "counter", "Calls of Docker engines, by method and outcome.");
        new TreeMap<>(calls)
                .forEach((key, count) -> out.sample(
                        "calico_plugin_calls_total", count.sum(), "method", key.name(), "outcome", key.outcome()));
        out.metric(
                "calico_plugin_call_seconds",
                "histogram",
                "Time from a call's arrival to its answer, waiting for a worker included.");
        new TreeMap<>(callTimes)
                .forEach((method, times) -> times.write(out, "calico_plugin_call_seconds", "method", method));
        out.metric(
                "calico_dataplane_operations_total",
                "counter",
                "What the agent did to this host, by kind and outcome.");
        new TreeMap<>(operations)
                .forEach((key, count) -> out.sample(
                        "calico_dataplane_operations_total",
                        count.sum(),
                        "operation",
                        key.name(),
                        "outcome",
                        key.outcome()));
        out.metric("calico_dataplane_operation_seconds", "histogram", "How long the host took for it.");
        new TreeMap<>(operationTimes)
                .forEach((kind, times) -> times.write(out, "calico_dataplane_operation_seconds", "operation", kind));
        out.single(
                "calico_dataplane_drift_total",
                "counter",
                "How often other programs had changed what is ours, so that it was written again.",
                lostTables.sum());
        out.metric("calico_reconciler_mended_total", "counter", "Leftovers that the reconciler mended, by kind.");
        new TreeMap<>(mended)
                .forEach((what, count) -> out.sample("calico_reconciler_mended_total", count.sum(), "kind", what));
    }
}
