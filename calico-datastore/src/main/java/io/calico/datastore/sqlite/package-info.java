/**
 * The embedded store: one SQLite file, {@code sqlite:PATH}, used by several processes at once. Entry point
 * {@link io.calico.datastore.sqlite.SqliteDatastoreProvider}. Needs {@code org.xerial:sqlite-jdbc}, an optional dependency;
 * the only package that knows {@code java.sql}. Knows {@code spi} only. Thread-safe.
 *
 * <pre>
 * SqliteDatastore   the SPI: reads on the caller's thread, writes by the writer
 * SqliteFile        path, rights, schema, opening of connections
 * SqliteConnection  one connection with its prepared statements
 * SqliteReader      get, list, changes: queries on a few connections
 * SqliteWriter      the one thread that writes; several transactions of one process share a disk flush
 * SqliteTables      the writes themselves: transactions, leases, compaction
 * CommitNotice      wakes watches after commits of this and of other processes
 * </pre>
 */
@NullMarked
package io.calico.datastore.sqlite;

import org.jspecify.annotations.NullMarked;
