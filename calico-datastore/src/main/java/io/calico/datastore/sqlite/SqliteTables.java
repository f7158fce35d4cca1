package io.calico.datastore.sqlite;

import io.calico.datastore.spi.DatastoreException;
import io.calico.datastore.spi.KeyOrder;
import io.calico.datastore.spi.KeyValue;
import io.calico.datastore.spi.Transaction;
import io.calico.datastore.spi.Transaction.Compare;
import io.calico.datastore.spi.Transaction.Write;
import io.calico.datastore.spi.TransactionResult;
import io.calico.datastore.spi.WatchEvent;
import io.calico.datastore.sqlite.SqliteReader.Revisions;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The writes, each within the caller's {@code BEGIN IMMEDIATE}. What is refused is refused before anything was written, so
 * several of them can share a transaction of SQLite's. Stateless; see {@link SqliteFile} for the tables.
 */
final class SqliteTables {
    /** The keys whose newest version is under a lease. */
    private static final String KEYS_OF_LEASE = """
            SELECT key FROM version AS v WHERE lease = ? AND value IS NOT NULL
            AND mod_revision = (SELECT max(mod_revision) FROM version WHERE key = v.key) ORDER BY key""";

    /**
     * What each version in the range has overwritten: its predecessor only. Those before that were overwritten by another one of the
     * range, or by one that was compacted earlier. To name them all again takes the square of a hot key's number of versions.
     */
    private static final String FORGET_OVERWRITTEN = """
            DELETE FROM version WHERE rowid IN (
              SELECT (
                SELECT old.rowid FROM version AS old
                WHERE old.key = newer.key AND old.mod_revision < newer.mod_revision
                ORDER BY old.mod_revision DESC LIMIT 1)
              FROM version AS newer
              WHERE newer.mod_revision > ? AND newer.mod_revision <= ?)""";

    private SqliteTables() {}

    static long revision(SqliteConnection connection) throws SQLException {
        return connection.queryNumber("SELECT revision FROM store");
    }

    static TransactionResult commit(SqliteConnection connection, Transaction transaction, RecentChanges recent)
            throws SQLException {
        for (Write write : transaction.writes()) {
            if (write.lease().isPresent()) {
                requireLease(connection, write.lease().get().id());
            }
        }
        for (Compare compare : transaction.compares()) {
            Optional<Revisions> current = SqliteReader.currentRevisions(connection, compare.key());
            if (current.map(Revisions::modified).orElse(0L) != compare.modRevision()) {
                Map<String, Optional<KeyValue>> reads = new HashMap<>();
                for (String key : transaction.elseReads()) {
                    reads.put(key, SqliteReader.current(connection, key));
                }
                return new TransactionResult(false, revision(connection), reads);
            }
        }
        return new TransactionResult(true, write(connection, transaction.writes(), recent), Map.of());
    }

    /** Makes the writes at one new revision; the newest revision afterwards. */
    private static long write(SqliteConnection connection, List<Write> writes, RecentChanges recent)
            throws SQLException {
        long before = revision(connection);
        long revision = before + 1;
        List<WatchEvent> events = new ArrayList<>();
        for (Write write : writes) {
            Optional<Revisions> current = SqliteReader.currentRevisions(connection, write.key());
            if (write.value().isPresent() || current.isPresent()) {
                long created = current.map(Revisions::created).orElse(revision);
                connection.update(
                        "INSERT INTO version (key, mod_revision, create_revision, lease, value) VALUES (?, ?, ?, ?, ?)",
                        write.key(),
                        revision,
                        created,
                        write.lease().map(lease -> lease.id()).orElse(null),
                        write.value().orElse(null));
                events.add(new WatchEvent(
                        write.key(),
                        write.value().map(value -> new KeyValue(write.key(), value, created, revision)),
                        revision));
            }
        }
        if (events.isEmpty()) {
            return before;
        }
        connection.update("UPDATE store SET revision = ?", revision);
        events.sort(Comparator.comparing(WatchEvent::key, KeyOrder.BY_UTF8_BYTES));
        recent.wrote(revision, events);
        return revision;
    }

    static void grant(SqliteConnection connection, String id, long millis, long now) throws SQLException {
        connection.update("INSERT INTO lease (id, ttl_millis, ends_at) VALUES (?, ?, ?)", id, millis, now + millis);
    }

    static void keepAlive(SqliteConnection connection, String id, long now) throws SQLException {
        if (connection.update("UPDATE lease SET ends_at = ? + ttl_millis WHERE id = ? AND ends_at > ?", now, id, now)
                == 0) {
            throw ended(id);
        }
    }

    private static void requireLease(SqliteConnection connection, String id) throws SQLException {
        if (connection.queryNumber("SELECT count(*) FROM lease WHERE id = ?", id) == 0) {
            throw ended(id);
        }
    }

    private static DatastoreException ended(String id) {
        return new DatastoreException.NotFound("lease " + id + " has ended");
    }

    static void endLease(SqliteConnection connection, String id, RecentChanges recent) throws SQLException {
        List<String> keys = connection.query(KEYS_OF_LEASE, row -> row.getString(1), id);
        write(
                connection,
                keys.stream()
                        .map(key -> new Write(key, Optional.empty(), Optional.empty()))
                        .toList(),
                recent);
        connection.update("DELETE FROM lease WHERE id = ?", id);
    }

    /** Ends the leases whose time is over. */
    static void endDueLeases(SqliteConnection connection, long now, RecentChanges recent) throws SQLException {
        for (String id : connection.query("SELECT id FROM lease WHERE ends_at <= ?", row -> row.getString(1), now)) {
            endLease(connection, id, recent);
        }
    }

    /** Forgets how things were before the revision, which must not be newer than the newest. */
    static void compact(SqliteConnection connection, long revision, RecentChanges recent) throws SQLException {
        long before = connection.queryNumber("SELECT compacted FROM store");
        if (revision > before) {
            connection.update(FORGET_OVERWRITTEN, before, revision);
            connection.update(
                    "DELETE FROM version WHERE mod_revision > ? AND mod_revision <= ? AND value IS NULL",
                    before,
                    revision);
            connection.update("UPDATE store SET compacted = ?", revision);
            recent.forgetUpTo(revision);
        }
    }
}
