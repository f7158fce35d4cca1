package io.calico.ipam;

import static org.assertj.core.api.Assertions.assertThat;

import io.calico.datastore.Datastores;
import io.calico.datastore.StoreKey;
import io.calico.datastore.spi.Datastore;
import io.calico.datastore.spi.Transaction;
import io.calico.model.IpPool;
import io.calico.model.json.ModelJson;
import io.calico.model.net.Cidr;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Two clients of one SQLite file, as two processes have them, and threads on both. */
class SqliteHammerIT {
    @Test
    void addressesAreGivenOnceAndEverythingIsReturned_I1(@TempDir Path directory) throws InterruptedException {
        String uri = "sqlite:" + directory.resolve("calico.db");
        try (Datastore first = Datastores.open(uri);
                Datastore second = Datastores.open(uri)) {
            put(first, "10.0.0.0/23");
            put(first, "fd00::/119");

            new Hammer(List.of(first, second), 3, Scheduler.LONG_RUN ? 1000 : 60).run();

            assertThat(Audit.of(second)).isEmpty();
        }
    }

    private static void put(Datastore store, String cidr) {
        IpPool pool = IpPool.of(Cidr.parse(cidr));
        store.commit(Transaction.builder()
                .put(new StoreKey.Pool(pool.cidr()).path(), ModelJson.write(pool))
                .build());
    }
}
