package io.calico.datastore.spi;

import java.time.Duration;

/**
 * A right to exist for a while: records put under it are deleted, in one transaction, when it ends: by {@link #close}, or
 * when its time to live passed without {@link #keepAlive} (then within two more seconds). It belongs to the store that
 * granted it, in which it goes on when that store is closed or the process dies. Thread-safe.
 */
public interface Lease extends AutoCloseable {
    /** Identifies the lease within its store; a string of {@code [A-Za-z0-9-]}. */
    String id();

    /** How long it lives from its grant, and from each renewal. */
    Duration timeToLive();

    /**
     * Renews the lease for another time to live, counted from now.
     *
     * @throws DatastoreException.NotFound if the lease has ended; its records are gone
     */
    void keepAlive();

    /** Ends the lease at once and deletes its records. Idempotent. */
    @Override
    void close();
}
