package io.calico.libnetwork.reconcile;

import java.util.Set;

/** The workload interfaces of this host. Calls block. */
public interface HostLinks {
    /** The host-side names of all that are alive, whoever made them. */
    Set<String> names();

    /**
     * Cuts one off: it carries no traffic when this returns. Nothing happens if there is none of that name.
     *
     * @throws io.calico.dataplane.DataplaneException if the host refused
     */
    void remove(String hostName);
}
