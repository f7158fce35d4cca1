package io.calico.datastore.sqlite;

import io.calico.datastore.testkit.DatastoreConformance;
import io.calico.datastore.testkit.StoreUnderTest;

class SqliteDatastoreConformanceIT extends DatastoreConformance {
    @Override
    protected StoreUnderTest newEmptyStore() {
        return new SqliteUnderTest();
    }
}
