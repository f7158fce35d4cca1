package io.calico.datastore.spi;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.calico.datastore.spi.WatchSource.Batch;
import java.time.Duration;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A watch on a thread of its own that pulls batches from a source and hands them to the listener. Because it pulls,
 * there is no queue: a slow listener delays nobody, holds no memory, and is told 'compacted' once it is too far behind.
 * Thread-safe.
 *
 * <p>{@link #close} interrupts the thread only while it is in the source, never while it is in the listener's code.
 */
final class WatchRunner implements Watch {
    private static final Logger LOG = LoggerFactory.getLogger(WatchRunner.class);
    private static final Duration CLOSE_WAIT = Duration.ofSeconds(5);

    private final WatchSource source;
    private final WatchListener listener;
    private final Consumer<WatchRunner> whenEnded;
    private final Thread thread;
    private final Object lock = new Object();

    @GuardedBy("lock")
    private boolean closed;

    @GuardedBy("lock")
    private boolean inListener;

    WatchRunner(
            String threadName,
            long afterRevision,
            WatchSource source,
            WatchListener listener,
            Consumer<WatchRunner> whenEnded) {
        this.source = source;
        this.listener = listener;
        this.whenEnded = whenEnded;
        this.thread = new Thread(() -> run(afterRevision), threadName);
        this.thread.setDaemon(true);
    }

    void start() {
        thread.start();
    }

    private void run(long afterRevision) {
        try {
            @Nullable DatastoreException end = pull(afterRevision);
            if (end instanceof DatastoreException.Compacted compacted) {
                call(() -> listener.onCompacted(compacted.oldestRevision()));
            } else if (end != null) {
                call(() -> listener.onEnded(end));
            }
        } catch (RuntimeException e) {
            LOG.error("A listener failed in {} while it was told the end of its watch", thread.getName(), e);
        } finally {
            source.close();
            whenEnded.accept(this);
        }
    }

    /** Why the watch ended; null: it was closed. */
    private @Nullable DatastoreException pull(long afterRevision) {
        long seen = afterRevision;
        boolean listening = false;
        try {
            while (true) {
                listening = false;
                Batch batch = source.next(seen);
                long before = seen;
                seen = batch.revision();
                listening = true;
                if (!call(() -> deliver(batch, before))) {
                    return null;
                }
            }
        } catch (InterruptedException e) {
            return null;
        } catch (DatastoreException e) {
            return listening ? listenerFailed(e) : e;
        } catch (RuntimeException e) {
            return listening ? listenerFailed(e) : new DatastoreException.Unavailable("the watch failed: " + e, e);
        }
    }

    private DatastoreException listenerFailed(RuntimeException cause) {
        LOG.error("A listener failed in {}; its watch ends", thread.getName(), cause);
        return new DatastoreException.Unavailable("the listener of the watch failed: " + cause, cause);
    }

    private void deliver(Batch batch, long before) {
        if (!batch.events().isEmpty()) {
            listener.onEvents(batch.events(), batch.revision());
        } else if (batch.revision() > before) {
            listener.onProgress(batch.revision());
        }
    }

    /** Runs a callback, unless the watch is closed; says whether it may go on. */
    private boolean call(Runnable callback) {
        synchronized (lock) {
            if (closed) {
                return false;
            }
            inListener = true;
        }
        try {
            callback.run();
        } finally {
            synchronized (lock) {
                inListener = false;
            }
        }
        synchronized (lock) {
            return !closed;
        }
    }

    /** Begins to close the watch and does not wait. */
    void stop() {
        synchronized (lock) {
            if (!closed) {
                closed = true;
                if (!inListener) {
                    thread.interrupt();
                }
            }
        }
    }

    @Override
    public void close() {
        stop();
        if (Thread.currentThread() == thread) {
            return;
        }
        try {
            thread.join(CLOSE_WAIT.toMillis());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
