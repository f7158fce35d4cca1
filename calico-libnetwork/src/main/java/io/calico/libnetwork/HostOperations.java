package io.calico.libnetwork;

import io.calico.dataplane.linux.LinuxDataplane;
import java.util.List;

/** What other commands need done to this host while no node daemon runs. */
public final class HostOperations {
    private HostOperations() {}

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
