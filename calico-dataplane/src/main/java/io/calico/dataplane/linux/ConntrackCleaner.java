package io.calico.dataplane.linux;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.calico.dataplane.linux.netlink.Conntrack;
import io.calico.dataplane.linux.netlink.NetlinkException;
import io.calico.model.net.Cidr;
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
 *   release ──────────▶ waiting ─▶ being deleted ─▶ clean ─▶ use, await: somebody's
 *   prepare, await ───▶  └─────────────┴── await blocks for these
 *   (not known to be clean)
 * </pre>
 *
 * <p>What is clean is only known of addresses that were released here. Whoever had another one before, perhaps a workload that
 * ended while no agent ran, is cleaned up after when the address is about to be routed.
 *
 * <p>To look through the table takes a while, so it is done by a thread of its own, {@code calico-conntrack-1}, in one
 * pass for all addresses that have gathered for a moment, or until somebody needs one. Thread-safe.
 */
final class ConntrackCleaner implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ConntrackCleaner.class);
    /** So long addresses gather if nobody waits: to go through the kernel's table costs the same for one and for many. */
    private static final Duration GATHERING = Duration.ofMillis(100);
    /** With more than so many, all are forgotten: they are cleaned once more than they must be. */
    private static final int MOST_CLEAN = 10_000;

    /** More destinations count as all there are. */
    private static final int MOST_USES = 64;

    private static final List<Cidr> EVERYTHING = List.of(Cidr.parse("0.0.0.0/0"), Cidr.parse("::/0"));

    private final Table table;
    private final long gatheringNanos;
    private final Thread worker = new Thread(this::work, "calico-conntrack-1");
    private final Object lock = new Object();

    @GuardedBy("lock")
    private final Set<IpAddress> waiting = new HashSet<>();

    @GuardedBy("lock")
    private Set<IpAddress> inPass = Set.of();

    /** Without a flow since they were last routed here, and not routed since. */
    @GuardedBy("lock")
    private final Set<IpAddress> clean = new HashSet<>();

    /** What was used since those that wait or are being deleted were released. */
    @GuardedBy("lock")
    private final Set<Cidr> usedMeanwhile = new HashSet<>();

    /** Somebody needs one of those that wait: gathering is over. */
    @GuardedBy("lock")
    private boolean isUrgent;

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
     * @param gathering how long addresses gather that nobody needs yet
     */
    ConntrackCleaner(Table table, Duration gathering) {
        this.table = table;
        this.gatheringNanos = gathering.toNanos();
        worker.setDaemon(true);
    }

    /**
     * Started, with the table of the calling thread's network namespace.
     *
     * @throws NetlinkException if the kernel refuses the socket
     */
    static ConntrackCleaner open() {
        Conntrack conntrack = Conntrack.open();
        ConntrackCleaner cleaner = new ConntrackCleaner(
                new Table() {
                    @Override
                    public void deleteEntriesOf(Collection<IpAddress> addresses) {
                        conntrack.deleteEntriesOf(addresses);
                    }

                    @Override
                    public void close() {
                        conntrack.close();
                    }
                },
                GATHERING);
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

    /** These will be routed soon; returns at once, and {@link #await} has less to wait for. */
    void prepare(Collection<IpAddress> addresses) {
        synchronized (lock) {
            if (!isClosed) {
                queueUnlessClean(addresses);
            }
        }
    }

    @GuardedBy("lock")
    private void queueUnlessClean(Collection<IpAddress> addresses) {
        for (IpAddress address : addresses) {
            if (!clean.contains(address) && !inPass.contains(address) && waiting.add(address)) {
                isUrgent = true;
                lock.notifyAll();
            }
        }
    }

    /**
     * What is in these may be somebody's from now on, on another host; returns at once. To be told before packets go there,
     * and when they do not any more.
     */
    void use(Collection<Cidr> destinations) {
        synchronized (lock) {
            Collection<Cidr> used = destinations.size() > MOST_USES ? EVERYTHING : destinations;
            clean.removeIf(address -> isIn(used, address));
            if (!waiting.isEmpty() || !inPass.isEmpty()) {
                usedMeanwhile.addAll(used);
                if (usedMeanwhile.size() > MOST_USES) {
                    usedMeanwhile.addAll(EVERYTHING);
                    usedMeanwhile.retainAll(EVERYTHING);
                }
            }
        }
    }

    private static boolean isIn(Collection<Cidr> destinations, IpAddress address) {
        return destinations.stream().anyMatch(destination -> destination.contains(address));
    }

    /**
     * Waits until no entry of a former owner of these addresses is left. From then on they count as in use. Not for
     * addresses that are in use: their own flows would go.
     *
     * @return false if that took longer than the given time
     */
    boolean await(Collection<IpAddress> addresses, Duration limit) throws InterruptedException {
        long end = System.nanoTime() + limit.toNanos();
        synchronized (lock) {
            if (isClosed) {
                return true;
            }
            queueUnlessClean(addresses);
            while (!isClosed
                    && !(Collections.disjoint(waiting, addresses) && Collections.disjoint(inPass, addresses))) {
                long left = end - System.nanoTime();
                if (left <= 0) {
                    return false;
                }
                if (!isUrgent && !Collections.disjoint(waiting, addresses)) {
                    isUrgent = true;
                    lock.notifyAll();
                }
                TimeUnit.NANOSECONDS.timedWait(lock, Math.max(left, 1_000_000));
            }
            clean.removeAll(addresses);
            return true;
        }
    }

    /** What keeps entries from being deleted, in words for an operator. */
    Optional<String> problem() {
        return Optional.ofNullable(problem);
    }

    private void work() {
        try (table) {
            Set<IpAddress> cleaned = Set.of();
            while (true) {
                Set<IpAddress> batch;
                synchronized (lock) {
                    inPass = Set.of();
                    remember(cleaned);
                    lock.notifyAll();
                    while (waiting.isEmpty() && !isClosed) {
                        lock.wait();
                    }
                    if (waiting.isEmpty()) {
                        return;
                    }
                    gather();
                    batch = Set.copyOf(waiting);
                    inPass = batch;
                    waiting.clear();
                    isUrgent = false;
                }
                cleaned = pass(batch) ? batch : Set.of();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            stopWaiting();
        }
    }

    /** Whatever has ended the worker: nobody is held up by what it does not do any more. */
    private void stopWaiting() {
        synchronized (lock) {
            if (!isClosed) {
                isClosed = true;
                problem = "connection tracking is not cleaned any more: its thread has ended; restart the daemon";
                LOG.error("{}", problem);
            }
            lock.notifyAll();
        }
    }

    @GuardedBy("lock")
    private void remember(Set<IpAddress> cleaned) {
        if (clean.size() > MOST_CLEAN) {
            clean.clear();
        }
        clean.addAll(cleaned);
        // Routed and released meanwhile, or another host's.
        clean.removeAll(waiting);
        Set<Cidr> used = usedMeanwhile;
        clean.removeIf(address -> isIn(used, address));
        if (waiting.isEmpty()) {
            usedMeanwhile.clear();
        }
    }

    @GuardedBy("lock")
    private void gather() throws InterruptedException {
        long end = System.nanoTime() + gatheringNanos;
        for (long left = gatheringNanos; left > 0 && !isUrgent && !isClosed; left = end - System.nanoTime()) {
            TimeUnit.NANOSECONDS.timedWait(lock, Math.max(left, 1_000_000));
        }
    }

    /** False if it failed. */
    private boolean pass(Set<IpAddress> batch) {
        long start = System.nanoTime();
        try {
            table.deleteEntriesOf(batch);
            problem = null;
            LOG.debug("connection tracking cleaned of {} in {} ms", batch, (System.nanoTime() - start) / 1_000_000);
            return true;
        } catch (RuntimeException e) {
            // The addresses are given free all the same: nobody could ever be helped by waiting.
            String text = "connection tracking still has flows of addresses that went: " + e.getMessage();
            if (!text.equals(problem)) {
                LOG.warn("{}", text);
            }
            problem = text;
            return false;
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
