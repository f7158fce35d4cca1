package io.calico.datastore.spi;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A revisioned key-value store: the whole contract between Calico and what keeps its data. Keys and values are text
 * ({@link TextRules}). Every transaction that changes something gets a revision larger than all before it; revisions
 * belong to the store, not to a key, start at 1 or more and are never used again, so 'unchanged since revision r' is
 * safe against delete and re-create.
 *
 * <p>Reads are linearizable: they see every transaction that was answered before they began, by whatever process.
 * Calls block; their threads are the caller's. Thread-safe. All methods throw {@link DatastoreException}:
 * {@code Unavailable} and {@code NotPermitted} (nothing was done), {@code UnknownResult} (writes only: it may have been
 * done), {@code Corrupt}, {@code Closed}. They throw {@link IllegalArgumentException} for what {@link TextRules} refuses.
 * A thread that is interrupted while it waits keeps its interrupt flag and gets {@code Unavailable} or
 * {@code UnknownResult}.
 *
 * <p>Old revisions stay readable for a while: at least the last 1,000, and those of the last second. Then a provider
 * may <em>compact</em> them: forget how things were before some revision.
 *
 * <p>Building one does no I/O; the first call does.
 */
public interface Datastore extends AutoCloseable {
    /** The record, or empty if there is none. */
    Optional<KeyValue> get(String key);

    /**
     * One page of the records under a prefix.
     *
     * @throws DatastoreException.Compacted if the request's revision can no longer be read, or the store has not
     *     reached it (a caller can hold such a revision only if the store was replaced by an older copy)
     */
    Page list(ListRequest request);

    /**
     * All records under a prefix, at one revision, as one page; the memory it takes is that of all the records.
     *
     * @param prefix starts and ends with {@code /}
     */
    default Page listAll(String prefix) {
        while (true) {
            try {
                ListRequest request = ListRequest.first(prefix, 1000);
                Page page = list(request);
                List<KeyValue> records = new ArrayList<>(page.records());
                while (page.nextKey().isPresent()) {
                    request = request.after(page);
                    page = list(request);
                    records.addAll(page.records());
                }
                return new Page(records, page.revision(), Optional.empty());
            } catch (DatastoreException.Compacted e) {
                // The revision of the first page was compacted under us: begin again at a newer one. Compaction
                // leaves a second or more, so this ends.
            }
        }
    }

    /**
     * Executes a transaction. One that changes nothing (no writes, or only deletes of absent keys) gets no revision of
     * its own.
     *
     * @throws IllegalArgumentException if it has more operations or bytes than the store takes; at least
     *     {@link Transaction#MAX_OPERATIONS} of each kind and {@link Transaction#MAX_BYTES} bytes of keys and values are
     *     always taken
     * @throws DatastoreException.NotFound if the lease of a put has ended; nothing was done
     */
    TransactionResult commit(Transaction transaction);

    /**
     * Watches the records under a prefix. If the changes after the revision are no longer there, or the store has not
     * reached that revision (see {@link #list}), the listener is told so: {@link WatchListener#onCompacted}.
     *
     * @param prefix starts and ends with {@code /}
     * @param afterRevision the first event is the first change after this revision; normally the revision of a list
     * @throws IllegalArgumentException if the revision is negative
     */
    Watch watch(String prefix, long afterRevision, WatchListener listener);

    /**
     * Grants a lease. Renew it ({@link Lease#keepAlive}) in time; nobody else does.
     *
     * @param timeToLive at least one second
     * @throws IllegalArgumentException if it is shorter
     */
    Lease grantLease(Duration timeToLive);

    /** The store's URI without secrets, as shown to people: {@code sqlite:/var/lib/calico/calico.db}. */
    String uri();

    /**
     * The URI of the store that keeps the data: for a store that passes calls on, that of the one behind it; else
     * {@link #uri}. May do I/O, and fail as other calls do.
     */
    default String originUri() {
        return uri();
    }

    /**
     * Closes the watches and frees everything; leases go on until their time is over. Calls after it, and those that
     * still wait, throw {@code Closed}; no callback begins after it has returned. Idempotent; bounded in time.
     */
    @Override
    void close();
}
