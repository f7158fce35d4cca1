package io.calico.dataplane.linux;

import io.calico.dataplane.linux.netlink.NetlinkException;
import io.calico.dataplane.linux.netlink.Request;
import io.calico.dataplane.linux.netlink.RtNetlink;
import java.time.Duration;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Deletes the links of one group, in the background and many at once: the kernel takes 15 to 25 ms for one pair, but
 * hardly more for thirty in one request. {@link #wake()} is thread-safe; the work is done by a thread of its own.
 *
 * <p>It waits a little between being told and acting. Then a container that stops takes its end back in peace, and a
 * burst of removals costs one deletion.
 */
final class LinkReaper implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(LinkReaper.class);
    /** How long {@link #close()} waits for a last deletion. */
    private static final Duration LAST_DELETION = Duration.ofSeconds(1);

    private final RtNetlink netlink;
    private final int group;
    private final Duration delay;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final Thread worker;
    private boolean isWoken;
    private boolean isClosing;

    /**
     * Not started yet.
     *
     * @param netlink from now on the worker's own; closed with it
     * @param group the group whose links are dead
     * @param delay between being woken and deleting
     */
    LinkReaper(RtNetlink netlink, int group, Duration delay) {
        this.netlink = netlink;
        this.group = group;
        this.delay = delay;
        this.worker = new Thread(this::work, "calico-links-1");
        worker.setDaemon(true);
    }

    void start() {
        worker.start();
    }

    /** Tells that links were added to the group. */
    void wake() {
        lock.lock();
        try {
            isWoken = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private void work() {
        try (netlink) {
            while (awaitWork()) {
                deleteGroup();
            }
        } catch (InterruptedException e) {
            // Told to stop in the middle; what is left is deleted at the next start.
            Thread.currentThread().interrupt();
        }
    }

    /** Waits for work; false when there is none left and none will come. */
    private boolean awaitWork() throws InterruptedException {
        lock.lockInterruptibly();
        try {
            while (!isWoken && !isClosing) {
                changed.await();
            }
            long left = delay.toNanos();
            while (isWoken && !isClosing && left > 0) {
                left = changed.awaitNanos(left);
            }
            boolean hasWork = isWoken;
            isWoken = false;
            return hasWork;
        } finally {
            lock.unlock();
        }
    }

    private void deleteGroup() {
        try {
            netlink.execute(Request.deleteGroup(group));
        } catch (NetlinkException e) {
            if (!e.isAbsent()) {
                // Their interfaces are down, so nothing is open; they are tried again with the next removal.
                LOG.warn("interfaces of removed workloads stay behind: {}", e.getMessage());
            }
        }
    }

    /** Deletes at once what is waiting, and stops. */
    @Override
    public void close() {
        lock.lock();
        try {
            isClosing = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        try {
            worker.join(LAST_DELETION.toMillis());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
