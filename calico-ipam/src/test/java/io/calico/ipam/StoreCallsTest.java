package io.calico.ipam;

import static io.calico.ipam.Cluster.releases;
import static io.calico.ipam.Cluster.v4;
import static org.assertj.core.api.Assertions.assertThat;

import io.calico.datastore.spi.Transaction;
import io.calico.model.net.Cidr;
import io.calico.model.net.IpAddress;
import java.util.List;
import org.junit.jupiter.api.Test;

/** How often the store is called: counted, not timed. */
class StoreCallsTest {
    private final Cluster cluster = new Cluster().pool("10.0.0.0/16");
    private final ProbedDatastore probed = new ProbedDatastore(cluster.store);
    private final BlockAllocator host = cluster.host("h", probed);

    private void assertCalls(int commits, int reads) {
        assertThat(probed.transactions()).as("commits").hasSize(commits);
        assertThat(probed.reads()).as("reads").hasSize(reads);
        probed.forget();
    }

    @Test
    void steadyAssignAndReleaseAreOneCommitAndNoReadEach() {
        host.autoAssign(v4(1));
        probed.forget();

        for (int i = 0; i < 20; i++) {
            List<IpAddress> addresses = host.autoAssign(v4(1)).addresses();
            assertCalls(1, 0);
            host.release(releases(addresses));
            assertCalls(1, 0);
        }
    }

    @Test
    void soAreTheyWithAHandleAndAnOwner() {
        host.autoAssign(v4(1, "warm"));
        probed.forget();

        for (int i = 0; i < 5; i++) {
            AssignRequest request = AssignRequest.builder()
                    .num4(1)
                    .handle("h" + i)
                    .owner(Owner.pendingEndpoint("h"))
                    .build();
            List<IpAddress> addresses = host.autoAssign(request).addresses();
            assertCalls(1, 0);
            host.autoAssign(request);
            assertCalls(1, 0);
            host.release(releases(addresses));
            assertCalls(1, 0);
            assertThat(host.releaseByHandle("h" + i)).isEqualTo(1);
            assertCalls(1, 0);
        }
    }

    @Test
    void aSpecificAddressIsOneCommitWhetherItsBlockIsThereOrNot() {
        host.autoAssign(v4(1));
        probed.forget();

        host.assign(IpAddress.parse("10.0.0.9"), AssignOptions.none());
        assertCalls(1, 0);
        host.assign(IpAddress.parse("10.0.77.9"), AssignOptions.none());
        assertCalls(1, 0);
        host.release(releases(Cluster.ips("10.0.77.9")));
        assertCalls(1, 0);
    }

    @Test
    void handingAnAddressOverIsOneCommit() {
        IpAddress address = host.autoAssign(AssignRequest.builder()
                        .num4(1)
                        .owner(Owner.pendingEndpoint("h"))
                        .build())
                .addresses()
                .get(0);
        probed.forget();

        host.transferOwner(
                address,
                Owner.pendingEndpoint("h"),
                Owner.endpoint("h", "e"),
                Transaction.builder().ifAbsent("/x").put("/x", "1").build());

        assertCalls(1, 0);
    }

    @Test
    void theNextBlockIsOneCommitWithTheAssignment() {
        host.autoAssign(v4(64));
        probed.forget();

        host.autoAssign(v4(1));
        assertCalls(1, 0);
    }

    @Test
    void aConflictCostsOneFurtherCommitAndNoRead() {
        host.autoAssign(v4(1));
        probed.forget();
        probed.beforeNextCommit(() -> cluster.host("h").autoAssign(v4(1)));

        host.autoAssign(v4(1));

        assertCalls(2, 0);
    }

    @Test
    void theFirstAddressOfAHostCostsTheSameWithAThousandBlocksTakenAsWithNone() {
        host.autoAssign(v4(1));
        assertThat(probed.transactions()).hasSize(1);
        int callsWithNone = probed.reads().size();
        for (int i = 2; i < 1002; i++) {
            cluster.blockOf(
                    "n" + i % 50,
                    Cidr.of(IpAddress.parse("10.0.0.0").plus(64L * i), 26).toString(),
                    10);
        }
        ProbedDatastore late = new ProbedDatastore(cluster.store);

        BlockAllocator lateHost = cluster.host("late", late);
        assertThat(lateHost.autoAssign(v4(1)).isComplete()).isTrue();

        assertThat(late.transactions()).as("claim and assignment").hasSize(1);
        assertThat(late.reads())
                .as("2 pages more of the list of blocks, no read per block")
                .hasSize(callsWithNone + 2);
        late.forget();
        lateHost.autoAssign(v4(64));
        assertThat(late.transactions())
                .as("rest of the block and the next block")
                .hasSize(1);
        assertThat(late.reads()).isEmpty();
    }

    @Test
    void aThousandOwnBlocksThatAreFullCostNothing() {
        for (int i = 0; i < 1000; i++) {
            cluster.blockOf(
                    "h", Cidr.of(IpAddress.parse("10.0.0.0").plus(64L * i), 26).toString(), 0);
        }
        cluster.blockOf("h", "10.0.255.0/26", 64);
        host.autoAssign(v4(1));
        probed.forget();

        host.autoAssign(v4(1));

        assertCalls(1, 0);
    }

    @Test
    void aLookUpReadsThePoolsAndOneBlock() {
        host.autoAssign(v4(1));
        ProbedDatastore fresh = new ProbedDatastore(cluster.store);

        assertThat(cluster.host("x", fresh).info(IpAddress.parse("10.0.0.0"))).isPresent();

        assertThat(fresh.reads())
                .containsExactly(
                        "/calico/v1/ipam/v4/pool/",
                        "/calico/v1/ipam/v6/pool/",
                        "/calico/ipam/v2/config",
                        "/calico/ipam/v2/assignment/ipv4/block/10.0.0.0-26");
    }
}
