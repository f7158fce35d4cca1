package io.calico.examples.provider;

import io.calico.datastore.spi.Datastore;
import io.calico.datastore.spi.DatastoreProvider;
import java.util.Map;
import java.util.Set;

/** {@code snapshot:}, an example of a datastore provider. */
public final class SnapshotProvider implements DatastoreProvider {
    /** For {@link java.util.ServiceLoader}. */
    public SnapshotProvider() {}

    @Override
    public Set<String> schemes() {
        return Set.of("snapshot");
    }

    @Override
    public Datastore open(String uri, Map<String, String> environment) {
        return new SnapshotDatastore(uri);
    }
}
