package io.calico.ipam;

import static io.calico.ipam.Cluster.v4;
import static org.assertj.core.api.Assertions.assertThat;

import io.calico.datastore.Keys;
import io.calico.datastore.StoreKey;
import io.calico.datastore.spi.Datastore;
import io.calico.datastore.spi.KeyValue;
import io.calico.datastore.spi.Transaction;
import io.calico.ipam.internal.AffinityRow;
import io.calico.ipam.internal.AllocationBlock;
import io.calico.ipam.internal.BlockCodec;
import io.calico.model.net.Cidr;
import io.calico.model.net.IpAddress;
import io.calico.model.net.IpVersion;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Beside a program that claims and releases in several steps (protocol S), and after one that died between two. */
class ForeignWriterTest {
    private static final Cidr BLOCK = Cidr.parse("10.0.0.0/26");

    private final Cluster cluster = new Cluster().pool("10.0.0.0/25");
    private final ProbedDatastore probed = new ProbedDatastore(cluster.store);

    private SWriter foreign(String host) {
        return foreign(host, cluster.store);
    }

    private SWriter foreign(String host, Datastore through) {
        return new SWriter(through, host, cluster.time.instant());
    }

    @Test
    void itsClaimsAndReleasesAreOursToo() {
        assertThat(foreign("h").claim(BLOCK)).isEqualTo(SWriter.Outcome.DONE);
        BlockAllocator ours = cluster.host("h", probed);

        assertThat(ours.autoAssign(v4(1)).addresses()).isEqualTo(Cluster.ips("10.0.0.0"));

        assertThat(probed.transactions()).as("nothing to heal").hasSize(1);
        assertThat(foreign("h").release(BLOCK, true)).isEqualTo(SWriter.Outcome.NOT_EMPTY);
        assertThat(foreign("h").release(BLOCK, false)).isEqualTo(SWriter.Outcome.DONE);
        assertThat(cluster.blocks()).isEqualTo(Map.of("10.0.0.0/26", ""));
        Audit.of(cluster.store);
    }

    /** P1 claims (row pending, block made), P2 releases (row pendingDeletion, block deleted), P1 confirms. */
    @Test
    void aConfirmationAfterAReleaseFailsAndTheRowIsNotConfirmed_T79_X7() {
        probed.beforeNextCommit(() -> {});
        probed.beforeNextCommit(() -> {});
        probed.beforeNextCommit(() -> {});
        // Before the fourth commit, which confirms: our release of the host's blocks.
        probed.beforeNextCommit(() -> cluster.host("admin").releaseHostAffinities("h"));

        assertThat(foreign("h", probed).claim(BLOCK)).isEqualTo(SWriter.Outcome.CONFLICT);

        assertThat(cluster.rows("h")).isEmpty();
        assertThat(cluster.blocks()).isEmpty();
        assertThat(cluster.host("h").autoAssign(v4(1)).isComplete())
                .as("it starts again")
                .isTrue();
        Audit.of(cluster.store);
    }

    /** P2 releases (row pendingDeletion, block deleted), P1 claims anew, P2 deletes the row. */
    @Test
    void aRowThatWasClaimedAnewSurvivesTheEndOfAnOldRelease_T80_X8() {
        foreign("h").claim(BLOCK);
        BlockAllocator ours = cluster.host("h");
        probed.beforeNextCommit(() -> {});
        probed.beforeNextCommit(() -> {});
        probed.beforeNextCommit(() -> ours.claimAffinity(BLOCK, "h"));

        assertThat(foreign("h", probed).release(BLOCK, true)).isEqualTo(SWriter.Outcome.CONFLICT);

        assertThat(cluster.rows("h")).containsOnlyKeys("10.0.0.0/26");
        assertThat(cluster.blocks()).isEqualTo(Map.of("10.0.0.0/26", "h"));
        Audit.of(cluster.store);
    }

    /** P1 of A lost the block to B and is about to delete its row; B releases, P2 of A claims. */
    @Test
    void theRowOfAClaimThatWasLostDoesNotTakeALaterOneWithIt_X6() {
        cluster.put(new StoreKey.Affinity("a", BLOCK), "{\"state\":\"pending\"}")
                .blockOf("b", "10.0.0.0/26", 64);
        BlockAllocator first = cluster.host("a", probed);
        probed.beforeNextCommit(() -> {
            cluster.host("admin").releaseHostAffinities("b");
            cluster.host("a").claimAffinity(BLOCK, "a");
        });

        assertThat(first.autoAssign(v4(1)).addresses()).isEqualTo(Cluster.ips("10.0.0.0"));

        assertThat(cluster.rows("a")).containsOnlyKeys("10.0.0.0/26");
        Audit.of(cluster.store);
    }

    @Test
    void aReleaseThatSawAnEmptyBlockDoesNotDeleteItAfterAnAssignment_T84_X9() {
        foreign("h").claim(BLOCK);
        BlockAllocator ours = cluster.host("h");
        ours.autoAssign(v4(1));
        ours.release(Cluster.releases(Cluster.ips("10.0.0.0")));
        probed.beforeNextCommit(() -> ours.autoAssign(v4(1)));

        assertThat(foreign("h", probed).release(BLOCK, true)).isEqualTo(SWriter.Outcome.CONFLICT);

        assertThat(cluster.block("10.0.0.0/26").orElseThrow().freeCount()).isEqualTo(63);
        assertThat(ours.autoAssign(v4(1)).isComplete()).isTrue();
    }

    static IntStream steps() {
        return IntStream.range(0, 8);
    }

    /** Dead after that many commits of a claim or of a release: the host's next request puts it right. */
    @ParameterizedTest
    @MethodSource("steps")
    void whereverItDiedTheNextRequestOfTheHostHeals_R22_X4_X5_I31(int step) {
        Runnable die = () -> {
            throw new Scheduler.Died();
        };
        boolean release = step >= 4;
        if (release) {
            foreign("h").claim(BLOCK);
        }
        for (int i = 0; i < step % 4; i++) {
            probed.beforeNextCommit(() -> {});
        }
        probed.beforeNextCommit(die);
        try {
            if (release) {
                foreign("h", probed).release(BLOCK, true);
            } else {
                foreign("h", probed).claim(BLOCK);
            }
        } catch (Scheduler.Died e) {
            // as planned
        }

        assertThat(cluster.host("h").autoAssign(v4(1)).isComplete()).isTrue();

        Audit.of(cluster.store);
        assertThat(cluster.blocks()).hasSize(1);
    }

    @ParameterizedTest
    @MethodSource("steps")
    void whereverItDiedAnotherHostIsServed_X4_I31(int step) {
        for (int i = 0; i < step % 4; i++) {
            probed.beforeNextCommit(() -> {});
        }
        probed.beforeNextCommit(() -> {
            throw new Scheduler.Died();
        });
        try {
            foreign("h", probed).claim(BLOCK);
        } catch (Scheduler.Died e) {
            // as planned
        }

        assertThat(cluster.host("other").autoAssign(v4(100)).addresses()).hasSize(100);
    }

    static IntStream seeds() {
        return IntStream.range(0, Scheduler.LONG_RUN ? 3000 : 60);
    }

    /** Both kinds of writers at once, in small pools, in an order drawn from the seed. */
    @ParameterizedTest(name = "seed {0}")
    @MethodSource("seeds")
    void togetherTheyGiveNoAddressTwiceAndLeaveWhatAHostCanHeal_I1_I2_I6(int seed) throws InterruptedException {
        Random random = new Random(seed);
        Cluster small = new Cluster().pool("10.0.0.0/28", 30);
        Scheduler scheduler = new Scheduler(small.store, random::nextInt);
        Map<IpAddress, String> held = new HashMap<>();
        for (String name : List.of("a", "b")) {
            Random own = new Random(random.nextLong());
            scheduler.add(name + " foreign", store -> {
                SWriter writer = new SWriter(store, name, small.time.instant());
                for (int i = 0; i < 10; i++) {
                    Cidr cidr = Cidr.of(IpAddress.parse("10.0.0.0").plus(4L * own.nextInt(4)), 30);
                    if (own.nextBoolean()) {
                        writer.claim(cidr);
                    } else {
                        writer.release(cidr, own.nextBoolean());
                    }
                }
            });
            scheduler.add(name, store -> {
                BlockAllocator allocator = small.host(name, store);
                List<IpAddress> mine = new ArrayList<>();
                for (int i = 0; i < 10; i++) {
                    if (own.nextInt(3) > 0) {
                        for (IpAddress address :
                                allocator.autoAssign(v4(1 + own.nextInt(2))).addresses()) {
                            assertThat(held.put(address, name))
                                    .as("I-1 %s", address)
                                    .isNull();
                            mine.add(address);
                        }
                    } else {
                        mine.forEach(held::remove);
                        assertThat(allocator.release(Cluster.releases(mine)).notAllocated())
                                .isEmpty();
                        mine.clear();
                    }
                }
            });
        }
        scheduler.run();

        blocksHold(small, held);
        for (String name : List.of("a", "b")) {
            small.host(name).claimAffinity(Cidr.parse("10.0.0.0/28"), name);
        }
        // Whoever owns a block has a confirmed row of it now; a row of a block that is another's is not confirmed.
        small.blocks().forEach((cidr, owner) -> {
            if (!owner.isEmpty()) {
                assertThat(small.rows(owner)).as("I-8").containsKey(cidr);
            }
        });
    }

    private static void blocksHold(Cluster cluster, Map<IpAddress, String> held) {
        HashSet<IpAddress> allocated = new HashSet<>();
        for (KeyValue record : cluster.store.listAll(Keys.blocks(IpVersion.V4)).records()) {
            Cidr cidr = ((StoreKey.Block) Keys.parse(record.key())).cidr();
            Optional<AllocationBlock> block =
                    BlockCodec.decode(cidr, record.value()).block();
            block.ifPresent(b -> allocated.addAll(b.allocated().keySet()));
        }
        assertThat(allocated).isEqualTo(held.keySet());
    }

    @Test
    void anUnconfirmedRowIsNotWhatRoutesAreMadeOf_R20() {
        cluster.store.commit(Transaction.builder()
                .put(new StoreKey.Affinity("h", BLOCK).path(), "{\"state\":\"pending\"}")
                .build());

        assertThat(AffinityRow.decode(cluster.rows("h").get("10.0.0.0/26"))
                        .orElseThrow()
                        .isConfirmed())
                .isFalse();
    }
}
