package io.calico.datastore.memory;

import io.calico.datastore.spi.Datastore;
import io.calico.datastore.testkit.DatastoreConformance;
import io.calico.datastore.testkit.StoreUnderTest;
import java.util.Map;

class MemoryDatastoreConformanceIT extends DatastoreConformance {
    @Override
    protected StoreUnderTest newEmptyStore() {
        return new MemoryUnderTest();
    }

    private static final class MemoryUnderTest implements StoreUnderTest {
        private final MemoryDatastore content = new MemoryDatastore();

        @Override
        public Datastore open() {
            return content.newClient();
        }

        @Override
        public void compact() {
            content.compact();
        }

        @Override
        public Map<Ability, String> missing() {
            return Map.of();
        }
    }
}
