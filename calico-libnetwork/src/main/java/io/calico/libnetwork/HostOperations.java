package io.calico.libnetwork;

import io.calico.dataplane.linux.LinuxDataplane;
import io.calico.datastore.CalicoStore;
import io.calico.ipam.BlockAllocator;
import io.calico.libnetwork.engine.EngineQuery;
import io.calico.libnetwork.reconcile.HostLinks;
import io.calico.libnetwork.reconcile.Reconciler;
import io.calico.libnetwork.reconcile.ReconcilerOptions;
import io.calico.libnetwork.reconcile.Report;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** What other commands need done to this host while no node daemon runs. */
public final class HostOperations {
    private HostOperations() {}

    /**
     * Looks once for what lost calls and crashes have left on this host: in its kernel and in the datastore, compared with
     * its Docker engine. Takes turns with the daemon. Needs root.
     *
     * @param environment {@code DOCKER_HOST} and {@code CALICO_RECONCILE_AFTER} are looked at
     * @param mend whether to mend what can be; only what has been left over for a minute, though
     * @throws RuntimeException with a text for an operator, if that could not be seen; nothing was mended
     */
    public static Report check(CalicoStore store, String host, Map<String, String> environment, boolean mend)
            throws InterruptedException {
        NodeOptions options = NodeOptions.parse(List.of("--hostname=" + host), environment);
        EngineQuery engine = new EngineQuery(options.dockerSocket(), "calico");
        Reconciler reconciler = new Reconciler(
                store,
                new BlockAllocator(store.datastore(), host),
                new KernelLinks(),
                () -> engine.seemsToRun() ? Optional.of(engine.look()) : Optional.empty(),
                new ReconcilerOptions(host, options.reconcileAfter(), options.runDirectory()),
                endpoint -> {});
        return reconciler.look(mend ? Reconciler.Mode.MEND_BY_CLOCK : Reconciler.Mode.LOOK);
    }

    /** The workload interfaces of this host, without an agent. */
    private static final class KernelLinks implements HostLinks {
        @Override
        public Set<String> names() {
            return LinuxDataplane.workloadsOnHost();
        }

        @Override
        public void remove(String hostName) {
            LinuxDataplane.removeFromHost(hostName);
        }
    }

    /**
     * Takes everything of Calico's from this host's kernel: workload interfaces with their routes, the nftables table, the
     * rule in Docker's filter. Needs root. Traffic of containers that still run on a Calico network ends.
     *
     * @return what could not be removed, in words for an operator; empty if nothing is left
     */
    public static List<String> removeFromKernel() {
        return LinuxDataplane.removeEverything();
    }
}
