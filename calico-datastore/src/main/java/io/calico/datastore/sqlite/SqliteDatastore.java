package io.calico.datastore.sqlite;

import io.calico.datastore.spi.Datastore;
import io.calico.datastore.spi.DatastoreException;
import io.calico.datastore.spi.KeyValue;
import io.calico.datastore.spi.Lease;
import io.calico.datastore.spi.ListRequest;
import io.calico.datastore.spi.Page;
import io.calico.datastore.spi.TextRules;
import io.calico.datastore.spi.Transaction;
import io.calico.datastore.spi.TransactionResult;
import io.calico.datastore.spi.Watch;
import io.calico.datastore.spi.WatchListener;
import io.calico.datastore.spi.WatchSource;
import io.calico.datastore.spi.Watches;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The embedded store. The first call opens the file. Takes transactions of any number of operations. Leases are counted by
 * the wall clock, which all processes of the machine share: a clock that jumps ahead ends them early. Thread-safe.
 */
final class SqliteDatastore implements Datastore {
    /** How often a store without watches and leases of its own looks for leases that have ended. */
    private static final long LEASE_CHECK_NANOS = TimeUnit.MILLISECONDS.toNanos(500);

    private static final int KEPT_REVISIONS = 10_000;

    private final SqliteFile file;
    private final Clock clock;
    private final RecentChanges recent = new RecentChanges();
    private final SqliteReader reader;
    private final SqliteWriter writer;
    private final CommitNotice notice;
    private final Watches watches = new Watches("sqlite-watch");
    private final Object opening = new Object();
    private final AtomicLong lastLeaseCheck = new AtomicLong();
    private volatile boolean opened;
    private volatile boolean closed;

    /** The store in that file; does no I/O. */
    SqliteDatastore(SqliteFile file, Clock clock) {
        this(file, clock, KEPT_REVISIONS);
    }

    SqliteDatastore(SqliteFile file, Clock clock, int keptRevisions) {
        this.file = file;
        this.clock = clock;
        this.reader = new SqliteReader(file);
        this.notice = new CommitNotice(file, this::endDueLeases);
        this.writer = new SqliteWriter(file, keptRevisions, recent, notice::committed);
    }

    @Override
    public Optional<KeyValue> get(String key) {
        TextRules.requireKey(key);
        open();
        checkLeases();
        return reader.get(key);
    }

    @Override
    public Page list(ListRequest request) {
        open();
        checkLeases();
        return reader.list(request);
    }

    @Override
    public TransactionResult commit(Transaction transaction) {
        open();
        boolean leased =
                transaction.writes().stream().anyMatch(write -> write.lease().isPresent());
        return writer.write("committing a transaction", connection -> {
            if (leased) {
                SqliteTables.endDueLeases(connection, clock.millis(), recent);
            }
            return SqliteTables.commit(connection, transaction, recent);
        });
    }

    @Override
    public Watch watch(String prefix, long afterRevision, WatchListener listener) {
        TextRules.requirePrefix(prefix);
        open();
        notice.start();
        return watches.start(afterRevision, new Changes(prefix), listener);
    }

    /** What one watch is told. Confined to its thread. */
    private final class Changes implements WatchSource {
        private final String prefix;
        /** The file has been asked: only it knows whether the revision to begin with is one of the store, and not compacted. */
        private boolean hasBegun;
        /** The recent changes have told all up to here: there is nothing more to ask the file for before a notice. */
        private long told = -1;

        private Changes(String prefix) {
            this.prefix = prefix;
        }

        @Override
        public Batch next(long after) throws InterruptedException {
            Batch batch = hasBegun ? recent.changes(prefix, after) : new Batch(List.of(), after);
            if (batch.revision() > after) {
                told = batch.revision();
                return batch;
            }
            if (told != after) {
                batch = reader.changes(prefix, after);
                recent.forgetAfter(batch.revision());
                hasBegun = true;
            }
            if (batch.revision() == after) {
                told = -1;
                notice.awaitAfter(after);
            }
            return batch;
        }
    }

    @Override
    public Lease grantLease(Duration timeToLive) {
        if (timeToLive.compareTo(Duration.ofSeconds(1)) < 0) {
            throw new IllegalArgumentException("time to live " + timeToLive + " of a lease is below one second");
        }
        open();
        notice.start();
        String id = UUID.randomUUID().toString();
        writer.write("granting a lease", connection -> {
            SqliteTables.grant(connection, id, timeToLive.toMillis(), clock.millis());
            return id;
        });
        return new SqliteLease(id, timeToLive);
    }

    /** A lease by its id; all else is in the table. */
    private final class SqliteLease implements Lease {
        private final String id;
        private final Duration timeToLive;

        private SqliteLease(String id, Duration timeToLive) {
            this.id = id;
            this.timeToLive = timeToLive;
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
            open();
            writer.write("renewing lease " + id, connection -> {
                long now = clock.millis();
                // Also if this one has ended, which is refused next: then its records are gone when the caller hears
                // it.
                SqliteTables.endDueLeases(connection, now, recent);
                SqliteTables.keepAlive(connection, id, now);
                return id;
            });
        }

        @Override
        public void close() {
            open();
            writer.write("ending lease " + id, connection -> {
                SqliteTables.endLease(connection, id, recent);
                return id;
            });
        }

        @Override
        public String toString() {
            return "lease " + id;
        }
    }

    /** Forgets how things were before the newest revision: watches that are behind it are told 'compacted'. */
    void compact() {
        open();
        writer.write("compacting", connection -> {
            long revision = SqliteTables.revision(connection);
            SqliteTables.compact(connection, revision, recent);
            return revision;
        });
    }

    private void open() {
        requireNotClosed();
        if (!opened) {
            synchronized (opening) {
                requireNotClosed();
                if (!opened) {
                    file.prepare();
                    opened = true;
                }
            }
        }
    }

    private void requireNotClosed() {
        if (closed) {
            throw new DatastoreException.Closed("the store " + file.uri() + " was closed");
        }
    }

    /** Reads must not show leases that ended long ago, even if every process that would end them is gone. */
    private void checkLeases() {
        long now = System.nanoTime();
        long last = lastLeaseCheck.get();
        boolean due = last == 0 || now - last >= LEASE_CHECK_NANOS;
        if (!notice.isRunning() && due && lastLeaseCheck.compareAndSet(last, now)) {
            endDueLeases();
        }
    }

    private void endDueLeases() {
        long now = clock.millis();
        boolean due = reader.read(
                "looking for ended leases",
                connection -> connection.queryNumber("SELECT count(*) FROM lease WHERE ends_at <= ?", now) > 0);
        if (due) {
            writer.write("ending leases", connection -> {
                SqliteTables.endDueLeases(connection, now, recent);
                return now;
            });
        }
    }

    @Override
    public String uri() {
        return file.uri();
    }

    @Override
    public void close() {
        closed = true;
        watches.close();
        notice.close();
        writer.close();
        reader.close();
    }

    @Override
    public String toString() {
        return uri();
    }
}
