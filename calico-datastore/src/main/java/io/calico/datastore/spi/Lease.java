package io.calico.datastore.spi;

import java.time.Duration;

/** A right to exist for a while: records put under it are deleted when it ends. Thread-safe. */
public interface Lease extends AutoCloseable {
    /** Identifies the lease within its store; a string of {@code [A-Za-z0-9-]}. */
    String id();

    Duration timeToLive();

    /**
     * Renews the lease for another time to live, counted from now.
     *
     * @throws io.calico.datastore.DatastoreException.NotFound if the lease has ended; its records are gone
     */
    void keepAlive();

    /** Ends the lease at once and deletes its records. Idempotent. */
    @Override
    void close();
}
