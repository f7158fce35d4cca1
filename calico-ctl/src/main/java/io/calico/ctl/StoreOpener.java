package io.calico.ctl;

import io.calico.datastore.Datastores;
import io.calico.datastore.spi.Datastore;
import io.calico.datastore.unix.UnixDatastore;
import java.nio.file.Path;
import java.util.Map;

/** Opens a datastore by its URI. Tests hand in one that opens theirs. */
@FunctionalInterface
interface StoreOpener {
    /**
     * The store; does no I/O.
     *
     * @throws IllegalArgumentException if the URI is not valid
     */
    Datastore open(String uri, Map<String, String> environment);

    /** Opens stores of every kind, and that of the running node without looking for other kinds: it is the usual one. */
    static Datastore open(String uri, Map<String, String> environment, Path daemonSocket) {
        return uri.equals("unix:" + daemonSocket) ? new UnixDatastore(daemonSocket) : Datastores.open(uri, environment);
    }
}
