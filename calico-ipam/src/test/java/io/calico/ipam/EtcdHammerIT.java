package io.calico.ipam;

import static org.assertj.core.api.Assertions.assertThat;

import io.calico.datastore.Datastores;
import io.calico.datastore.StoreKey;
import io.calico.datastore.spi.Datastore;
import io.calico.datastore.spi.Transaction;
import io.calico.model.IpPool;
import io.calico.model.json.ModelJson;
import io.calico.model.net.Cidr;
import io.calico.model.net.IpAddress;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Many hosts on one real etcd. */
class EtcdHammerIT {
    private EtcdProcess etcd;

    @BeforeEach
    void start(@TempDir Path directory) throws IOException {
        etcd = EtcdProcess.start(directory);
    }

    @AfterEach
    void stop() {
        etcd.close();
    }

    private static void put(Datastore store, IpPool pool) {
        store.commit(Transaction.builder()
                .put(new StoreKey.Pool(pool.cidr()).path(), ModelJson.write(pool))
                .build());
    }

    @Test
    void addressesAreGivenOnceAndEverythingIsReturned_I1_I36() throws InterruptedException {
        try (Datastore first = Datastores.open(etcd.uri());
                Datastore second = Datastores.open(etcd.uri());
                Datastore third = Datastores.open(etcd.uri())) {
            put(first, IpPool.of(Cidr.parse("10.0.0.0/23")));
            put(first, IpPool.of(Cidr.parse("fd00::/119")));

            new Hammer(List.of(first, second, third), 4, Scheduler.LONG_RUN ? 1000 : 40).run();

            assertThat(Audit.of(second)).isEmpty();
        }
    }

    @Test
    void thirtyTwoHostsOfAPoolOfSixteenBlocksAllGetAnAddress_T66_I22() throws InterruptedException {
        try (Datastore store = Datastores.open(etcd.uri())) {
            put(store, IpPool.of(Cidr.parse("10.0.0.0/22")));
            Queue<IpAddress> given = new ConcurrentLinkedQueue<>();
            List<Thread> threads = new ArrayList<>();
            for (int i = 0; i < 32; i++) {
                BlockAllocator host = new BlockAllocator(store, "host-" + i);
                threads.add(new Thread(
                        () -> given.addAll(host.autoAssign(Cluster.v4(1)).addresses())));
            }
            threads.forEach(Thread::start);
            for (Thread thread : threads) {
                thread.join();
            }

            assertThat(given).hasSize(32).doesNotHaveDuplicates();
            assertThat(Audit.of(store)).hasSize(32);
            assertThat(Audit.sequences(store)).hasSize(16);
        }
    }
}
