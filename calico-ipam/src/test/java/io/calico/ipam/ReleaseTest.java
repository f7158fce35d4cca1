package io.calico.ipam;

import static io.calico.ipam.Cluster.ips;
import static io.calico.ipam.Cluster.range;
import static io.calico.ipam.Cluster.releases;
import static io.calico.ipam.Cluster.v4;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.calico.datastore.StoreKey;
import io.calico.ipam.internal.AllocationBlock;
import io.calico.model.net.Cidr;
import io.calico.model.net.IpAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ReleaseTest {
    private final Cluster cluster = new Cluster();
    private final ProbedDatastore probed = new ProbedDatastore(cluster.store);
    private final BlockAllocator host = cluster.host("h", probed);

    @AfterEach
    void everyRecordIsInOrder() {
        Audit.of(cluster.store);
    }

    @Nested
    class ByAddress {
        @Test
        void takesBothVersionsAtOnce_T41() {
            cluster.pool("10.0.0.0/24").pool("fd00::/64");
            List<IpAddress> both = host.autoAssign(
                            AssignRequest.builder().num4(1).num6(1).build())
                    .addresses();

            ReleaseResult result = host.release(releases(both));

            assertThat(result.released()).isEqualTo(both);
            assertThat(result.notAllocated()).isEmpty();
            assertThat(Audit.of(cluster.store)).isEmpty();
        }

        @Test
        void reportsWhatIsNotAllocatedAndWritesNothingForIt_T42_T109_R30_I17() {
            cluster.pool("10.0.0.0/24");
            host.autoAssign(v4(1));
            Map<String, String> before = cluster.content();

            ReleaseResult result = host.release(releases(ips("10.0.0.5", "10.0.0.200", "9.9.9.9", "fd00::1")));

            assertThat(result.released()).isEmpty();
            assertThat(result.notAllocated()).isEqualTo(ips("10.0.0.5", "10.0.0.200", "9.9.9.9", "fd00::1"));
            assertThat(cluster.content()).isEqualTo(before);
        }

        @Test
        void takesOneTransactionForEachBlock_T43_T109() {
            cluster.pool("10.0.0.0/24").pool("fd00::/64");
            List<IpAddress> all = host.autoAssign(
                            AssignRequest.builder().num4(66).num6(2).build())
                    .addresses();
            probed.forget();

            assertThat(host.release(releases(all)).released()).isEqualTo(all);

            assertThat(probed.transactions()).hasSize(3);
            assertThat(probed.reads()).isEmpty();
        }

        @Test
        void isRepeatedAfterAConflictAndLowersTheHandleOnce_T44() {
            cluster.pool("10.0.0.0/24");
            host.autoAssign(v4(2, "h1"));
            probed.beforeNextCommit(() -> cluster.host("h").autoAssign(v4(1, "h1")));

            assertThat(host.release(releases(ips("10.0.0.0"))).released()).isEqualTo(ips("10.0.0.0"));
            assertThat(cluster.handle("h1")).isEqualTo(Map.of("10.0.0.0/26", 2));
        }

        @Test
        void countsADuplicateOnceAndLeavesTheBlockUsable_T52_I18() {
            cluster.pool("10.0.0.0/26");
            host.autoAssign(v4(64));

            ReleaseResult result = host.release(releases(ips("10.0.0.9", "10.0.0.9")));
            assertThat(result.released()).isEqualTo(ips("10.0.0.9"));
            host.assign(IpAddress.parse("10.0.0.9"), AssignOptions.none());
            assertThat(host.autoAssign(v4(1)).addresses()).isEmpty();
        }

        @ParameterizedTest
        @ValueSource(strings = {"disabled", "removed"})
        void worksWhateverHasBecomeOfThePool_T49(String how) {
            cluster.pool("10.0.0.0/24", 30).pool("fd00::/116", 126);
            List<IpAddress> all = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                BlockAllocator other = cluster.host("node-" + i);
                for (int n = 0; n < 6; n++) {
                    all.addAll(other.autoAssign(
                                    AssignRequest.builder().num4(1).num6(1).build())
                            .addresses());
                }
                all.addAll(other.autoAssign(v4(13)).addresses());
            }
            if (how.equals("disabled")) {
                cluster.disable("10.0.0.0/24");
            } else {
                cluster.removePool("10.0.0.0/24");
            }

            assertThat(all).hasSize(100).doesNotHaveDuplicates();
            assertThat(host.release(releases(all)).released()).isEqualTo(all);
            assertThat(Audit.of(cluster.store)).isEmpty();
        }

        @Test
        void findsABlockOfAnotherSizeThanThePoolHasNow() {
            cluster.pool("10.0.0.0/24", 28);
            cluster.host("other").assign(IpAddress.parse("10.0.0.20"), AssignOptions.none());
            cluster.removePool("10.0.0.0/24").pool("10.0.0.0/24", 26);

            assertThat(host.release(releases(ips("10.0.0.20", "10.0.0.21"))))
                    .isEqualTo(new ReleaseResult(ips("10.0.0.20"), ips("10.0.0.21")));
        }

        @Test
        void deletesABlockThatIsNobodysWithItsLastAddress_T116_I12() {
            cluster.pool("10.0.0.0/26");
            host.autoAssign(v4(2, "h1"));
            cluster.host("x").releaseHostAffinities("h");

            host.release(releases(ips("10.0.0.0")));
            assertThat(cluster.blocks()).isEqualTo(Map.of("10.0.0.0/26", ""));
            host.release(releases(ips("10.0.0.1")));
            assertThat(cluster.content().keySet()).noneMatch(k -> k.startsWith("/calico/ipam/v2/"));
        }

        @Test
        void keepsAnOwnBlockThatBecomesEmpty() {
            cluster.pool("10.0.0.0/26");
            host.release(releases(host.autoAssign(v4(2)).addresses()));

            assertThat(cluster.blocks()).isEqualTo(Map.of("10.0.0.0/26", "h"));
        }

        @Test
        void ofManyAddressesWithAHandleEachIsSplitToWhatAStoreTakes() {
            cluster.pool("10.0.0.0/20", 20);
            List<IpAddress> all = new ArrayList<>();
            for (int i = 0; i < 250; i++) {
                all.addAll(host.autoAssign(v4(1, "h" + i)).addresses());
            }
            probed.forget();

            assertThat(host.release(releases(all)).released()).isEqualTo(all);

            assertThat(probed.transactions())
                    .hasSize(3)
                    .allMatch(t -> t.compares().size() <= 128);
        }

        @Test
        void standsWhenTheHandleIsDamagedOrCountsTooFew() {
            cluster.pool("10.0.0.0/26");
            host.autoAssign(v4(3, "h1"));
            StoreKey.Handle key = new StoreKey.Handle("h1");
            cluster.put(key, "{\"id\":\"h1\",\"block\":{\"10.0.0.0/26\":1}}");

            assertThat(host.release(releases(ips("10.0.0.0", "10.0.0.1"))).released())
                    .hasSize(2);
            assertThat(cluster.record(key)).isEmpty();
            cluster.put(key, "nonsense");
            assertThat(cluster.host("x").release(releases(ips("10.0.0.2"))).released())
                    .hasSize(1);
            cluster.delete(key);
        }

        @Test
        void fromADamagedBlockFailsAfterTheOthersAreDone_R4() {
            cluster.pool("10.0.0.0/24");
            List<IpAddress> all = host.autoAssign(v4(65)).addresses();
            StoreKey.Block damaged = new StoreKey.Block(Cidr.parse("10.0.0.0/26"));
            String before = cluster.record(damaged).orElseThrow().value();
            cluster.put(damaged, "{}");

            IpamException.CorruptBlock failure = catchThrowableOfType(
                    IpamException.CorruptBlock.class, () -> cluster.host("x").release(releases(all)));

            assertThat(failure.key()).isEqualTo(damaged.path());
            assertThat(failure.released()).isEqualTo(all.subList(64, 65));
            cluster.put(damaged, before);
        }
    }

    @Nested
    class Stale {
        private ReleaseRequest with(IpAddress address, long sequence) {
            return new ReleaseRequest(address, Optional.empty(), OptionalLong.of(sequence));
        }

        private long sequenceOf(IpAddress address) {
            return host.info(address).orElseThrow().sequence();
        }

        @Test
        void isRefusedAfterEveryReassignment_T46_X13() {
            cluster.pool("10.0.0.0/30", 30);
            IpAddress address = IpAddress.parse("10.0.0.0");
            AssignOptions options = AssignOptions.builder().handle("h1").build();
            host.assign(address, options);
            long sequence = sequenceOf(address);

            for (int i = 0; i < 10; i++) {
                host.releaseByHandle("h1");
                host.assign(address, options);
                long current = sequenceOf(address);
                long old = sequence;
                assertThat(current).isEqualTo(old + 2);
                Map<String, String> before = cluster.content();

                IpamException.StaleRelease failure = catchThrowableOfType(
                        IpamException.StaleRelease.class, () -> host.release(List.of(with(address, old))));
                assertThat(failure.expected()).isEqualTo(Long.toUnsignedString(current));
                assertThat(failure.given()).isEqualTo(Long.toUnsignedString(old));
                assertThat(cluster.content()).as("I-16").isEqualTo(before);
                sequence = current;
            }
            assertThat(host.release(List.of(with(address, sequence))).released())
                    .hasSize(1);
        }

        @Test
        void isRefusedAfterTheBlockWasDeletedAndMadeAnew_T47_R8() {
            cluster.pool("10.0.0.0/30", 30);
            IpAddress address = host.autoAssign(v4(1)).addresses().get(0);
            long old = sequenceOf(address);
            cluster.host("x").releaseHostAffinities("h");
            host.release(releases(List.of(address)));
            assertThat(cluster.blocks()).isEmpty();

            assertThat(host.autoAssign(v4(1)).addresses()).containsExactly(address);
            assertThat(Long.compareUnsigned(sequenceOf(address), old)).isPositive();
            assertThatThrownBy(() -> host.release(List.of(with(address, old))))
                    .isInstanceOf(IpamException.StaleRelease.class);
        }

        @Test
        void ofOneBlockLeavesTheOthersReleasedAndSaysSo() {
            cluster.pool("10.0.0.0/24");
            List<IpAddress> all = host.autoAssign(v4(66)).addresses();
            List<ReleaseRequest> requests = new ArrayList<>(releases(all));
            requests.set(3, new ReleaseRequest(all.get(3), Optional.of("not-it"), OptionalLong.empty()));

            IpamException.StaleRelease failure =
                    catchThrowableOfType(IpamException.StaleRelease.class, () -> host.release(requests));

            assertThat(failure.address()).isEqualTo(all.get(3));
            assertThat(failure.released()).isEqualTo(all.subList(64, 66));
            assertThat(Audit.of(cluster.store)).hasSize(64);
        }

        @Test
        void inALargeBlockIsFoundBeforeAnythingIsReleased() {
            cluster.pool("10.0.0.0/20", 20);
            List<IpAddress> all = host.autoAssign(v4(250)).addresses();
            List<ReleaseRequest> requests = new ArrayList<>(releases(all));
            requests.set(249, with(all.get(249), 1));

            assertThatThrownBy(() -> host.release(requests)).isInstanceOf(IpamException.StaleRelease.class);
            assertThat(Audit.of(cluster.store)).hasSize(250);
        }

        @Test
        void isDecidedByWhatIsStoredNotByWhatIsRemembered_R17() {
            cluster.pool("10.0.0.0/30", 30);
            IpAddress address = host.autoAssign(v4(1)).addresses().get(0);
            BlockAllocator other = cluster.host("h");
            other.release(releases(List.of(address)));
            other.assign(address, AssignOptions.builder().handle("new").build());
            long current = other.info(address).orElseThrow().sequence();

            assertThat(host.release(List.of(with(address, current))).released()).containsExactly(address);
        }
    }

    @Nested
    class ByHandle {
        @Test
        void leavesNeitherAddressesNorHandle_T54_I24() {
            cluster.pool("10.0.0.0/24").pool("fd00::/64");
            assertThatThrownBy(() -> host.addressesByHandle("h1")).isInstanceOf(IpamException.HandleNotFound.class);
            assertThatThrownBy(() -> host.releaseByHandle("h1"))
                    .isInstanceOf(IpamException.HandleNotFound.class)
                    .hasMessageContaining("h1");

            host.autoAssign(
                    AssignRequest.builder().num4(65).num6(1).handle("h1").build());
            host.autoAssign(v4(3, "h2"));
            assertThat(host.addressesByHandle("h1")).hasSize(66);
            probed.forget();

            assertThat(host.releaseByHandle("h1")).isEqualTo(66);
            assertThat(probed.transactions()).hasSize(1);
            assertThatThrownBy(() -> host.addressesByHandle("h1")).isInstanceOf(IpamException.HandleNotFound.class);
            assertThatThrownBy(() -> host.releaseByHandle("h1")).isInstanceOf(IpamException.HandleNotFound.class);
            assertThat(Audit.of(cluster.store)).hasSize(3);
        }

        @Test
        void isRepeatedAfterAConflictAndReleasesOnce_T44_X15() {
            cluster.pool("10.0.0.0/24");
            host.autoAssign(v4(2, "h1"));
            probed.beforeNextCommit(() -> cluster.host("h").autoAssign(v4(1, "h1")));

            assertThat(host.releaseByHandle("h1")).isEqualTo(3);
            assertThat(cluster.handle("h1")).isEmpty();
        }

        @Test
        void healsAHandleThatCountsWhatNoBlockHolds_T45_R12() {
            cluster.pool("10.0.0.0/24").blockOf("h", "10.0.0.0/26", 60);
            cluster.put(new StoreKey.Handle("h1"), "{\"id\":\"h1\",\"block\":{\"10.0.0.0/26\":2,\"10.0.0.128/26\":1}}");

            assertThat(host.releaseByHandle("h1")).isZero();
            assertThat(cluster.record(new StoreKey.Handle("h1"))).isEmpty();
        }

        @Test
        void healsTheCountThatIsTooHighWhileReleasing_R12() {
            cluster.pool("10.0.0.0/24");
            host.autoAssign(v4(2, "h1"));
            cluster.put(new StoreKey.Handle("h1"), "{\"id\":\"h1\",\"block\":{\"10.0.0.0/26\":7,\"fd00::/122\":1}}");

            assertThat(host.releaseByHandle("h1")).isEqualTo(2);
            assertThat(cluster.record(new StoreKey.Handle("h1"))).isEmpty();
        }

        @Test
        void deletesBlocksThatAreNobodys_T59() {
            cluster.pool("10.0.0.0/24", 30);
            host.autoAssign(v4(12, "h1"));
            cluster.removePool("10.0.0.0/24");
            assertThat(host.releaseHostAffinities("h")).isEqualTo(3);
            assertThat(cluster.rows("h")).isEmpty();
            assertThat(cluster.blocks()).hasSize(3).containsValue("");

            assertThat(host.releaseByHandle("h1")).isEqualTo(12);
            assertThat(cluster.blocks()).isEmpty();
        }

        @Test
        void withADamagedBlockReleasesTheRestAndSaysWhich_R4() {
            cluster.pool("10.0.0.0/24");
            host.autoAssign(v4(65, "h1"));
            StoreKey.Block damaged = new StoreKey.Block(Cidr.parse("10.0.0.0/26"));
            String before = cluster.record(damaged).orElseThrow().value();
            cluster.put(damaged, "{}");

            IpamException.CorruptBlock failure = catchThrowableOfType(
                    IpamException.CorruptBlock.class, () -> cluster.host("x").releaseByHandle("h1"));

            assertThat(failure.released()).hasSize(1);
            cluster.put(damaged, before);
            assertThat(cluster.handle("h1")).isEqualTo(Map.of("10.0.0.0/26", 64));
        }

        @Test
        void ofManyBlocksTakesAsManyTransactionsAsNeeded() {
            cluster.pool("10.0.0.0/24", 32);
            host.autoAssign(v4(120, "h1"));
            probed.forget();

            assertThat(host.releaseByHandle("h1")).isEqualTo(120);
            assertThat(probed.transactions())
                    .hasSize(3)
                    .allMatch(t -> t.compares().size() <= 128);
        }

        @Test
        void ofADamagedHandleNamesItsKey() {
            cluster.put(new StoreKey.Handle("h1"), "[]");

            assertThatThrownBy(() -> host.releaseByHandle("h1"))
                    .isInstanceOf(IpamException.CorruptBlock.class)
                    .hasMessageContaining("/calico/ipam/v2/handle/h1");
            cluster.delete(new StoreKey.Handle("h1"));
        }

        @Test
        void findsTheHandleUpToTheFirstCarriageReturn_R6() {
            cluster.pool("10.0.0.0/24");
            host.autoAssign(v4(1, "h1\rx"));

            assertThat(host.addressesByHandle("h1\ry")).hasSize(1);
            assertThat(host.releaseByHandle("h1")).isEqualTo(1);
        }
    }

    @Nested
    class Handles {
        @Test
        void areCreatedRaisedAndDeletedWithTheAddresses_T21_T23_T24() {
            cluster.pool("10.0.0.0/24");
            List<IpAddress> first = host.autoAssign(v4(1, "h1")).addresses();
            assertThat(cluster.record(new StoreKey.Handle("h1")).orElseThrow().value())
                    .isEqualTo("{\"id\":\"h1\",\"block\":{\"10.0.0.0/26\":1}}");
            List<IpAddress> second = host.autoAssign(v4(2, "h1")).addresses();
            assertThat(cluster.handle("h1")).isEqualTo(Map.of("10.0.0.0/26", 3));

            host.release(releases(second));
            host.release(releases(first));

            assertThat(cluster.record(new StoreKey.Handle("h1"))).isEmpty();
        }

        @Test
        void countWhatWasTakenFromEachBlockNotWhatWasAsked_R25() {
            cluster.pool("10.0.0.0/25");

            host.autoAssign(v4(200, "h1"));

            assertThat(cluster.handle("h1")).isEqualTo(Map.of("10.0.0.0/26", 64, "10.0.0.64/26", 64));
        }

        @Test
        void endAtTheRightCountWhateverConflictsThereWere_T22_T29() {
            cluster.pool("10.0.0.0/24");
            host.autoAssign(v4(1, "h1"));
            probed.refuseNextCommits(2);
            probed.beforeNextCommit(() -> cluster.host("other").autoAssign(v4(1, "h1")));

            assertThat(host.autoAssign(v4(1, "h1")).addresses()).isEqualTo(ips("10.0.0.1"));
            assertThat(cluster.handle("h1").values().stream().mapToInt(i -> i).sum())
                    .isEqualTo(3);
        }

        @Test
        void emptiedByOneAndRaisedByAnotherAtTheSameTimeAreRight_X16() {
            cluster.pool("10.0.0.0/24");
            List<IpAddress> only = host.autoAssign(v4(1, "h1")).addresses();
            BlockAllocator other = cluster.host("other");
            probed.beforeNextCommit(() -> other.autoAssign(v4(1, "h1")));

            host.release(releases(only));
            assertThat(cluster.handle("h1").values()).containsExactly(1);

            probed.beforeNextCommit(() -> other.releaseByHandle("h1"));
            assertThat(host.autoAssign(v4(1, "h1")).isComplete()).isTrue();
            assertThat(cluster.handle("h1").values()).containsExactly(1);
        }
    }

    @Nested
    class OfAHostsBlocks {
        @Test
        void deletesEmptyOnesAndMakesTheOthersNobodys_T58_T60() {
            cluster.pool("10.0.0.0/24", 30).pool("fd00::/64");
            List<IpAddress> all = host.autoAssign(v4(12)).addresses();
            host.autoAssign(Cluster.v6(1));
            host.release(releases(all));
            host.assign(all.get(0), AssignOptions.none());

            assertThat(cluster.host("x").releaseHostAffinities("h")).isEqualTo(4);

            assertThat(cluster.rows("h")).isEmpty();
            assertThat(cluster.blocks()).isEqualTo(Map.of("10.0.0.0/30", "", "fd00::/122", ""));
            AllocationBlock kept = cluster.block("10.0.0.0/30").orElseThrow();
            assertThat(kept.claimTime()).isEmpty();
            assertThat(cluster.host("x").releaseHostAffinities("h")).as("twice").isZero();
            assertThat(cluster.host("x").releaseHostAffinities("never-there")).isZero();
        }

        @Test
        void leavesOtherHostsAloneAndDeletesRowsWithoutBlocks_T57() {
            cluster.pool("10.0.0.0/24").blockOf("h10", "10.0.0.0/26", 1).blockOf("other", "10.0.0.64/26", 1);
            cluster.put(new StoreKey.Affinity("h", Cidr.parse("10.0.0.64/26")), "");
            cluster.put(new StoreKey.Affinity("h", Cidr.parse("10.0.0.128/26")), "{\"state\":\"pending\"}");

            assertThat(host.releaseHostAffinities("h")).isZero();

            assertThat(cluster.rows("h")).isEmpty();
            assertThat(cluster.blocks()).isEqualTo(Map.of("10.0.0.0/26", "h10", "10.0.0.64/26", "other"));
        }

        @Test
        void sparesABlockFromWhichAnAddressIsTakenAtThatMoment_T84_X9_X11() {
            cluster.pool("10.0.0.0/26").blockOf("busy", "10.0.0.0/26", 64);
            probed.beforeNextCommit(() -> cluster.host("busy").autoAssign(v4(1)));

            host.releaseHostAffinities("busy");

            assertThat(cluster.blocks()).isEqualTo(Map.of("10.0.0.0/26", ""));
            assertThat(Audit.of(cluster.store)).hasSize(1);
        }

        @Test
        void whileItAssignsLetsItGoOnElsewhere_X11() {
            cluster.pool("10.0.0.0/26");
            host.autoAssign(v4(1));
            probed.beforeNextCommit(() -> cluster.host("x").releaseHostAffinities("h"));

            assertThat(host.autoAssign(v4(1)).addresses()).as("borrowed").isEqualTo(range("10.0.0.1", 1));
            assertThat(cluster.blocks()).isEqualTo(Map.of("10.0.0.0/26", ""));
        }
    }
}
