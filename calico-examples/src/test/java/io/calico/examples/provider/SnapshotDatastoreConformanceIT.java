package io.calico.examples.provider;

import io.calico.datastore.spi.Datastore;
import io.calico.datastore.testkit.DatastoreConformance;
import io.calico.datastore.testkit.StoreUnderTest;
import java.util.Map;

/** All a provider's test has to say. */
class SnapshotDatastoreConformanceIT extends DatastoreConformance {
    @Override
    protected StoreUnderTest newEmptyStore() {
        SnapshotDatastore store = new SnapshotDatastore("snapshot:");
        return new StoreUnderTest() {
            @Override
            public Datastore open() {
                return store;
            }

            @Override
            public void compact() {
                store.compact();
            }

            @Override
            public Map<Ability, String> missing() {
                return Map.of(
                        Ability.SEVERAL_CLIENTS, "each opening is a store of its own",
                        Ability.DURABLE, "the records are in memory only");
            }
        };
    }
}
