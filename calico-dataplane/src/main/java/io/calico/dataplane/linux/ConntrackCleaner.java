package io.calico.dataplane.linux;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.calico.dataplane.linux.netlink.Conntrack;
import io.calico.dataplane.linux.netlink.NetlinkException;
import io.calico.model.net.IpAddress;
import java.time.Duration;
import java.util.Collection;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Deletes the connection tracking entries of addresses that went, so that their next owner meets no flow of the last one.
 *
 * <pre>
 *   release ─▶ waiting ─▶ being deleted ─▶ free
 *               └─────────────┴── await blocks for these
 * </pre>
 *
 * <p>To look through the table takes a while, so it is done by a thread of its own, {@code calico-conntrack-1}, in one
 * pass for all addresses that have gathered for a moment, or until somebody waits for one. Thread-safe.
 */
final class ConntrackCleaner implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ConntrackCleaner.class);
    /** So long addresses gather if nobody waits: to go through the kernel's table costs the same for one and for many. */
    private static final long GATHERING = Duration.ofMillis(100).toNanos();

    private final Table table;
    private final Thread worker = new Thread(this::work, "calico-conntrack-1");
    private final Object lock = new Object();

    @GuardedBy("lock")
    private final Set<IpAddress> waiting = new HashSet<>();

    @GuardedBy("lock")
    private Set<IpAddress> inPass = Set.of();

    /** Who blocks until a pass is over. */
    @GuardedBy("lock")
    private int waiters;

    @GuardedBy("lock")
    private boolean isClosed;

    private volatile @Nullable String problem;

    /** The kernel's table of connections. */
    interface Table extends AutoCloseable {
        /** Deletes every entry with one of these. */
        void deleteEntriesOf(Collection<IpAddress> addresses);

        @Override
        void close();
    }

    /**
     * Not started yet.
     *
     * @param table from {@link #start} on the worker's own; closed with it
     */
    ConntrackCleaner(Table table) {
        this.table = table;
        worker.setDaemon(true);
    }

    /**
     * Started, with the table of the calling thread's network namespace.
     *
     * @throws NetlinkException if the kernel refuses the socket
     */
    static ConntrackCleaner open() {
        Conntrack conntrack = Conntrack.open();
        ConntrackCleaner cleaner = new ConntrackCleaner(new Table() {
            @Override
            public void deleteEntriesOf(Collection<IpAddress> addresses) {
                conntrack.deleteEntriesOf(addresses);
            }

            @Override
            public void close() {
                conntrack.close();
            }
        });
        cleaner.start();
        return cleaner;
    }

    void start() {
        worker.start();
    }

    /** These are not routed any more; returns at once. */
    void release(Collection<IpAddress> addresses) {
        synchronized (lock) {
            if (!addresses.isEmpty() && !isClosed) {
                waiting.addAll(addresses);
                lock.notifyAll();
            }
        }
    }

    /**
     * Waits until no entry of a former owner of these addresses is left.
     *
     * @return false if that took longer than the given time
     */
    boolean await(Collection<IpAddress> addresses, Duration limit) throws InterruptedException {
        long end = System.nanoTime() + limit.toNanos();
        synchronized (lock) {
            if (Collections.disjoint(waiting, addresses) && Collections.disjoint(inPass, addresses)) {
                return true;
            }
            waiters++;
            // Gathering is over.
            lock.notifyAll();
            try {
                while (!isClosed
                        && !(Collections.disjoint(waiting, addresses) && Collections.disjoint(inPass, addresses))) {
                    long left = end - System.nanoTime();
                    if (left <= 0) {
                        return false;
                    }
                    TimeUnit.NANOSECONDS.timedWait(lock, Math.max(left, 1_000_000));
                }
                return true;
            } finally {
                waiters--;
            }
        }
    }

    /** What keeps entries from being deleted, in words for an operator. */
    Optional<String> problem() {
        return Optional.ofNullable(problem);
    }

    private void work() {
        try (table) {
            while (true) {
                List<IpAddress> batch;
                synchronized (lock) {
                    inPass = Set.of();
                    lock.notifyAll();
                    while (waiting.isEmpty() && !isClosed) {
                        lock.wait();
                    }
                    if (waiting.isEmpty()) {
                        return;
                    }
                    gather();
                    inPass = Set.copyOf(waiting);
                    batch = List.copyOf(inPass);
                    waiting.clear();
                }
                pass(batch);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @GuardedBy("lock")
    private void gather() throws InterruptedException {
        long end = System.nanoTime() + GATHERING;
        for (long left = GATHERING; left > 0 && waiters == 0 && !isClosed; left = end - System.nanoTime()) {
            TimeUnit.NANOSECONDS.timedWait(lock, Math.max(left, 1_000_000));
        }
    }

    private void pass(List<IpAddress> batch) {
        long start = System.nanoTime();
        try {
            table.deleteEntriesOf(batch);
            problem = null;
            LOG.debug("connection tracking cleaned of {} in {} ms", batch, (System.nanoTime() - start) / 1_000_000);
        } catch (RuntimeException e) {
            // The addresses are given free all the same: nobody could ever be helped by waiting.
            String text = "connection tracking still has flows of addresses that went: " + e.getMessage();
            if (!text.equals(problem)) {
                LOG.warn("{}", text);
            }
            problem = text;
        }
    }

    /** Ends the thread once what is waiting is done, a second at most. Idempotent. */
    @Override
    public void close() {
        synchronized (lock) {
            isClosed = true;
            lock.notifyAll();
        }
        try {
            worker.join(1000);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
