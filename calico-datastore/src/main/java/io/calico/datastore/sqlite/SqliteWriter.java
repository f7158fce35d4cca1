package io.calico.datastore.sqlite;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.calico.datastore.spi.DatastoreException;
import java.sql.SQLException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The one thread of this process that writes, {@code calico-sqlite-writer-1}. Whatever has queued up while it was busy it
 * executes in one transaction of SQLite's, so that many callers share one flush to the disk:
 *
 * <pre>
 * BEGIN IMMEDIATE · job · job · job · COMMIT (flush) → notice to watchers → answers
 * </pre>
 *
 * <p>Always {@code IMMEDIATE}: a read that turns into a write fails at once, whatever the busy time-out, if another process
 * wrote in between. A job that is refused has written nothing and does not hurt the others; if SQLite fails, all fail.
 * If {@code COMMIT} itself fails for another reason than the lock, the jobs may be on the disk: 'unknown result'.
 *
 * <p>Thread-safe.
 */
final class SqliteWriter implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(SqliteWriter.class);
    private static final long CLOSE_WAIT_MILLIS = 5_000;
    private static final int MOST_JOBS = 64;

    private final SqliteFile file;
    private final int keptRevisions;
    private final RecentChanges recent;
    private final LongConsumer afterCommit;
    private final Thread thread = new Thread(this::run, "calico-sqlite-writer-1");
    private final Object lock = new Object();

    @GuardedBy("lock")
    private final Deque<Job<?>> queue = new ArrayDeque<>();

    @GuardedBy("lock")
    private boolean started;

    @GuardedBy("lock")
    private boolean closed;

    // Confined to the thread: a revision that the store had, and when.
    private long pastRevision;
    private long pastNanos = System.nanoTime();

    /**
     * A writer whose thread starts with the first write.
     *
     * @param keptRevisions are kept for watches and lists at an old revision; compaction begins when there are twice as
     *     many, and leaves what is younger than a second
     * @param recent is told what became of a transaction
     * @param afterCommit gets the newest revision after each commit, on the writer's thread, before the answers
     */
    SqliteWriter(SqliteFile file, int keptRevisions, RecentChanges recent, LongConsumer afterCommit) {
        this.file = file;
        this.keptRevisions = keptRevisions;
        this.recent = recent;
        this.afterCommit = afterCommit;
        this.thread.setDaemon(true);
    }

    /** One caller's write. */
    @FunctionalInterface
    interface Work<T> {
        /** Throws {@link DatastoreException} if it is refused; then it has written nothing. */
        T run(SqliteConnection connection) throws SQLException;
    }

    /** A write on its way; its caller waits on it. */
    private static final class Job<T> {
        private final String attempt;
        private final Work<T> work;

        @GuardedBy("this")
        private boolean begun;

        @GuardedBy("this")
        private boolean done;

        @GuardedBy("this")
        private @Nullable T result;

        @GuardedBy("this")
        private @Nullable RuntimeException failure;

        // Confined to the writer, between execution and commit.
        private @Nullable T pendingResult;
        private @Nullable RuntimeException pendingFailure;

        private Job(String attempt, Work<T> work) {
            this.attempt = attempt;
            this.work = work;
        }

        /** Says whether to go on with it: its caller may have given up. */
        private synchronized boolean begin() {
            begun = !done;
            return begun;
        }

        private void execute(SqliteConnection connection) throws SQLException {
            try {
                pendingResult = work.run(connection);
            } catch (DatastoreException e) {
                pendingFailure = e;
            }
        }

        private synchronized void answer() {
            result = pendingResult;
            failure = pendingFailure;
            done = true;
            notifyAll();
        }

        private synchronized void fail(RuntimeException why) {
            if (!done) {
                failure = why;
                done = true;
                notifyAll();
            }
        }

        private synchronized T await() {
            while (!done) {
                try {
                    wait();
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                    done = true;
                    throw begun
                            ? new DatastoreException.UnknownResult(
                                    attempt + ": interrupted while it was being written", e)
                            : new DatastoreException.Unavailable(attempt + ": interrupted before it was written", e);
                }
            }
            if (failure != null) {
                throw failure;
            }
            // A job's result is null only if it has failed.
            return Objects.requireNonNull(result);
        }
    }

    /** Writes, and waits until it is on the disk. */
    <T> T write(String attempt, Work<T> work) {
        Job<T> job = new Job<>(attempt + " in " + file.uri(), work);
        synchronized (lock) {
            if (closed) {
                throw closedStore();
            }
            queue.add(job);
            if (!started) {
                started = true;
                thread.start();
            }
            lock.notifyAll();
        }
        return job.await();
    }

    private DatastoreException.Closed closedStore() {
        return new DatastoreException.Closed("the store " + file.uri() + " was closed");
    }

    private void run() {
        @Nullable SqliteConnection connection = null;
        try {
            List<Job<?>> jobs = take();
            while (!jobs.isEmpty()) {
                try {
                    if (connection == null) {
                        connection = file.connect();
                    }
                    commitTogether(connection, jobs);
                    compactIfDue(connection);
                } catch (SQLException e) {
                    DatastoreException why = SqliteErrors.translate(file.uri(), "writing", e);
                    jobs.forEach(job -> job.fail(why));
                    // Whatever it is, the next write begins on a connection without a past.
                    closeQuietly(connection);
                    connection = null;
                } catch (RuntimeException e) {
                    jobs.forEach(job -> job.fail(e));
                    closeQuietly(connection);
                    connection = null;
                }
                jobs = take();
            }
        } finally {
            closeQuietly(connection);
        }
    }

    /** Waits for jobs; empty: the writer is closed, and nothing is left. */
    private List<Job<?>> take() {
        synchronized (lock) {
            while (queue.isEmpty() && !closed) {
                try {
                    lock.wait();
                } catch (InterruptedException e) {
                    // Only close() ends this thread.
                    LOG.debug("The writer of {} was interrupted", file.uri(), e);
                }
            }
            List<Job<?>> jobs = new ArrayList<>();
            while (!queue.isEmpty() && jobs.size() < MOST_JOBS) {
                jobs.add(queue.remove());
            }
            return jobs;
        }
    }

    private void commitTogether(SqliteConnection connection, List<Job<?>> jobs) throws SQLException {
        List<Job<?>> begun = jobs.stream().filter(Job::begin).toList();
        if (begun.isEmpty()) {
            return;
        }
        file.requireSame();
        boolean[] executed = new boolean[1];
        recent.begin();
        try {
            long revision = connection.inTransaction(
                    "BEGIN IMMEDIATE",
                    () -> {
                        for (Job<?> job : begun) {
                            job.execute(connection);
                        }
                        executed[0] = true;
                        return SqliteTables.revision(connection);
                    },
                    "COMMIT");
            recent.committed();
            afterCommit.accept(revision);
            begun.forEach(Job::answer);
        } catch (SQLException e) {
            if (executed[0] && !SqliteErrors.isBusy(e)) {
                // The frames may be in the log although their flush failed: a restart may find them or not.
                DatastoreException.UnknownResult unknown = new DatastoreException.UnknownResult(
                        "writing in " + file.uri() + ": the commit failed: " + e.getMessage(), e);
                begun.forEach(job -> job.fail(unknown));
            }
            throw e;
        }
    }

    private void compactIfDue(SqliteConnection connection) throws SQLException {
        long now = System.nanoTime();
        if (now - pastNanos < TimeUnit.SECONDS.toNanos(1)) {
            return;
        }
        // What was newest a second ago or longer: nothing younger is forgotten, however fast writers are.
        long oldEnough = pastRevision;
        pastNanos = now;
        pastRevision = SqliteTables.revision(connection);
        long target = Math.min(oldEnough, pastRevision - keptRevisions);
        if (target - connection.queryNumber("SELECT compacted FROM store") >= keptRevisions) {
            compact(connection, target);
        }
    }

    private void compact(SqliteConnection connection, long revision) throws SQLException {
        connection.inTransaction(
                "BEGIN IMMEDIATE",
                () -> {
                    SqliteTables.compact(connection, revision, recent);
                    return revision;
                },
                "COMMIT");
    }

    private void closeQuietly(@Nullable SqliteConnection connection) {
        if (connection != null) {
            try {
                connection.close();
            } catch (SQLException e) {
                LOG.warn("Closing {}: {}", file.uri(), e.getMessage());
            }
        }
    }

    /** Finishes what is being written, refuses what waits, and stops the thread. */
    @Override
    public void close() {
        List<Job<?>> refused;
        synchronized (lock) {
            closed = true;
            refused = List.copyOf(queue);
            queue.clear();
            lock.notifyAll();
        }
        refused.forEach(job -> job.fail(closedStore()));
        try {
            thread.join(CLOSE_WAIT_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
