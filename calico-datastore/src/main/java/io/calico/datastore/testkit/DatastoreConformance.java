package io.calico.datastore.testkit;

import org.junit.jupiter.api.Nested;

/**
 * The whole kit. A provider's test extends it and says how to make an empty store; that is all:
 *
 * <pre>{@code
 * class MyStoreConformanceTest extends DatastoreConformance {
 *     @Override
 *     protected StoreUnderTest newEmptyStore() {
 *         return new MyStoreUnderTest();
 *     }
 * }
 * }</pre>
 *
 * What a store cannot do without being wrong is said in {@link StoreUnderTest#missing}, with the reason. The kit takes
 * some ten seconds for a store in memory: leases have to be waited for.
 */
public abstract class DatastoreConformance {
    /** For subclasses. */
    protected DatastoreConformance() {}

    /** An empty store; called once for each test. */
    protected abstract StoreUnderTest newEmptyStore();

    /** Reading and listing. */
    @Nested
    class Reads extends ReadConformance {
        @Override
        protected StoreUnderTest newEmptyStore() {
            return DatastoreConformance.this.newEmptyStore();
        }
    }

    /** Transactions. */
    @Nested
    class Transactions extends TransactionConformance {
        @Override
        protected StoreUnderTest newEmptyStore() {
            return DatastoreConformance.this.newEmptyStore();
        }
    }

    /** Watches. */
    @Nested
    class Watches extends WatchConformance {
        @Override
        protected StoreUnderTest newEmptyStore() {
            return DatastoreConformance.this.newEmptyStore();
        }
    }

    /** Leases. */
    @Nested
    class Leases extends LeaseConformance {
        @Override
        protected StoreUnderTest newEmptyStore() {
            return DatastoreConformance.this.newEmptyStore();
        }
    }

    /** Opening and closing. */
    @Nested
    class Lifecycle extends LifecycleConformance {
        @Override
        protected StoreUnderTest newEmptyStore() {
            return DatastoreConformance.this.newEmptyStore();
        }
    }

    /** Several clients. */
    @Nested
    class Clients extends ClientsConformance {
        @Override
        protected StoreUnderTest newEmptyStore() {
            return DatastoreConformance.this.newEmptyStore();
        }
    }

    /** Many threads. */
    @Nested
    class Concurrency extends ConcurrencyConformance {
        @Override
        protected StoreUnderTest newEmptyStore() {
            return DatastoreConformance.this.newEmptyStore();
        }
    }
}
