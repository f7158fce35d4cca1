package io.calico.libnetwork;

import io.calico.datastore.CalicoStore;
import io.calico.datastore.spi.DatastoreException;
import io.calico.datastore.spi.Lease;
import io.calico.model.SignOfLife;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps this host's sign of life in the datastore, under a lease that others see end {@link #TIME_TO_LIVE} after the last
 * renewal. A lease that ended while the datastore was away is replaced, at a random moment of some seconds: all hosts lose
 * theirs at the same time. Thread-safe; works on a thread of its own, {@code calico-alive-1}.
 */
final class Liveness implements AutoCloseable {
    static final Duration TIME_TO_LIVE = Duration.ofSeconds(30);

    private static final Logger LOG = LoggerFactory.getLogger(Liveness.class);
    private static final Duration BETWEEN_RENEWALS = Duration.ofSeconds(10);
    private static final Duration AFTER_FAILURE = Duration.ofSeconds(1);
    private static final Duration SPREAD = Duration.ofSeconds(2);

    private final CalicoStore store;
    private final String host;
    private final SignOfLife ours;
    private final Thread thread = new Thread(this::run, "calico-alive-1");
    private volatile boolean closed;
    private volatile @Nullable Lease lease;
    private volatile Optional<String> problem = Optional.empty();

    /** Does no I/O. */
    Liveness(CalicoStore store, String host, SignOfLife ours) {
        this.store = store;
        this.host = host;
        this.ours = ours;
        this.thread.setDaemon(true);
    }

    /**
     * Announces this host and goes on to do so. Once.
     *
     * @throws NodeSetup.HostNameInUse if another machine is alive under this host's name; nothing was written
     */
    void start() {
        Optional<SignOfLife> other = announce();
        if (other.isPresent()) {
            throw new NodeSetup.HostNameInUse(host, other.get());
        }
        thread.start();
    }

    /** What an operator must know: that another machine has this host's name. Does not block. */
    Optional<String> problem() {
        return problem;
    }

    private Optional<SignOfLife> announce() {
        Lease granted = store.datastore().grantLease(TIME_TO_LIVE);
        Optional<SignOfLife> other = store.nodes().announce(host, ours, granted, this::isOurs);
        if (other.isPresent()) {
            granted.close();
        } else {
            lease = granted;
        }
        return other;
    }

    /** After a boot within the time to live this machine is known by its address alone. */
    private boolean isOurs(SignOfLife found) {
        return found.machine().equals(ours.machine()) || found.ipv4().equals(ours.ipv4());
    }

    private void run() {
        Duration pause = BETWEEN_RENEWALS;
        try {
            while (!closed) {
                Thread.sleep(pause.toMillis());
                pause = renew() ? BETWEEN_RENEWALS : AFTER_FAILURE.plus(random(SPREAD));
            }
        } catch (InterruptedException e) {
            LOG.debug("closed");
        }
    }

    private static Duration random(Duration upTo) {
        return Duration.ofMillis(ThreadLocalRandom.current().nextLong(upTo.toMillis()));
    }

    /** Whether this host is announced for another while. */
    private boolean renew() throws InterruptedException {
        @Nullable Lease current = lease;
        try {
            if (current != null) {
                current.keepAlive();
                return true;
            }
            return announceAnew();
        } catch (DatastoreException.NotFound e) {
            LOG.info("this host counted as dead for a while: its lease ended before it could be renewed");
            lease = null;
            Thread.sleep(random(SPREAD).toMillis());
            return false;
        } catch (DatastoreException e) {
            // The status tells that the datastore is away.
            LOG.debug("not renewed", e);
            return false;
        }
    }

    private boolean announceAnew() {
        Optional<String> before = problem;
        problem = announce().map(other -> NodeSetup.HostNameInUse.text(host, other));
        if (problem.isPresent() && !problem.equals(before)) {
            LOG.error("{}", problem.get());
        }
        return problem.isEmpty();
    }

    /** Ends the sign of life at once, if the datastore answers; less than a second. Idempotent. */
    @Override
    public void close() {
        closed = true;
        thread.interrupt();
        @Nullable Lease current = lease;
        lease = null;
        if (current != null) {
            Thread ending = new Thread(() -> end(current), "calico-alive-2");
            ending.setDaemon(true);
            ending.start();
            try {
                ending.join(700);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private static void end(Lease lease) {
        try {
            lease.close();
        } catch (DatastoreException e) {
            LOG.debug("others see this host as alive until its lease ends", e);
        }
    }
}
