package io.calico.datastore.syncer;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.calico.datastore.spi.DatastoreException;
import io.calico.datastore.spi.WatchEvent;
import io.calico.datastore.spi.WatchListener;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * What a watch has said and the syncer has not yet taken. Keeps the last change of each key only, so it is bounded by the
 * number of keys, and hands out whole transactions, since a watch calls with whole ones. Thread-safe.
 */
final class Inbox implements WatchListener {
    private final Predicate<String> wanted;
    private final Object lock = new Object();

    /** In the order of revisions. */
    @GuardedBy("lock")
    private Map<String, WatchEvent> changes = new LinkedHashMap<>();

    @GuardedBy("lock")
    private long revision;

    @GuardedBy("lock")
    private boolean news;

    @GuardedBy("lock")
    private @Nullable DatastoreException end;

    Inbox(Predicate<String> wanted) {
        this.wanted = wanted;
    }

    /** Changes since the last one was taken, and everything up to the revision. */
    record Batch(List<WatchEvent> changes, long revision) {}

    /**
     * Waits for news, and takes them.
     *
     * @throws DatastoreException what the watch ended with, once all news before that were taken
     */
    Batch take() throws InterruptedException {
        synchronized (lock) {
            while (!news) {
                if (end != null) {
                    throw end;
                }
                lock.wait();
            }
            Batch batch = new Batch(List.copyOf(changes.values()), revision);
            changes = new LinkedHashMap<>();
            news = false;
            return batch;
        }
    }

    @Override
    public void onEvents(List<WatchEvent> events, long seen) {
        synchronized (lock) {
            for (WatchEvent event : events) {
                if (wanted.test(event.key())) {
                    changes.remove(event.key());
                    changes.put(event.key(), event);
                }
            }
            advance(seen);
        }
    }

    @Override
    public void onProgress(long seen) {
        synchronized (lock) {
            advance(seen);
        }
    }

    @Override
    public void onCompacted(long oldestRevision) {
        onEnded(new DatastoreException.Compacted("the watch is too far behind", oldestRevision));
    }

    @Override
    public void onEnded(DatastoreException cause) {
        synchronized (lock) {
            end = cause;
            lock.notifyAll();
        }
    }

    @GuardedBy("lock")
    private void advance(long seen) {
        revision = seen;
        news = true;
        lock.notifyAll();
    }
}
