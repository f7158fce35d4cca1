package io.calico.libnetwork.network;

/**
 * What the driver is told by whoever has this host's engine make and remove networks because of other hosts. Calls block
 * and fail as the datastore does.
 */
public interface ReplicaGuard {
    /**
     * A copy of that network is being made by this host's engine until the returned object is closed: if the engine takes it
     * back, the network itself stays.
     */
    Making making(String canonicalId);

    /** Removes from the datastore what the engine has removed while the datastore was away. */
    void retryDeletions();

    /** A copy that is being made. */
    interface Making extends AutoCloseable {
        @Override
        void close();
    }
}
