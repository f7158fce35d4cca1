package io.calico.datastore.spi;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * The running watches of one store, each on a thread of its own, for providers that can be asked 'what came after
 * revision r?' ({@link WatchSource}). The thread pulls from the source and calls the listener, so there is no queue: a
 * slow listener delays nobody and is told 'compacted' once it is too far behind. Thread-safe.
 */
public final class Watches implements AutoCloseable {
    private final String role;
    private final Object lock = new Object();

    @GuardedBy("lock")
    private final Set<WatchRunner> running = new HashSet<>();

    @GuardedBy("lock")
    private int started;

    @GuardedBy("lock")
    private boolean closed;

    /**
     * No watches yet.
     *
     * @param role of the threads, which are named {@code calico-<role>-<n>}
     */
    public Watches(String role) {
        this.role = role;
    }

    /**
     * Starts a watch.
     *
     * @throws IllegalArgumentException if the revision is negative
     * @throws DatastoreException.Closed after {@link #close}
     */
    public Watch start(long afterRevision, WatchSource source, WatchListener listener) {
        if (afterRevision < 0) {
            throw new IllegalArgumentException("revision " + afterRevision + " to watch from is negative");
        }
        synchronized (lock) {
            if (closed) {
                throw new DatastoreException.Closed("the store was closed; no watch can begin");
            }
            String thread = "calico-" + role + "-" + ++started;
            WatchRunner watch = new WatchRunner(thread, afterRevision, source, listener, this::forget);
            running.add(watch);
            watch.start();
            return watch;
        }
    }

    private void forget(WatchRunner ended) {
        synchronized (lock) {
            running.remove(ended);
        }
    }

    /** Closes all watches; see {@link Watch#close}. Idempotent. */
    @Override
    public void close() {
        List<WatchRunner> last;
        synchronized (lock) {
            closed = true;
            last = List.copyOf(running);
        }
        last.forEach(WatchRunner::stop);
        last.forEach(WatchRunner::close);
    }
}
