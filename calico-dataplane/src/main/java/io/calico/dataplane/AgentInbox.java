package io.calico.dataplane;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.calico.datastore.syncer.SyncStatus;
import io.calico.datastore.syncer.SyncUpdate;
import io.calico.datastore.syncer.SyncerListener;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;

/**
 * What waits for the agent's thread: changes of the datastore, of each key the last; and work that others hand in. What
 * arrives while the agent is busy forms its next batch; there is no timer, so a single change is taken at once and a flood
 * is taken together. Memory is bounded by the number of keys and of callers. Thread-safe.
 */
final class AgentInbox implements SyncerListener {
    private final Object lock = new Object();

    @GuardedBy("lock")
    private final Map<String, SyncUpdate> updates = new LinkedHashMap<>();

    @GuardedBy("lock")
    private final List<Runnable> work = new ArrayList<>();

    @GuardedBy("lock")
    private SyncStatus status = SyncStatus.CONNECTING;

    @GuardedBy("lock")
    private boolean wasInSync;

    @GuardedBy("lock")
    private long revision;

    @GuardedBy("lock")
    private boolean changed;

    @GuardedBy("lock")
    private boolean closed;

    /**
     * All that arrived since the last one.
     *
     * @param updates of the datastore, at most one for each key
     * @param revision up to which the datastore was seen
     * @param status of the syncer, at this moment
     * @param wasInSync whether a whole snapshot was ever seen
     * @param work to be done on the agent's thread, in order
     * @param closed whether the agent shall end
     */
    record Batch(
            List<SyncUpdate> updates,
            long revision,
            SyncStatus status,
            boolean wasInSync,
            List<Runnable> work,
            boolean closed) {}

    @Override
    public void onStatus(SyncStatus newStatus) {
        synchronized (lock) {
            status = newStatus;
            wasInSync |= newStatus == SyncStatus.IN_SYNC;
            wake();
        }
    }

    @Override
    public void onUpdates(List<SyncUpdate> newUpdates, long newRevision) {
        synchronized (lock) {
            for (SyncUpdate update : newUpdates) {
                updates.put(update.rawKey(), update);
            }
            revision = newRevision;
            wake();
        }
    }

    /** Hands in work; false if the agent has been closed and nothing will be done. */
    boolean submit(Runnable task) {
        synchronized (lock) {
            if (closed) {
                return false;
            }
            work.add(task);
            wake();
            return true;
        }
    }

    /** The next batch is the last. */
    void close() {
        synchronized (lock) {
            closed = true;
            wake();
        }
    }

    @GuardedBy("lock")
    private void wake() {
        changed = true;
        lock.notifyAll();
    }

    /**
     * Waits until something has arrived, or the time has come.
     *
     * @param deadlineNanos as {@link System#nanoTime}; empty: for ever
     */
    Batch take(OptionalLong deadlineNanos) throws InterruptedException {
        synchronized (lock) {
            while (!changed) {
                if (deadlineNanos.isEmpty()) {
                    lock.wait();
                } else {
                    long left = deadlineNanos.getAsLong() - System.nanoTime();
                    if (left <= 0) {
                        break;
                    }
                    // Rounded up: a wait of 0 would be one for ever.
                    lock.wait(left / 1_000_000 + 1);
                }
            }
            changed = false;
            Batch batch =
                    new Batch(List.copyOf(updates.values()), revision, status, wasInSync, List.copyOf(work), closed);
            updates.clear();
            work.clear();
            return batch;
        }
    }
}
