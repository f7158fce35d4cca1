package io.calico.datastore.memory;

import io.calico.datastore.spi.Datastore;
import io.calico.datastore.spi.DatastoreException;
import io.calico.datastore.spi.KeyValue;
import io.calico.datastore.spi.Lease;
import io.calico.datastore.spi.ListRequest;
import io.calico.datastore.spi.Page;
import io.calico.datastore.spi.TextRules;
import io.calico.datastore.spi.Transaction;
import io.calico.datastore.spi.TransactionResult;
import io.calico.datastore.spi.Watch;
import io.calico.datastore.spi.WatchListener;
import io.calico.datastore.spi.Watches;
import java.time.Duration;
import java.util.Optional;

/**
 * A store in memory. {@link #newClient} gives more clients of the same content, which stand for other processes in
 * tests; each is closed on its own, and the content lives as long as one of them is in use. Takes transactions of any
 * size. Thread-safe.
 */
public final class MemoryDatastore implements Datastore {
    static final String URI = "memory:";

    /** Revisions that are kept for watches and for lists at an old revision. */
    public static final int KEPT_REVISIONS = 10_000;

    private final MemoryContent content;
    private final Watches watches = new Watches("memory-watch");
    private volatile boolean closed;

    /** An empty store. */
    public MemoryDatastore() {
        this(new MemoryContent(System::nanoTime, KEPT_REVISIONS));
    }

    private MemoryDatastore(MemoryContent content) {
        this.content = content;
    }

    /** Another client of the same content. */
    public MemoryDatastore newClient() {
        return new MemoryDatastore(content);
    }

    /** Forgets how things were before the newest revision: watches that are behind it are told 'compacted'. */
    public void compact() {
        open().compact();
    }

    @Override
    public Optional<KeyValue> get(String key) {
        return open().get(TextRules.requireKey(key));
    }

    @Override
    public Page list(ListRequest request) {
        return open().list(request);
    }

    @Override
    public TransactionResult commit(Transaction transaction) {
        return open().commit(transaction);
    }

    @Override
    public Watch watch(String prefix, long afterRevision, WatchListener listener) {
        TextRules.requirePrefix(prefix);
        MemoryContent from = open();
        return watches.start(afterRevision, after -> from.awaitChanges(prefix, after), listener);
    }

    @Override
    public Lease grantLease(Duration timeToLive) {
        return open().grant(timeToLive, this::open);
    }

    @Override
    public String uri() {
        return URI;
    }

    @Override
    public void close() {
        closed = true;
        watches.close();
    }

    private MemoryContent open() {
        if (closed) {
            throw new DatastoreException.Closed("the store memory: was closed");
        }
        return content;
    }

    @Override
    public String toString() {
        return URI;
    }
}
