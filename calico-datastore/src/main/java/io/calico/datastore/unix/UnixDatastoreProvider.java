package io.calico.datastore.unix;

import io.calico.datastore.spi.Datastore;
import io.calico.datastore.spi.DatastoreProvider;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;

/** {@code unix:PATH}: the store that a node daemon serves on that socket. */
public final class UnixDatastoreProvider implements DatastoreProvider {
    /** Longest path of a Unix socket, without the closing NUL ({@code sun_path} of {@code <sys/un.h>}). */
    private static final int MAX_PATH = 107;

    /** For {@link java.util.ServiceLoader}. */
    public UnixDatastoreProvider() {}

    @Override
    public Set<String> schemes() {
        return Set.of(UnixDatastore.SCHEME);
    }

    @Override
    public Datastore open(String uri, Map<String, String> environment) {
        String path = uri.substring(UnixDatastore.SCHEME.length() + 1);
        if (!path.startsWith("/") || path.length() > MAX_PATH || path.indexOf('\0') >= 0) {
            throw new IllegalArgumentException(
                    "datastore '" + uri + "': write unix:PATH with the absolute path of a socket" + " of at most "
                            + MAX_PATH + " characters, as in unix:/run/calico/datastore.sock");
        }
        return new UnixDatastore(Path.of(path));
    }
}
