package io.calico.datastore.spi;

import io.calico.datastore.DatastoreException;
import java.time.Duration;
import java.util.Optional;

/**
 * A revisioned key-value store: the whole contract between Calico and what keeps its data. Keys and values are text.
 * Every committed transaction with writes gets a revision larger than all before it; revisions belong to the store, not
 * to a key, and are never used again, so "unchanged since revision r" is safe against delete and re-create.
 *
 * <p>Reads are linearizable: they see every transaction that was answered before they began, by whatever process.
 * Calls block; their threads are the caller's. Thread-safe. All methods throw {@link DatastoreException}: {@code
 * Unavailable} (nothing was done), {@code UnknownResult} (writes only: it may have been done), {@code Corrupt},
 * {@code Closed}.
 *
 * <p>Building one does no I/O; the first call does.
 */
public interface Datastore extends AutoCloseable {
    /** The record, or empty if there is none. */
    Optional<KeyValue> get(String key);

    /**
     * One page of the records under a prefix.
     *
     * @throws DatastoreException.Compacted if the request's revision can no longer be read
     */
    Page list(ListRequest request);

    /**
     * Executes a transaction.
     *
     * @throws IllegalArgumentException if it has more operations than the store takes; at least
     *     {@link Transaction#MAX_OPERATIONS} of each kind are always taken
     */
    TransactionResult commit(Transaction transaction);

    /**
     * Watches the records under a prefix.
     *
     * @param prefix starts and ends with {@code /}
     * @param afterRevision the first event is the first change after this revision; normally the revision of a list
     */
    Watch watch(String prefix, long afterRevision, WatchListener listener);

    /**
     * Grants a lease.
     *
     * @param timeToLive at least one second
     */
    Lease grantLease(Duration timeToLive);

    /** The store's URI without secrets, as shown to people: {@code sqlite:/var/lib/calico/calico.db}. */
    String uri();

    /** Ends watches and leases' renewal (not the leases), frees everything. Idempotent; bounded in time. */
    @Override
    void close();
}
