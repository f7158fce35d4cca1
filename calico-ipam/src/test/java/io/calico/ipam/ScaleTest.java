package io.calico.ipam;

import static io.calico.ipam.Cluster.releases;
import static io.calico.ipam.Cluster.v4;
import static org.assertj.core.api.Assertions.assertThat;

import io.calico.model.net.Cidr;
import io.calico.model.net.IpAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What must not depend on how large the cluster is: counted, and bounded by a generous clock. */
class ScaleTest {
    @Test
    void twoHundredAndFiftyPoolsAreNoBurden_T123() {
        Cluster cluster = new Cluster();
        for (int i = 0; i < 100; i++) {
            cluster.pool("10.1." + i + ".0/26").pool("10.2." + i + ".0/32", 32);
            if (i < 50) {
                cluster.pool(
                        Cidr.of(IpAddress.parse("10.16.0.0").plus(i * 4096L), 20)
                                .toString(),
                        20);
            }
        }
        BlockAllocator host = cluster.host("h");
        long start = System.nanoTime();

        assertThat(host.autoAssign(v4(1)).isComplete()).isTrue();
        assertThat(host.autoAssign(v4(64)).isComplete()).isTrue();
        host.release(releases(host.autoAssign(v4(1)).addresses()));

        assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(5));
    }

    @Test
    void aThousandHostsGetTheirFirstAddressesWithAFifthMoreTransactionsThanHostsAtMost_T124() {
        int hosts = Scheduler.LONG_RUN ? 1000 : 200;
        Cluster cluster = new Cluster().pool("10.0.0.0/16");
        List<ProbedDatastore> stores = new ArrayList<>();
        List<BlockAllocator> allocators = new ArrayList<>();
        for (int i = 0; i < hosts; i++) {
            ProbedDatastore store = new ProbedDatastore(cluster.store);
            stores.add(store);
            allocators.add(cluster.host("node-" + i, store));
        }

        allocators.forEach(a -> assertThat(a.autoAssign(v4(1)).isComplete()).isTrue());

        int transactions =
                stores.stream().mapToInt(s -> s.transactions().size()).sum();
        assertThat(transactions).isLessThanOrEqualTo(hosts * 6 / 5);
        stores.forEach(ProbedDatastore::forget);
        allocators.forEach(a -> a.autoAssign(v4(1)));
        assertThat(stores).allSatisfy(s -> assertThat(s.transactions()).hasSize(1));
        assertThat(cluster.blocks()).hasSize(hosts);
    }

    /** All have read the same empty pool; each but the first meets others. */
    @Test
    void hostsThatStartAtTheSameMomentNeedThreeTransactionsAtMost() {
        Cluster cluster = new Cluster().pool("10.0.0.0/16");
        List<ProbedDatastore> stores = new ArrayList<>();
        List<BlockAllocator> allocators = new ArrayList<>();
        for (int i = 0; i < 32; i++) {
            ProbedDatastore store = new ProbedDatastore(cluster.store);
            stores.add(store);
            allocators.add(cluster.host("node-" + i, store));
        }
        // They look at the store before anybody has claimed a block.
        allocators.forEach(a -> a.release(List.of(ReleaseRequest.of(IpAddress.parse("11.0.0.1")))));
        stores.forEach(ProbedDatastore::forget);

        for (BlockAllocator allocator : allocators) {
            assertThat(allocator.autoAssign(v4(64)).isComplete()).isTrue();
        }

        assertThat(stores).allSatisfy(s -> assertThat(s.transactions()).hasSizeLessThanOrEqualTo(3));
        assertThat(cluster.blocks()).hasSize(32);
    }
}
