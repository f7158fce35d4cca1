package io.calico.datastore.spi;

import io.calico.datastore.spi.Transaction.Write;
import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Leases in memory, for providers whose store has none of its own. The provider has one lock for its content; it calls
 * {@link #require}, {@link #written} and {@link #endDue} while it holds it, and {@link #grant} while it does not. A daemon
 * thread ends leases in time; it runs only while there are some.
 *
 * <pre>
 * id → deadline, the keys whose newest record was put under it
 * </pre>
 */
public final class LeaseTable {
    private final Object lock;
    private final Consumer<List<Write>> deleter;
    private final LongSupplier nanoTime;
    private final Map<String, State> states = new HashMap<>();
    private long granted;
    private @Nullable Thread thread;

    private static final class State {
        private long deadline;
        private final Set<String> keys = new LinkedHashSet<>();
    }

    /**
     * No leases yet.
     *
     * @param lock the provider's; its monitor is used
     * @param deleter makes these deletes, as one transaction; called under the lock
     * @param nanoTime the passing of time, as {@link System#nanoTime}
     */
    public LeaseTable(Object lock, Consumer<List<Write>> deleter, LongSupplier nanoTime) {
        this.lock = lock;
        this.deleter = deleter;
        this.nanoTime = nanoTime;
    }

    /**
     * Grants a lease.
     *
     * @param requireOpen throws {@link DatastoreException.Closed} once the client to which it is granted was closed
     * @throws IllegalArgumentException if the time is below one second
     */
    public Lease grant(Duration timeToLive, Runnable requireOpen) {
        if (timeToLive.compareTo(Duration.ofSeconds(1)) < 0) {
            throw new IllegalArgumentException("time to live " + timeToLive + " of a lease is below one second");
        }
        synchronized (lock) {
            requireOpen.run();
            String id = "m" + ++granted;
            State state = new State();
            state.deadline = nanoTime.getAsLong() + timeToLive.toNanos();
            states.put(id, state);
            if (thread == null) {
                thread = new Thread(this::endInTime, "calico-lease-1");
                thread.setDaemon(true);
                thread.start();
            }
            lock.notifyAll();
            return new TableLease(id, timeToLive, requireOpen);
        }
    }

    /**
     * Refuses a transaction that puts something under a lease that has ended. Under the lock.
     *
     * @throws DatastoreException.NotFound if it does
     */
    public void require(Transaction transaction) {
        for (Write write : transaction.writes()) {
            if (write.lease().isPresent()) {
                state(write.lease().get().id());
            }
        }
    }

    /** Notes that a key now belongs to the write's lease, or to none. Under the lock. */
    public void written(Write write) {
        states.values().forEach(state -> state.keys.remove(write.key()));
        write.lease().ifPresent(lease -> state(lease.id()).keys.add(write.key()));
    }

    /** Ends the leases whose time is over; reads do it first, so that they never show their records. Under the lock. */
    public void endDue() {
        long now = nanoTime.getAsLong();
        List<String> due = states.entrySet().stream()
                .filter(entry -> now - entry.getValue().deadline >= 0)
                .map(Map.Entry::getKey)
                .toList();
        due.forEach(this::end);
    }

    private void end(String id) {
        @Nullable State state = states.remove(id);
        if (state != null) {
            deleter.accept(state.keys.stream()
                    .map(key -> new Write(key, Optional.empty(), Optional.empty()))
                    .toList());
        }
    }

    private State state(String id) {
        @Nullable State state = states.get(id);
        if (state == null) {
            throw new DatastoreException.NotFound("lease " + id + " has ended");
        }
        return state;
    }

    private void endInTime() {
        synchronized (lock) {
            while (!states.isEmpty()) {
                endDue();
                long now = nanoTime.getAsLong();
                long nanos = states.values().stream()
                        .mapToLong(state -> state.deadline - now)
                        .min()
                        .orElse(0);
                try {
                    if (nanos > 0) {
                        lock.wait(nanos / 1_000_000 + 1);
                    }
                } catch (InterruptedException e) {
                    // Nobody has a reason to interrupt this thread; without it leases still end at the next call.
                    Thread.currentThread().interrupt();
                    break;
                }
            }
            thread = null;
        }
    }

    private final class TableLease implements Lease {
        private final String id;
        private final Duration timeToLive;
        private final Runnable requireOpen;

        private TableLease(String id, Duration timeToLive, Runnable requireOpen) {
            this.id = id;
            this.timeToLive = timeToLive;
            this.requireOpen = requireOpen;
        }

        @Override
        public String id() {
            return id;
        }

        @Override
        public Duration timeToLive() {
            return timeToLive;
        }

        @Override
        public void keepAlive() {
            synchronized (lock) {
                requireOpen.run();
                endDue();
                State state = state(id);
                state.deadline = nanoTime.getAsLong() + timeToLive.toNanos();
            }
        }

        @Override
        public void close() {
            synchronized (lock) {
                requireOpen.run();
                end(id);
            }
        }

        @Override
        public String toString() {
            return "lease " + id;
        }
    }
}
