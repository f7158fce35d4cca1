package io.calico.libnetwork.network;

import io.calico.dataplane.WorkloadInterface;
import io.calico.model.EndpointKey;
import java.time.Duration;

/** Connects and disconnects the workloads of this host. Thread-safe; calls block. */
public interface Workloads {
    /**
     * Makes the interface of an endpoint; when this returns, its policy is in force and it may have traffic.
     *
     * @param endpointRevision datastore revision of the endpoint that policy must know at least
     * @throws io.calico.dataplane.DataplaneException if that did not come about in time or was refused; nothing is left
     *     then
     */
    void join(EndpointKey key, WorkloadInterface workload, long endpointRevision, Duration deadline);

    /** Removes an interface; it carries no traffic when this returns. Nothing happens if it does not exist. */
    void leave(String hostName);

    /** Whether the interface exists on the host. */
    boolean isPresent(String hostName);

    /** What the MTU of a new interface should be, in bytes. */
    int mtuBytes();
}
