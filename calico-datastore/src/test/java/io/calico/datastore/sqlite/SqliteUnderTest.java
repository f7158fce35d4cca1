package io.calico.datastore.sqlite;

import io.calico.datastore.spi.Datastore;
import io.calico.datastore.testkit.StoreUnderTest;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Comparator;
import java.util.stream.Stream;

/** A database in a temporary folder, deleted afterwards. */
public final class SqliteUnderTest implements StoreUnderTest {
    private final Path folder;

    /** An empty store. */
    public SqliteUnderTest() {
        try {
            folder = Files.createTempDirectory("calico-sqlite-test");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The database file, which the first call makes. */
    public Path path() {
        return folder.resolve("calico.db");
    }

    @Override
    public Datastore open() {
        return new SqliteDatastore(new SqliteFile(path()), Clock.systemUTC());
    }

    @Override
    public void compact() {
        try (SqliteDatastore store = new SqliteDatastore(new SqliteFile(path()), Clock.systemUTC())) {
            store.compact();
        }
    }

    @Override
    public void close() {
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
