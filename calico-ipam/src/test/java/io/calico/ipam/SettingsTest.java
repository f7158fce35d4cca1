package io.calico.ipam;

import static io.calico.ipam.Cluster.v4;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.calico.datastore.StoreKey;
import io.calico.ipam.internal.AllocationBlock;
import io.calico.ipam.internal.Reservations;
import io.calico.model.net.Cidr;
import io.calico.model.net.IpAddress;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Settings of all hosts, ranges that are reserved, and addresses that a host keeps back. */
class SettingsTest {
    private final Cluster cluster = new Cluster();
    private final BlockAllocator host = cluster.host("h");

    @AfterEach
    void everyRecordIsInOrder() {
        Audit.of(cluster.store);
    }

    private static List<Cidr> ranges(String... cidrs) {
        return List.of(cidrs).stream().map(Cidr::parse).toList();
    }

    @Nested
    class Settings {
        @Test
        void thatAreNotStoredHaveTheirDefaultsAndReadingWritesNothing_T110() {
            assertThat(host.settings()).isEqualTo(IpamSettings.defaults());
            assertThat(cluster.content()).isEmpty();
        }

        @Test
        void thatContradictEachOtherAreRefusedAndNothingChanges_T115() {
            assertThatThrownBy(() -> host.configure(s -> s.withAutoAllocateBlocks(false)))
                    .isInstanceOf(IpamException.ConfigConflict.class)
                    .hasMessage("Cannot disable 'StrictAffinity' and 'AutoAllocateBlocks' at the same time");
            assertThatThrownBy(() -> host.configure(s -> s.withMaxBlocksPerHost(2)))
                    .hasMessage("MaxBlocksPerHost requires StrictAffinity to be enabled");
            assertThatThrownBy(() -> host.configure(s -> s.withCoolDown(Duration.ofSeconds(1201))))
                    .isInstanceOf(IpamException.ConfigConflict.class);
            assertThat(cluster.content()).isEmpty();
        }

        @Test
        void areChangedOneByOneAndKeepWhatOthersWrote_R2() {
            cluster.config("{\"strict_affinity\":true,\"new\":[1]}");

            host.configure(s -> s.withMaxBlocksPerHost(3));
            host.configure(s -> s.withReservations(ranges("10.0.0.0/30")));

            assertThat(cluster.record(new StoreKey.IpamConfig()).orElseThrow().value())
                    .isEqualTo("{\"strict_affinity\":true,\"auto_allocate_blocks\":true,\"maxBlocksPerHost\":3,"
                            + "\"ipCooldownSeconds\":0,\"reservations\":[\"10.0.0.0/30\"],\"new\":[1]}");
            assertThat(host.settings().maxBlocksPerHost()).isEqualTo(3);
        }

        @Test
        void ofTheCoolDownHoldForAReleaseThatIsUnderWay() {
            cluster.pool("10.0.0.0/30", 30);
            ProbedDatastore probed = new ProbedDatastore(cluster.store);
            BlockAllocator slow = cluster.host("h", probed);
            List<IpAddress> all = slow.autoAssign(v4(4)).addresses();
            probed.beforeNextCommit(() -> host.configure(s -> s.withCoolDown(Duration.ofSeconds(30))));

            slow.release(Cluster.releases(all.subList(0, 1)));

            assertThat(slow.autoAssign(v4(1)).addresses()).as("it cools down").isEmpty();
        }

        @Test
        void changedByTwoAtOnceHaveBothChanges() {
            ProbedDatastore probed = new ProbedDatastore(cluster.store);
            probed.beforeNextCommit(() -> cluster.host("x").configure(s -> s.withStrictAffinity(true)));

            cluster.host("y", probed).configure(s -> s.withCoolDown(Duration.ofSeconds(9)));

            assertThat(host.settings().strictAffinity()).isTrue();
            assertThat(host.settings().coolDown()).isEqualTo(Duration.ofSeconds(9));
        }
    }

    @Nested
    class ReservedRanges {
        @Test
        void areNotHandedOutAndTheRestIs_T90_I15() {
            cluster.pool("10.0.0.0/26");
            host.configure(
                    s -> s.withReservations(ranges("10.0.0.1/32", "10.0.0.32/30", "10.0.0.17/32", "11.0.0.0/30")));

            List<IpAddress> given = host.autoAssign(v4(64)).addresses();

            assertThat(given)
                    .hasSize(58)
                    .noneMatch(Reservations.of(ranges("10.0.0.1/32", "10.0.0.32/30", "10.0.0.17/32"))::reserves);
        }

        @Test
        void doNotHinderWhoNamesTheAddress() {
            cluster.pool("10.0.0.0/26");
            host.configure(s -> s.withReservations(ranges("10.0.0.0/26")));

            host.assign(IpAddress.parse("10.0.0.5"), AssignOptions.none());

            assertThat(host.autoAssign(v4(1)).addresses()).isEmpty();
        }

        @Test
        void coverWhatSeveralOfThemAddUpTo_T92() {
            Reservations filter = Reservations.of(ranges("192.168.1.64/26", "192.168.1.0/26"));

            assertThat(filter.covers(Cidr.parse("192.168.1.0/25"))).isTrue();
            assertThat(filter.covers(Cidr.parse("192.168.1.96/27"))).isTrue();
            assertThat(filter.covers(Cidr.parse("192.168.1.0/24"))).isFalse();
        }

        @Test
        void thatCoverABlockKeepItFromBeingClaimedAndFromBeingSearched_T96() {
            cluster.pool("10.0.0.0/25").blockOf("h", "10.0.0.0/26", 64);
            host.configure(s -> s.withReservations(ranges("10.0.0.0/26")));

            assertThat(host.autoAssign(v4(65)).addresses()).isEqualTo(Cluster.range("10.0.0.64", 64));

            Cluster fresh = new Cluster().pool("10.0.0.0/25");
            fresh.host("h").configure(s -> s.withReservations(ranges("10.0.0.0/27", "10.0.0.32/27")));
            assertThat(fresh.host("h").autoAssign(v4(1)).addresses()).isEqualTo(Cluster.ips("10.0.0.64"));
        }

        @Test
        void inForceHoldForEveryCommitAfterThem() {
            cluster.pool("10.0.0.0/26");
            ProbedDatastore probed = new ProbedDatastore(cluster.store);
            BlockAllocator late = cluster.host("h", probed);
            late.autoAssign(v4(1));
            probed.beforeNextCommit(() -> host.configure(s -> s.withReservations(ranges("10.0.0.0/28"))));

            assertThat(late.autoAssign(v4(1)).addresses()).isEqualTo(Cluster.ips("10.0.0.16"));
        }

        @Test
        void inForceHoldForAClaimThatIsUnderWay() {
            cluster.pool("10.0.0.0/25");
            ProbedDatastore probed = new ProbedDatastore(cluster.store);
            probed.beforeNextCommit(() -> host.configure(s -> s.withReservations(ranges("10.0.0.0/26"))));

            assertThat(cluster.host("h", probed).autoAssign(v4(1)).addresses()).isEqualTo(Cluster.ips("10.0.0.64"));
            assertThat(cluster.blocks()).containsOnlyKeys("10.0.0.64/26");
        }

        @ParameterizedTest
        @CsvSource({
            "10.0.0.8/30,                          4, 251,  4, 59",
            "10.0.0.128/25,                      128, 127,  0, 63",
            "10.0.0.0/32,                          1, 255,  1, 63",
            "10.0.0.128/25 10.0.0.128/26 10.0.0.128/25, 128, 127, 0, 63"
        })
        void areCountedOnceHoweverTheyNest_T93_I29(
                String reserved, long ofPool, long available, long ofBlock, long availableInBlock) {
            cluster.pool("10.0.0.0/24");
            host.autoAssign(v4(1));
            host.configure(s -> s.withReservations(ranges(reserved.split(" ", -1))));

            PoolUtilisation pool = host.utilisation().get(0);

            assertThat(pool)
                    .returns(256L, PoolUtilisation::capacity)
                    .returns(1L, PoolUtilisation::inUse)
                    .returns(ofPool, PoolUtilisation::reserved)
                    .returns(available, PoolUtilisation::available);
            assertThat(pool.blocks().get(0))
                    .returns(64L, PoolUtilisation.Block::capacity)
                    .returns(ofBlock, PoolUtilisation.Block::reserved)
                    .returns(availableInBlock, PoolUtilisation.Block::available);
        }

        @Test
        void ofAWholeVersionSaturate_T94() {
            assertThat(Reservations.of(ranges("::/0")).countWithin(Cidr.parse("fd00::/8")))
                    .isEqualTo(Long.MAX_VALUE);
            assertThat(Reservations.of(ranges("fd00::/120")).countWithin(Cidr.parse("fd00::/8")))
                    .isEqualTo(256);
        }
    }

    @Nested
    class KeptBack {
        private static final BlockReserve THREE =
                new BlockReserve(2, 1, AllocationBlock.RESERVED_HANDLE, "kept for the host");

        private static AssignRequest request(int count, BlockReserve reserve) {
            return AssignRequest.builder().num4(count).reserve4(reserve).build();
        }

        @Test
        void addressesOfANewBlockAreOnOneEntryAndTheRestIsUsable_T85() {
            cluster.pool("10.0.0.0/30", 30);

            assertThat(host.autoAssign(request(1, THREE)).addresses()).isEqualTo(Cluster.ips("10.0.0.2"));

            AllocationBlock block = cluster.block("10.0.0.0/30").orElseThrow();
            assertThat(block.entries()).hasSize(2);
            assertThat(block.addressesOf(AllocationBlock.RESERVED_HANDLE))
                    .isEqualTo(Cluster.ips("10.0.0.0", "10.0.0.1", "10.0.0.3"));
        }

        @Test
        void leaveFiftyNineOfSixtyFourWithAReserveOfFive_T88() {
            cluster.pool("10.0.0.0/24").strict(true);
            BlockReserve five = new BlockReserve(3, 2, AllocationBlock.RESERVED_HANDLE, "kept");
            for (String name : List.of("a", "b", "c", "d")) {
                assertThat(cluster.host(name).autoAssign(request(1, five)).addresses())
                        .hasSize(1);
            }
            for (String name : List.of("a", "b", "c", "d")) {
                AssignResult.Family result =
                        cluster.host(name).autoAssign(request(100, five)).ipv4();
                assertThat(result.addresses()).hasSize(58);
                assertThat(result.messages())
                        .containsExactly(
                                "No more free affine blocks and strict affinity enabled",
                                "HostReservedAttr: " + AllocationBlock.RESERVED_HANDLE);
                assertThat(result.shortfall())
                        .hasValue(
                                "Assigned 58 out of 100 requested IPv4 addresses; No more free affine blocks and strict"
                                        + " affinity enabled; HostReservedAttr: windows-reserved-ipam-handle");
            }
        }

        @Test
        void moreThanABlockHasIsRefused_T89() {
            cluster.pool("10.0.0.0/30", 30);

            assertThatThrownBy(() -> host.autoAssign(request(1, new BlockReserve(3, 1, "r", "n"))))
                    .isInstanceOf(IpamException.PoolNotFound.class)
                    .hasMessageContaining("cannot find a qualified ippool");
            assertThat(cluster.blocks()).isEmpty();
        }

        @Test
        void oneBlockAfterTheOtherIsUsedThenANewOneThenTheLimitIsReached_T95() {
            cluster.pool("10.0.0.0/28", 30);
            AssignRequest one =
                    AssignRequest.builder().num4(1).reserve4(THREE).maxBlocks(3).build();
            for (int i = 0; i < 3; i++) {
                assertThat(host.autoAssign(one).addresses()).hasSize(1);
            }
            assertThat(cluster.blocks()).hasSize(3);
            assertThatThrownBy(() -> host.autoAssign(one)).isInstanceOf(IpamException.BlockLimit.class);
        }

        @Test
        void nothingButThatCountsAsEmpty_T97() {
            cluster.pool("10.0.0.0/29", 30);
            List<IpAddress> one = host.autoAssign(request(1, THREE)).addresses();
            host.release(Cluster.releases(one));

            assertThat(host.releaseHostAffinities("h", true)).isEqualTo(1);
            assertThat(cluster.blocks()).isEmpty();
        }
    }

    @Test
    void borrowedAddressesAreCounted() {
        cluster.pool("10.0.0.0/26");
        cluster.host("a")
                .autoAssign(AssignRequest.builder()
                        .num4(1)
                        .owner(Owner.pendingEndpoint("a"))
                        .build());
        host.autoAssign(AssignRequest.builder()
                .num4(2)
                .owner(Owner.pendingEndpoint("h"))
                .build());

        assertThat(host.utilisation().get(0).borrowed()).isEqualTo(2);
        assertThat(host.statistics().borrowed()).isEqualTo(2);
        assertThat(host.statistics().assigned()).isEqualTo(2);
        assertThat(Optional.of(host.statistics().claimed())).hasValue(0L);
    }
}
