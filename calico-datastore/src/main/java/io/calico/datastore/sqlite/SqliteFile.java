package io.calico.datastore.sqlite;

import io.calico.datastore.spi.DatastoreException;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.sqlite.SQLiteConfig;
import org.sqlite.SQLiteOpenMode;

/**
 * The database file. Tables:
 *
 * <pre>
 * version   key, mod_revision, create_revision, value, lease    every version since the oldest readable revision;
 *                                                               the newest of a key is its state; no value: deleted
 * lease     id, ttl_millis, ends_at                             ends_at: milliseconds of the wall clock
 * store     revision, compacted                                 one row
 * </pre>
 *
 * A header that is not ours, a newer schema version or a page that does not fit is refused before anything is written.
 *
 * <p>Nothing here or elsewhere in this package opens the database or its {@code -shm} and {@code -wal} files except through
 * SQLite: POSIX locks belong to the process, and closing any descriptor of a file drops all its locks, SQLite's included.
 * So the file is made only while it cannot be open (with {@code O_EXCL}), and afterwards only looked at with
 * {@code stat}.
 *
 * <p>Thread-safe.
 */
final class SqliteFile {
    /** How long a write waits for other processes unless said otherwise; their transactions take milliseconds. */
    private static final Duration BUSY_TIMEOUT = Duration.ofSeconds(10);

    /** "CALC" in the header, so that {@code file} and we can tell our databases from others. */
    private static final int APPLICATION_ID = 0x43414c43;

    private static final int SCHEMA_VERSION = 1;

    private static final List<String> SCHEMA = List.of(
            """
            CREATE TABLE version (
              key TEXT NOT NULL,
              mod_revision INTEGER NOT NULL,
              create_revision INTEGER NOT NULL,
              lease TEXT,
              value TEXT,
              PRIMARY KEY (key, mod_revision))""",
            "CREATE INDEX version_by_revision ON version (mod_revision)",
            "CREATE INDEX version_by_lease ON version (lease) WHERE lease IS NOT NULL",
            """
            CREATE TABLE lease (
              id TEXT NOT NULL PRIMARY KEY,
              ttl_millis INTEGER NOT NULL,
              ends_at INTEGER NOT NULL)""",
            """
            CREATE TABLE store (
              only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
              revision INTEGER NOT NULL,
              compacted INTEGER NOT NULL)""",
            "INSERT INTO store VALUES (1, 1, 0)",
            "PRAGMA application_id = " + APPLICATION_ID,
            // Last, so that a version says that all of the schema is there.
            "PRAGMA user_version = " + SCHEMA_VERSION);

    private final Path path;
    private final Duration busyTimeout;
    private volatile @Nullable Object identity;

    SqliteFile(Path path) {
        this(path, BUSY_TIMEOUT);
    }

    SqliteFile(Path path, Duration busyTimeout) {
        this.path = path;
        this.busyTimeout = busyTimeout;
    }

    Path path() {
        return path;
    }

    String uri() {
        return "sqlite:" + path;
    }

    /** The directory whose changes tell watchers of commits. */
    Path noticeDirectory() {
        return path.resolveSibling(path.getFileName() + ".notice");
    }

    /** Makes the file and its schema if they are not there, and checks what is. Several processes may do it at once. */
    void prepare() {
        SqliteLibrary.prepare();
        try {
            createFile();
        } catch (AccessDeniedException e) {
            throw notPermitted(e);
        } catch (IOException e) {
            throw new DatastoreException.Unavailable("creating " + uri() + ": " + e, e);
        }
        if (!Files.isWritable(path) || !Files.isReadable(path)) {
            throw notPermitted(null);
        }
        try (SqliteConnection connection = connect()) {
            refuseForeign(connection);
            useWriteAheadLog(connection);
            createSchema(connection);
            refuseDamaged(connection);
            identity = identityNow();
        } catch (SQLException e) {
            throw SqliteErrors.translate(uri(), "opening", e);
        } catch (IOException e) {
            throw new DatastoreException.Unavailable("opening " + uri() + ": " + e, e);
        }
    }

    private DatastoreException notPermitted(@Nullable Throwable cause) {
        return new DatastoreException.NotPermitted(
                "opening " + uri() + ": no right to read and write it; run as root", cause);
    }

    private void createFile() throws IOException {
        Path directory = path.getParent();
        if (directory != null && !Files.isDirectory(directory)) {
            Files.createDirectories(directory, permissions("rwx------"));
        }
        if (!Files.exists(path)) {
            try {
                Files.createFile(path, permissions("rw-------"));
            } catch (FileAlreadyExistsException e) {
                // Another process was quicker: the same file.
                return;
            }
        }
    }

    static FileAttribute<?> permissions(String text) {
        return PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(text));
    }

    /** A connection with our settings. The file must exist: one that vanished is never made anew by accident. */
    SqliteConnection connect() throws SQLException {
        SQLiteConfig config = new SQLiteConfig();
        config.resetOpenMode(SQLiteOpenMode.CREATE);
        config.setBusyTimeout((int) busyTimeout.toMillis());
        // Else each write is followed by a query for a number that nobody reads.
        config.setGetGeneratedKeys(false);
        SqliteConnection connection = new SqliteConnection(config.createConnection("jdbc:sqlite:" + path));
        // An answered transaction must survive a power cut; NORMAL would lose the last ones.
        connection.execute("PRAGMA synchronous = FULL");
        connection.execute("PRAGMA cache_size = -1000");
        connection.execute("PRAGMA journal_size_limit = 16777216");
        return connection;
    }

    private void refuseForeign(SqliteConnection connection) throws SQLException {
        long application = connection.queryNumber("PRAGMA application_id");
        long version = connection.queryNumber("PRAGMA user_version");
        boolean empty = connection.queryNumber("SELECT count(*) FROM sqlite_schema") == 0;
        if (application == 0 && version == 0 && empty) {
            return;
        }
        if (application != APPLICATION_ID) {
            throw new DatastoreException.Corrupt(
                    uri(),
                    "opening " + uri() + ": the file is a SQLite database of another program; nothing was changed",
                    null);
        }
        if (version > SCHEMA_VERSION) {
            throw new DatastoreException.Corrupt(
                    uri(),
                    "opening " + uri() + ": the file was written by a newer version (schema " + version
                            + ", this one knows up to " + SCHEMA_VERSION
                            + "); upgrade this program; nothing was changed",
                    null);
        }
    }

    /** Changing the journal's mode does not wait for locks by itself. */
    private void useWriteAheadLog(SqliteConnection connection) throws SQLException {
        long deadline = System.nanoTime() + busyTimeout.toNanos();
        while (true) {
            try {
                connection.execute("PRAGMA journal_mode = WAL");
                return;
            } catch (SQLException e) {
                if (!SqliteErrors.isBusy(e) || System.nanoTime() > deadline) {
                    throw e;
                }
            }
        }
    }

    private void createSchema(SqliteConnection connection) throws SQLException {
        if (connection.queryNumber("PRAGMA user_version") == SCHEMA_VERSION) {
            return;
        }
        connection.inTransaction(
                "BEGIN IMMEDIATE",
                () -> {
                    if (connection.queryNumber("PRAGMA user_version") == 0) {
                        for (String statement : SCHEMA) {
                            connection.execute(statement);
                        }
                    }
                    return true;
                },
                "COMMIT");
    }

    private void refuseDamaged(SqliteConnection connection) throws SQLException {
        List<String> complaints = connection.query("PRAGMA quick_check(3)", row -> row.getString(1));
        if (!complaints.equals(List.of("ok"))) {
            throw new DatastoreException.Corrupt(
                    uri(),
                    "opening " + uri() + ": the file is damaged (" + String.join("; ", complaints)
                            + "); restore it from a backup, or move it away together with its -wal and -shm files",
                    null);
        }
    }

    /**
     * Refuses to go on after the file at the path was replaced or deleted: what is written to the old one would be lost.
     */
    void requireSame() {
        @Nullable Object now;
        try {
            now = identityNow();
        } catch (IOException e) {
            throw new DatastoreException.Unavailable(uri() + " is gone: it was deleted while it was open", e);
        }
        if (!Objects.equals(identity, now)) {
            throw new DatastoreException.Unavailable(
                    uri() + " was replaced by another file while it was open; restart this program", null);
        }
    }

    private @Nullable Object identityNow() throws IOException {
        return Files.readAttributes(path, BasicFileAttributes.class).fileKey();
    }
}
