package io.calico.libnetwork.reconcile;

import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks for leftovers at the start, when an engine has been found, and about once a minute, on a thread of its own, {@code
 * calico-reconcile-1}. Thread-safe.
 */
public final class PeriodicReconciler implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(PeriodicReconciler.class);

    private final Reconciler reconciler;
    private final Duration period;
    private final Semaphore wanted = new Semaphore(0);
    private final Thread thread = new Thread(this::run, "calico-reconcile-1");
    private volatile boolean closed;
    private volatile List<String> problems = List.of();

    /** Confined to the thread: what has been logged and is still so. */
    private Set<String> reported = new HashSet<>();

    /**
     * Does no I/O.
     *
     * @param period between two looks, less or more by a tenth so that hosts do not keep step
     */
    public PeriodicReconciler(Reconciler reconciler, Duration period) {
        this.reconciler = reconciler;
        this.period = period;
        this.thread.setDaemon(true);
    }

    /** Begins with a first look. Once. */
    public void start() {
        thread.start();
    }

    /** Asks for a look soon. Does not block. */
    public void lookSoon() {
        if (wanted.availablePermits() == 0) {
            wanted.release();
        }
    }

    /** What the last look found for an operator, one line each. Does not block. */
    public List<String> problems() {
        return problems;
    }

    private void run() {
        while (!closed) {
            try {
                look();
                if (wanted.tryAcquire(pause(), TimeUnit.MILLISECONDS)) {
                    wanted.drainPermits();
                }
            } catch (InterruptedException e) {
                return;
            }
        }
    }

    private long pause() {
        long millis = period.toMillis();
        return millis - millis / 10 + ThreadLocalRandom.current().nextLong(Math.max(1, millis / 5));
    }

    private void look() throws InterruptedException {
        try {
            Report report = reconciler.look(Reconciler.Mode.MEND);
            List<String> now = report.problems();
            now.stream().filter(problem -> !reported.contains(problem)).forEach(problem -> LOG.warn("{}", problem));
            reported = new HashSet<>(now);
            problems = now;
        } catch (RuntimeException e) {
            if (!closed) {
                LOG.warn("could not look for leftovers: {}", e.toString());
            }
        }
    }

    /** Ends the thread, after the step that it is at; less than a second. Idempotent. */
    @Override
    public void close() {
        closed = true;
        thread.interrupt();
        try {
            thread.join(900);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
