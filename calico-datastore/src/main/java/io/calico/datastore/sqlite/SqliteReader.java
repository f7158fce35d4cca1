package io.calico.datastore.sqlite;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.calico.datastore.spi.DatastoreException;
import io.calico.datastore.spi.KeyValue;
import io.calico.datastore.spi.ListRequest;
import io.calico.datastore.spi.Page;
import io.calico.datastore.spi.WatchEvent;
import io.calico.datastore.spi.WatchSource.Batch;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;

/**
 * Queries, on at most {@value #CONNECTIONS} connections that are opened as needed. A query runs in a snapshot: what it
 * returns and the revision it says are of one moment. Thread-safe.
 */
final class SqliteReader implements AutoCloseable {
    private static final int CONNECTIONS = 4;

    /** A watch is handed at most about this many events, or characters of values, at once. */
    private static final int BATCH_EVENTS = 1_000;

    private static final int BATCH_CHARS = 4 << 20;

    private static final String NEWEST =
            "SELECT value, create_revision, mod_revision FROM version WHERE key = ? ORDER BY mod_revision DESC LIMIT 1";

    private static final String NEWEST_REVISIONS = """
            SELECT create_revision, mod_revision, value IS NULL FROM version
            WHERE key = ? ORDER BY mod_revision DESC LIMIT 1""";

    private static final String LIST = """
            SELECT v.key, v.value, v.create_revision, v.mod_revision
            FROM (SELECT key, max(mod_revision) AS newest FROM version
                  WHERE key >= ? AND key < ? AND mod_revision <= ? GROUP BY key) n
            JOIN version v ON v.key = n.key AND v.mod_revision = n.newest
            WHERE v.value IS NOT NULL ORDER BY n.key LIMIT ?""";

    private static final String CHANGES = """
            SELECT key, value, create_revision, mod_revision FROM version
            WHERE mod_revision > ? AND mod_revision <= ? AND key >= ? AND key < ? ORDER BY mod_revision, key""";

    private final SqliteFile file;
    private final Semaphore turns = new Semaphore(CONNECTIONS, true);
    private final Object lock = new Object();

    @GuardedBy("lock")
    private final Deque<SqliteConnection> idle = new ArrayDeque<>();

    @GuardedBy("lock")
    private boolean closed;

    SqliteReader(SqliteFile file) {
        this.file = file;
    }

    /** A query on one connection. */
    @FunctionalInterface
    interface Query<T> {
        T run(SqliteConnection connection) throws SQLException;
    }

    Optional<KeyValue> get(String key) {
        return read("reading " + key, connection -> current(connection, key));
    }

    /** The newest state of a key, in the connection's transaction. */
    static Optional<KeyValue> current(SqliteConnection connection, String key) throws SQLException {
        Optional<Optional<KeyValue>> newest = connection.queryFirst(
                NEWEST, row -> record(key, row.getString(1), row.getLong(2), row.getLong(3)), key);
        return newest.flatMap(record -> record);
    }

    /** The newest state of a key without its value, which need not be read for that. */
    static Optional<Revisions> currentRevisions(SqliteConnection connection, String key) throws SQLException {
        Optional<Revisions> newest = connection.queryFirst(
                NEWEST_REVISIONS, row -> new Revisions(row.getLong(1), row.getLong(2), row.getBoolean(3)), key);
        return newest.filter(revisions -> !revisions.isDeleted());
    }

    /** When a key was made and last written. */
    record Revisions(long created, long modified, boolean isDeleted) {}

    Page list(ListRequest request) {
        return read(
                "listing " + request.prefix(),
                connection -> connection.inSnapshot(() -> {
                    long at = request.revision() == 0
                            ? connection.queryNumber("SELECT revision FROM store")
                            : request.revision();
                    requireReadable(connection, at);
                    List<KeyValue> records = connection.query(
                            LIST,
                            row -> new KeyValue(row.getString(1), row.getString(2), row.getLong(3), row.getLong(4)),
                            request.fromKey().orElse(request.prefix()),
                            afterPrefix(request.prefix()),
                            at,
                            request.limit() == Integer.MAX_VALUE ? Integer.MAX_VALUE : request.limit() + 1);
                    if (records.size() <= request.limit()) {
                        return new Page(records, at, Optional.empty());
                    }
                    String next = records.get(request.limit()).key();
                    return new Page(records.subList(0, request.limit()), at, Optional.of(next));
                }));
    }

    /** Whole transactions after the revision, as many as make a good batch; may be none. */
    Batch changes(String prefix, long after) {
        return read(
                "watching " + prefix,
                connection -> connection.inSnapshot(() -> {
                    long newest = requireReadable(connection, after);
                    Collector collector = new Collector();
                    connection.queryEach(CHANGES, collector::wantsMore, after, newest, prefix, afterPrefix(prefix));
                    return collector.batch(newest);
                }));
    }

    /** Collects rows until a transaction ends beyond the size of a batch. Confined to one query. */
    private static final class Collector {
        private final List<WatchEvent> events = new ArrayList<>();
        private long chars;
        private boolean stoppedEarly;

        private boolean wantsMore(ResultSet row) throws SQLException {
            long revision = row.getLong(4);
            boolean full = events.size() >= BATCH_EVENTS || chars >= BATCH_CHARS;
            if (full && events.get(events.size() - 1).revision() != revision) {
                stoppedEarly = true;
                return false;
            }
            String key = row.getString(1);
            String value = row.getString(2);
            chars += value == null ? 0 : value.length();
            events.add(new WatchEvent(key, record(key, value, row.getLong(3), revision), revision));
            return true;
        }

        private Batch batch(long newest) {
            return new Batch(
                    events, stoppedEarly ? events.get(events.size() - 1).revision() : newest);
        }
    }

    private static Optional<KeyValue> record(String key, @Nullable String value, long created, long modified) {
        return value == null ? Optional.empty() : Optional.of(new KeyValue(key, value, created, modified));
    }

    /** The first text after all that start with the prefix: its last character, a slash, one up. */
    private static String afterPrefix(String prefix) {
        return prefix.substring(0, prefix.length() - 1) + (char) ('/' + 1);
    }

    /** Refuses revisions that are too old or not there; returns the newest. */
    private static long requireReadable(SqliteConnection connection, long at) throws SQLException {
        long newest = connection.queryNumber("SELECT revision FROM store");
        long compacted = connection.queryNumber("SELECT compacted FROM store");
        if (at > newest) {
            throw new DatastoreException.Compacted(
                    "revision " + at + " is not one of this store, which is at " + newest, newest);
        }
        if (at < compacted) {
            throw new DatastoreException.Compacted(
                    "revision " + at + " was compacted; the oldest is " + compacted, compacted);
        }
        return newest;
    }

    /** Runs a query on a free connection; waits, uninterruptibly, since queries are short. */
    <T> T read(String attempt, Query<T> query) {
        turns.acquireUninterruptibly();
        try {
            file.requireSame();
            SqliteConnection connection = take();
            boolean fine = false;
            try {
                T result = query.run(connection);
                fine = true;
                return result;
            } catch (DatastoreException e) {
                fine = true;
                throw e;
            } finally {
                giveBack(connection, fine);
            }
        } catch (SQLException e) {
            throw SqliteErrors.translate(file.uri(), attempt, e);
        } finally {
            turns.release();
        }
    }

    private SqliteConnection take() throws SQLException {
        synchronized (lock) {
            if (closed) {
                throw new DatastoreException.Closed("the store " + file.uri() + " was closed");
            }
            if (!idle.isEmpty()) {
                return idle.pop();
            }
        }
        return file.connect();
    }

    /** A connection that failed is not used again. */
    private void giveBack(SqliteConnection connection, boolean fine) throws SQLException {
        synchronized (lock) {
            if (fine && !closed) {
                idle.push(connection);
                return;
            }
        }
        connection.close();
    }

    /** Closes the connections; those in use are closed when their query ends. */
    @Override
    public void close() {
        List<SqliteConnection> unused;
        synchronized (lock) {
            closed = true;
            unused = List.copyOf(idle);
            idle.clear();
        }
        for (SqliteConnection connection : unused) {
            try {
                connection.close();
            } catch (SQLException e) {
                throw SqliteErrors.translate(file.uri(), "closing", e);
            }
        }
    }
}
