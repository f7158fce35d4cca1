package io.calico.datastore;

import io.calico.datastore.spi.Datastore;
import io.calico.datastore.spi.DatastoreException;

/**
 * The record that stands in a store from the first step of an import to its last: as long as it is there, the other records
 * are only a part of what they are to be. Its value says, for people, where they come from.
 */
public final class ImportMarker {
    /** Where the record is. */
    public static final String KEY = "/calico/datastore/v1/import";

    private ImportMarker() {}

    /**
     * Returns if the store's records are whole.
     *
     * @throws DatastoreException.Corrupt if an import is going on, or was broken off
     */
    public static void requireNone(Datastore store) {
        if (store.get(KEY).isPresent()) {
            throw new DatastoreException.Corrupt(
                    KEY,
                    "an import into the datastore " + store.originUri()
                            + " is going on or was broken off: wait for its end, or repeat it with 'calicoctl datastore"
                            + " import'",
                    null);
        }
    }
}
