package io.calico.ctl;

import io.calico.datastore.spi.Datastore;
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
}
