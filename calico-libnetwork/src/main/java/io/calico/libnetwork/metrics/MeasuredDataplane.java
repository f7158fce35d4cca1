package io.calico.libnetwork.metrics;

import io.calico.dataplane.Dataplane;
import io.calico.dataplane.DataplaneException;
import io.calico.dataplane.WorkloadInterface;
import io.calico.dataplane.routes.RouteChanges;
import io.calico.libnetwork.metrics.NodeMetrics.Operation;
import io.calico.policy.CompiledPolicy;
import io.calico.policy.EndpointToHostAction;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A dataplane that counts what it does, and logs each change of policy. Confined to one thread, as every dataplane. */
public final class MeasuredDataplane implements Dataplane {
    private static final Logger LOG = LoggerFactory.getLogger(MeasuredDataplane.class);

    private final Dataplane host;
    private final NodeMetrics metrics;

    /**
     * Does no I/O.
     *
     * @param host does the work; closed with this one
     */
    public MeasuredDataplane(Dataplane host, NodeMetrics metrics) {
        this.host = host;
        this.metrics = metrics;
    }

    @Override
    public void applyPolicy(CompiledPolicy policy, EndpointToHostAction toHost) {
        long start = System.nanoTime();
        measured(Operation.POLICY, () -> {
            host.applyPolicy(policy, toHost);
            return true;
        });
        LOG.info(
                "policy of {} endpoints is in force, written in {} ms",
                policy.endpoints().size(),
                (System.nanoTime() - start) / 1_000_000);
    }

    @Override
    public void addWorkload(WorkloadInterface workload) {
        measured(Operation.CONNECT, () -> {
            host.addWorkload(workload);
            return true;
        });
    }

    @Override
    public Map<String, DataplaneException> repairWorkloads(Collection<WorkloadInterface> workloads) {
        return measured(Operation.REPAIR, () -> host.repairWorkloads(workloads));
    }

    @Override
    public void onDrift(Runnable listener) {
        host.onDrift(listener);
    }

    @Override
    public boolean mend() {
        return countingDrift(Operation.MEND, host::mend);
    }

    @Override
    public void mendWorkloads() {
        // Not measured: it is asked for all the time, and mostly has nothing to do.
        host.mendWorkloads();
    }

    @Override
    public boolean isConnected(String hostName) {
        return host.isConnected(hostName);
    }

    @Override
    public void suspendWorkload(String hostName) {
        measured(Operation.SUSPEND, () -> {
            host.suspendWorkload(hostName);
            return true;
        });
    }

    @Override
    public void removeWorkload(String hostName) {
        measured(Operation.DISCONNECT, () -> {
            host.removeWorkload(hostName);
            return true;
        });
    }

    @Override
    public void applyRoutes(RouteChanges changes) {
        if (changes.routes().isEmpty()) {
            // It is asked for all the time, and mostly has nothing to do.
            host.applyRoutes(changes);
            return;
        }
        measured(Operation.ROUTES, () -> {
            host.applyRoutes(changes);
            return true;
        });
    }

    @Override
    public boolean refresh() {
        return countingDrift(Operation.REFRESH, host::refresh);
    }

    private boolean countingDrift(Operation operation, Supplier<Boolean> work) {
        boolean lost = measured(operation, work);
        if (lost) {
            metrics.drifted();
        }
        return lost;
    }

    private <T> T measured(Operation operation, Supplier<T> work) {
        long start = System.nanoTime();
        boolean done = false;
        try {
            T result = work.get();
            done = true;
            return result;
        } finally {
            metrics.operated(operation, done, Duration.ofNanos(System.nanoTime() - start));
        }
    }

    @Override
    public Set<String> workloads() {
        return host.workloads();
    }

    @Override
    public int workloadMtuBytes() {
        return host.workloadMtuBytes();
    }

    @Override
    public List<String> problems() {
        return host.problems();
    }

    @Override
    public void close() {
        host.close();
    }
}
