package io.calico.libnetwork.network;

/** Knows which copies of other hosts' networks are being made, so that an engine that takes one back removes only that. */
@FunctionalInterface
public interface ReplicaGuard {
    /** A copy of that network is being made by this host's engine until the returned object is closed. */
    Making making(String canonicalId);

    /** A copy that is being made. */
    interface Making extends AutoCloseable {
        @Override
        void close();
    }
}
