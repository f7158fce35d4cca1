package io.calico.dataplane;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.calico.datastore.syncer.SyncStatus;
import io.calico.datastore.syncer.SyncUpdate;
import io.calico.datastore.syncer.SyncerListener;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;

/**
 * What waits for the agent's thread: changes of the datastore, of each key the last; and work that others hand in. What
 * arrives while the agent is busy forms its next batch; there is no timer, so a single change is taken at once and a flood
 * is taken together. Memory is bounded by the number of keys and of callers. Thread-safe.
 */
final class AgentInbox {
    private final Object lock = new Object();

    @GuardedBy("lock")
    private final List<SyncStatus> statuses;

    @GuardedBy("lock")
    private final BitSet sourcesOnceInSync = new BitSet();

    @GuardedBy("lock")
    private final Map<String, SyncUpdate> updates = new LinkedHashMap<>();

    @GuardedBy("lock")
    private final List<Runnable> work = new ArrayList<>();

    @GuardedBy("lock")
    private long revision;

    @GuardedBy("lock")
    private boolean changed;

    @GuardedBy("lock")
    private boolean closed;

    /** @param sources how many syncers feed it, 1 or more */
    AgentInbox(int sources) {
        statuses = new ArrayList<>(Collections.nCopies(sources, SyncStatus.CONNECTING));
    }

    /**
     * All that arrived since the last one.
     *
     * @param updates of the datastore, at most one for each key
     * @param revision up to which the datastore was seen by the first syncer
     * @param status of the syncer that is the least far, at this moment
     * @param wasInSync whether each syncer has ever told a whole snapshot
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

    /** What the syncer of that number, from 0, shall tell. */
    SyncerListener source(int number) {
        return new SyncerListener() {
            @Override
            public void onStatus(SyncStatus status) {
                setStatus(number, status);
            }

            @Override
            public void onUpdates(List<SyncUpdate> updates, long revision) {
                add(number, updates, revision);
            }
        };
    }

    private void setStatus(int source, SyncStatus status) {
        synchronized (lock) {
            statuses.set(source, status);
            if (status == SyncStatus.IN_SYNC) {
                sourcesOnceInSync.set(source);
            }
            wake();
        }
    }

    private void add(int source, List<SyncUpdate> newUpdates, long newRevision) {
        synchronized (lock) {
            for (SyncUpdate update : newUpdates) {
                updates.put(update.rawKey(), update);
            }
            if (source == 0) {
                revision = newRevision;
            }
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
            Batch batch = new Batch(
                    List.copyOf(updates.values()),
                    revision,
                    Collections.min(statuses),
                    sourcesOnceInSync.cardinality() == statuses.size(),
                    List.copyOf(work),
                    closed);
            updates.clear();
            work.clear();
            return batch;
        }
    }
}
