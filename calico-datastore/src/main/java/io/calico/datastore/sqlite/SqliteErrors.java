package io.calico.datastore.sqlite;

import io.calico.datastore.spi.DatastoreException;
import java.sql.SQLException;
import org.sqlite.SQLiteException;

/**
 * SQLite's errors as ours. By the result code, which the driver keeps in {@code getResultCode()}:
 * {@code getErrorCode()} is 0 for some of them. The primary code is its low eight bits (sqlite.org/rescode.html).
 */
final class SqliteErrors {
    private static final int PERM = 3;
    private static final int BUSY = 5;
    private static final int LOCKED = 6;
    private static final int READONLY = 8;
    private static final int IOERR = 10;
    private static final int CORRUPT = 11;
    private static final int FULL = 13;
    private static final int CANTOPEN = 14;
    private static final int NOTADB = 26;

    private SqliteErrors() {}

    /** The error of a call that changed nothing. */
    static DatastoreException translate(String uri, String attempt, SQLException e) {
        String text = attempt + " in " + uri + ": ";
        return switch (primaryCode(e)) {
            case BUSY, LOCKED ->
                new DatastoreException.Unavailable(
                        text + "another process has held the lock for longer than we wait", e);
            case CORRUPT, NOTADB ->
                new DatastoreException.Corrupt(
                        uri,
                        text + "the file is damaged or not a database (" + e.getMessage()
                                + "); restore it from a backup, or move it away together with its -wal and -shm files",
                        e);
            case PERM, READONLY ->
                new DatastoreException.NotPermitted(
                        text + "no right to write (" + e.getMessage() + "); run as root", e);
            case FULL -> new DatastoreException.Unavailable(text + "the disk is full", e);
            case IOERR, CANTOPEN ->
                new DatastoreException.Unavailable(text + "the file cannot be read or written: " + e.getMessage(), e);
            default -> new DatastoreException.Unavailable(text + e.getMessage(), e);
        };
    }

    static boolean isBusy(SQLException e) {
        return primaryCode(e) == BUSY;
    }

    private static int primaryCode(SQLException e) {
        return e instanceof SQLiteException sqlite ? sqlite.getResultCode().code & 0xff : -1;
    }
}
