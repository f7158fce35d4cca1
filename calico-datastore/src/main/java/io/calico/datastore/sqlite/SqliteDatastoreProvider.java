package io.calico.datastore.sqlite;

import io.calico.datastore.spi.Datastore;
import io.calico.datastore.spi.DatastoreProvider;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Map;
import java.util.Set;

/**
 * {@code sqlite:PATH}. The path is taken relative to the working directory if it does not start with a slash; the file and
 * its directory are made, for their owner only, if they do not exist. Local file systems only: SQLite's locks and shared
 * memory do not work on network file systems.
 */
public final class SqliteDatastoreProvider implements DatastoreProvider {
    private static final String PREFIX = "sqlite:";

    /** For {@link java.util.ServiceLoader}. */
    public SqliteDatastoreProvider() {}

    @Override
    public Set<String> schemes() {
        return Set.of("sqlite");
    }

    @Override
    public Datastore open(String uri, Map<String, String> environment) {
        String path = uri.substring(PREFIX.length());
        // In JDBC's URL a question mark would begin parameters.
        if (path.isEmpty() || path.endsWith("/") || path.indexOf('?') >= 0) {
            throw new IllegalArgumentException(
                    "datastore '" + uri + "': write sqlite:PATH with the path of a file, without '?'");
        }
        try {
            Path file = Path.of(path).toAbsolutePath().normalize();
            return new SqliteDatastore(new SqliteFile(file), Clock.systemUTC());
        } catch (InvalidPathException e) {
            throw new IllegalArgumentException("datastore '" + uri + "': " + e.getMessage(), e);
        }
    }
}
