package io.calico.datastore.memory;

import io.calico.datastore.spi.Datastore;
import io.calico.datastore.spi.DatastoreProvider;
import java.util.Map;
import java.util.Set;

/** {@code memory:}, a new and empty store at each opening. */
public final class MemoryDatastoreProvider implements DatastoreProvider {
    /** For {@link java.util.ServiceLoader}. */
    public MemoryDatastoreProvider() {}

    @Override
    public Set<String> schemes() {
        return Set.of("memory");
    }

    @Override
    public Datastore open(String uri, Map<String, String> environment) {
        if (!uri.equals(MemoryDatastore.URI)) {
            throw new IllegalArgumentException("datastore '" + uri + "': a memory store has no name; write memory:");
        }
        return new MemoryDatastore();
    }
}
