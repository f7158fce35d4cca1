package io.calico.ipam;

import static io.calico.ipam.Cluster.releases;
import static io.calico.ipam.Cluster.v4;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.calico.datastore.StoreKey;
import io.calico.model.net.Cidr;
import io.calico.model.net.IpAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** Whose a block is, apart from assigning addresses: claims, releases, pools that go, blocks that are given back. */
class AffinityTest {
    private static final Cidr POOL = Cidr.parse("192.168.1.0/24");

    private final Cluster cluster = new Cluster().pool("192.168.1.0/24");
    private final ProbedDatastore probed = new ProbedDatastore(cluster.store);
    private final BlockAllocator host = cluster.host("h", probed);

    @AfterEach
    void everyRecordIsInOrder() {
        Audit.of(cluster.store);
    }

    @Nested
    class Claim {
        @Test
        void takesEveryBlockOfTheRangeThatIsNobodysOrTheHosts_T77_R31() {
            ClaimResult one = host.claimAffinity(Cidr.parse("192.168.1.0/26"), "host-a");
            assertThat(one.claimed()).hasSize(1);
            assertThat(one.ofOthers()).isEmpty();
            assertThatThrownBy(() -> host.claimAffinity(Cidr.parse("192.168.1.0/27"), "host-a"))
                    .isInstanceOf(IpamException.InvalidSize.class)
                    .hasMessage("The requested CIDR (192.168.1.0/27) is smaller than the minimum.");

            ClaimResult rest = host.claimAffinity(POOL, "host-b");
            assertThat(rest.claimed()).hasSize(3);
            assertThat(rest.ofOthers()).containsExactly(Cidr.parse("192.168.1.0/26"));
            assertThatThrownBy(() -> host.claimAffinity(Cidr.parse("10.0.0.0/24"), "host-a"))
                    .isInstanceOf(IpamException.PoolNotFound.class);
        }

        @Test
        void ofAWholePoolLeavesNothingForTheNextHost_T77() {
            assertThat(host.claimAffinity(POOL, "a").claimed()).hasSize(4);

            ClaimResult second = host.claimAffinity(POOL, "b");

            assertThat(second.claimed()).isEmpty();
            assertThat(second.ofOthers()).hasSize(4);
            assertThat(cluster.rows("b")).as("no row left behind").isEmpty();
        }

        @Test
        void canBeDoneTwiceAndSoCanItsRelease_T78() {
            Cidr block = Cidr.parse("192.168.1.0/26");
            host.claimAffinity(block, "h");
            probed.forget();
            assertThat(host.claimAffinity(block, "h").claimed()).containsExactly(block);
            assertThat(probed.transactions()).as("nothing to do").isEmpty();

            assertThat(host.releaseAffinity(block, "h", false)).isEqualTo(1);
            assertThat(host.releaseAffinity(block, "h", false)).isZero();
            assertThat(cluster.blocks()).isEmpty();
            assertThat(cluster.rows("h")).isEmpty();
        }

        @Test
        void ofTheHostsOwnBlockWhoseRowIsMissingWritesTheRow_T119() {
            cluster.blockOf("h", "192.168.1.0/26", 64).delete(new StoreKey.Affinity("h", Cidr.parse("192.168.1.0/26")));

            assertThat(host.claimAffinity(Cidr.parse("192.168.1.0/26"), "h").claimed())
                    .hasSize(1);
        }

        @Test
        void byFourCallersAtOnceSucceedsForEach_T76() throws InterruptedException {
            cluster.pool("10.0.0.0/22");
            Cidr pool = Cidr.parse("10.0.0.0/22");
            List<BlockAllocator> processes =
                    List.of(cluster.host("h"), cluster.host("h"), cluster.host("h"), cluster.host("h"));
            List<ClaimResult> results = Collections.synchronizedList(new ArrayList<>());
            List<Thread> threads = new ArrayList<>();
            processes.forEach(p -> threads.add(new Thread(() -> results.add(p.claimAffinity(pool, "h")))));
            threads.forEach(Thread::start);
            for (Thread thread : threads) {
                thread.join();
            }

            assertThat(results).hasSize(4).allSatisfy(r -> {
                assertThat(r.claimed()).hasSize(16);
                assertThat(r.ofOthers()).isEmpty();
            });
            assertThat(cluster.rows("h")).hasSize(16);
            assertThat(host.releaseAffinity(pool, "h", true)).isEqualTo(16);
        }
    }

    @Nested
    class ReleaseOfAffinity {
        @Test
        void ofABlockInUseIsRefusedIfItMustBeEmpty_T55_T56_T117() {
            List<IpAddress> addresses = host.autoAssign(v4(1)).addresses();
            Cidr block = Cidr.of(addresses.get(0), 26);

            IpamException.BlockNotEmpty refused = catchThrowableOfType(
                    IpamException.BlockNotEmpty.class, () -> host.releaseAffinity(block, "h", true));
            assertThat(refused.block()).isEqualTo(block);
            assertThat(cluster.blocks()).containsValue("h");

            host.release(releases(addresses));
            assertThat(host.releaseAffinity(block, "h", true)).isEqualTo(1);
            assertThat(cluster.blocks()).isEmpty();
        }

        @Test
        void ofAnothersBlockDoesNothing_T117() {
            cluster.blockOf("other", "192.168.1.0/26", 60);

            assertThat(host.releaseAffinity(POOL, "h", false)).isZero();
            assertThat(cluster.blocks()).containsValue("other");
        }

        @Test
        void isRepeatedAfterAConflict_T117_T118() {
            host.autoAssign(v4(1));
            probed.refuseNextCommits(1);

            assertThat(host.releaseAffinity(POOL, "h", false)).isEqualTo(1);
            assertThat(cluster.blocks().values()).containsExactly("");
        }

        @Test
        void ofAHostGivesBackTheEmptyBlocksAndNamesOneThatIsNot_T58() {
            Cluster small = new Cluster().pool("10.0.0.0/28", 30);
            BlockAllocator h = small.host("h");
            List<IpAddress> twelve = h.autoAssign(v4(12)).addresses();
            h.release(releases(twelve));
            h.assign(twelve.get(5), AssignOptions.none());

            assertThatThrownBy(() -> h.releaseHostAffinities("h", true))
                    .isInstanceOf(IpamException.BlockNotEmpty.class);

            assertThat(small.blocks())
                    .isEqualTo(Map.of(Cidr.of(twelve.get(5), 30).toString(), "h"));
            assertThat(small.rows("h")).hasSize(1);
            Audit.of(small.store);
        }
    }

    @Nested
    class RemovalOfAPool {
        @Test
        void leavesNoRowAndOnlyBlocksThatAreInUseUntilTheyAreReleased_I27_R33_T59() {
            List<IpAddress> used = host.autoAssign(v4(2)).addresses();
            cluster.host("other").claimAffinity(Cidr.parse("192.168.1.192/26"), "other");

            assertThat(host.removePool(POOL)).isTrue();

            assertThat(cluster.record(new StoreKey.Pool(POOL))).isEmpty();
            assertThat(cluster.rows("h")).isEmpty();
            assertThat(cluster.rows("other")).isEmpty();
            assertThat(cluster.blocks())
                    .isEqualTo(Map.of(Cidr.of(used.get(0), 26).toString(), ""));
            host.release(releases(used));
            assertThat(cluster.blocks()).isEmpty();
            assertThat(host.removePool(POOL)).isFalse();
        }

        @Test
        void isFinishedByASecondCallIfTheFirstWasCutShort_I31() {
            host.autoAssign(v4(1));
            probed.beforeNextCommit(() -> {});
            probed.answerNextCommit(t -> {
                throw new io.calico.datastore.spi.DatastoreException.Unavailable("gone", null);
            });
            assertThatThrownBy(() -> host.removePool(POOL)).isInstanceOf(IpamException.DatastoreUnavailable.class);
            assertThatThrownBy(() -> host.autoAssign(v4(1)))
                    .as("it is disabled at least")
                    .isInstanceOf(IpamException.PoolNotFound.class);

            assertThat(host.removePool(POOL)).isTrue();
            assertThat(cluster.rows("h")).isEmpty();
        }

        /** Blocks of three hosts, every second one with addresses in use. */
        private void manyBlocks() {
            cluster.pool("10.0.0.0/16");
            for (int i = 0; i < 70; i++) {
                Cidr block = Cidr.of(IpAddress.parse("10.0.0.0").plus(64L * i), 26);
                cluster.blockOf("n" + i % 3, block.toString(), i % 2 == 0 ? 60 : 64);
            }
        }

        private void assertThatOnlyUsedBlocksAreLeft() {
            assertThat(cluster.record(new StoreKey.Pool(Cidr.parse("10.0.0.0/16"))))
                    .isEmpty();
            for (String owner : List.of("n0", "n1", "n2")) {
                assertThat(cluster.rows(owner)).isEmpty();
            }
            assertThat(cluster.blocks()).hasSize(35);
            assertThat(cluster.blocks().values()).containsOnly("");
        }

        @Test
        void takesManyBlocksInOneTransaction() {
            manyBlocks();
            probed.forget();

            host.removePool(Cidr.parse("10.0.0.0/16"));

            assertThatOnlyUsedBlocksAreLeft();
            assertThat(probed.transactions()).hasSize(5);
        }

        @Test
        void takesABlockThatChangesMeanwhileAsItIsThen() {
            manyBlocks();
            IpAddress released = IpAddress.parse("10.0.0.3");
            probed.beforeNextCommit(() -> {});
            probed.beforeNextCommit(() -> cluster.host("n0").release(List.of(ReleaseRequest.of(released))));

            host.removePool(Cidr.parse("10.0.0.0/16"));

            assertThatOnlyUsedBlocksAreLeft();
            assertThat(Audit.of(cluster.store)).hasSize(35 * 4 - 1).doesNotContainKey(released);
        }

        @Test
        void removesRowsThatNoBlockLeadsTo() {
            cluster.put(new StoreKey.Affinity("dead", Cidr.parse("192.168.1.64/26")), "{\"state\":\"pending\"}");

            host.removePool(POOL);

            assertThat(cluster.rows("dead")).isEmpty();
        }

        @Test
        void letsAReAddedPoolUseTheBlocksThatSurvived() {
            host.autoAssign(v4(1));
            host.removePool(POOL);
            cluster.pool("192.168.1.0/24");

            assertThat(cluster.host("b").autoAssign(v4(255)).addresses()).hasSize(255);
        }
    }

    @Nested
    class Upkeep {
        private static final Duration GRACE = Duration.ofMinutes(15);

        @Test
        void givesBackWhatWasEmptyAtTwoLooksAndKeepsOneBlock() {
            host.release(releases(host.autoAssign(v4(130)).addresses()));
            assertThat(cluster.blocks()).hasSize(3);

            assertThat(host.giveBackEmptyBlocks(GRACE)).as("first look").isZero();
            cluster.time.advance(GRACE.minusSeconds(1));
            assertThat(host.giveBackEmptyBlocks(GRACE)).as("too early").isZero();
            cluster.time.advance(Duration.ofSeconds(1));
            assertThat(host.giveBackEmptyBlocks(GRACE)).isEqualTo(2);
            assertThat(cluster.blocks()).hasSize(1);
            cluster.time.advance(GRACE);
            assertThat(host.giveBackEmptyBlocks(GRACE)).as("one is kept").isZero();
        }

        @Test
        void keepsABlockThatWasUsedBetweenTheLooks() {
            List<IpAddress> all = host.autoAssign(v4(65)).addresses();
            host.release(releases(all));
            host.giveBackEmptyBlocks(GRACE);
            for (String block : List.copyOf(cluster.blocks().keySet())) {
                IpAddress address = Cidr.parse(block).first();
                host.assign(address, AssignOptions.none());
                host.release(List.of(ReleaseRequest.of(address)));
            }
            cluster.time.advance(GRACE);

            assertThat(host.giveBackEmptyBlocks(GRACE)).isZero();
        }

        @Test
        void sparesABlockFromWhichAnAddressIsTakenAtThatMoment_X9() {
            host.release(releases(host.autoAssign(v4(65)).addresses()));
            host.giveBackEmptyBlocks(GRACE);
            cluster.time.advance(GRACE);
            probed.beforeNextCommit(() -> cluster.host("h").autoAssign(v4(1)));

            host.giveBackEmptyBlocks(GRACE);

            assertThat(Audit.of(cluster.store)).hasSize(1);
        }

        @Test
        void freesWhatHasCooledDownAndWritesNothingIfNothingHas_T103() {
            host.configure(s -> s.withCoolDown(Duration.ofSeconds(30)));
            host.release(releases(host.autoAssign(v4(3)).addresses()));
            probed.forget();
            assertThat(host.freeCooledDown()).isZero();
            assertThat(probed.transactions()).isEmpty();

            cluster.time.advance(Duration.ofSeconds(30));

            assertThat(host.freeCooledDown()).isEqualTo(1);
            assertThat(Audit.of(cluster.store)).isEmpty();
            assertThat(host.freeCooledDown()).isZero();
        }

        @Test
        void deletesABlockThatIsNobodysWhenItsLastAddressHasCooledDown() {
            host.configure(s -> s.withCoolDown(Duration.ofSeconds(30)));
            List<IpAddress> one = host.autoAssign(v4(1)).addresses();
            host.releaseHostAffinities("h");
            host.release(releases(one));
            assertThat(cluster.blocks()).as("cooling down").hasSize(1);

            cluster.time.advance(Duration.ofSeconds(31));
            host.freeCooledDown();

            assertThat(cluster.blocks()).isEmpty();
        }
    }
}
