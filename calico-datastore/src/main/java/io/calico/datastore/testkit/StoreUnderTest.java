package io.calico.datastore.testkit;

import io.calico.datastore.spi.Datastore;
import java.util.Map;

/** One store, empty at first, for one test: what a provider hands to the kit. */
public interface StoreUnderTest extends AutoCloseable {
    /** What a store may be unable to do without being wrong. */
    enum Ability {
        /** {@link StoreUnderTest#open} may be called again while another client is open: both see the same content. */
        SEVERAL_CLIENTS,

        /** {@link StoreUnderTest#compact} works. */
        COMPACTION,

        /** The content is still there when all clients were closed and one is opened again. */
        DURABLE
    }

    /** A new client of the store; the test closes it. */
    Datastore open();

    /** Makes the store forget all revisions before the newest. */
    void compact();

    /** What this store cannot do, each with the reason, which is shown for the tests that are skipped. */
    default Map<Ability, String> missing() {
        return Map.of();
    }

    /** Deletes what the test left behind. */
    @Override
    default void close() {}
}
