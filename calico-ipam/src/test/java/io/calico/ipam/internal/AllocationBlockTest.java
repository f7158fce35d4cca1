package io.calico.ipam.internal;

import static io.calico.ipam.internal.Blocks.NOW;
import static io.calico.ipam.internal.Blocks.entry;
import static io.calico.ipam.internal.Blocks.ordinals;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.calico.model.net.Cidr;
import io.calico.model.net.IpAddress;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class AllocationBlockTest {
    private static final AttributeEntry KEY2 = entry("key2", "a", "1");
    private static final AttributeEntry KEY3 = entry("key3", "a", "1");

    @Nested
    class Assignment {
        @ParameterizedTest(name = "T9 {0}")
        @ValueSource(strings = {"192.168.3.0/26", "2001:abee:beef::/122"})
        void takesOrdinalsFromTheFrontAndSharesEqualEntries_T4_T5_T6_T7_T8(String cidr) {
            Blocks block = Blocks.of(cidr);

            assertThat(block.auto(1, KEY2)).containsExactly(0);
            assertThat(block.auto(3, KEY3)).containsExactly(1, 2, 3);
            assertThat(block.auto(3, entry("key3", "a", "2"))).containsExactly(4, 5, 6);
            assertThat(block.block().entries()).hasSize(3);
            assertThat(block.block().freeCount()).isEqualTo(57);

            Blocks shared = Blocks.of(cidr);
            assertThat(shared.auto(3, entry("key2", "a", "1", "b", "2"))).isEqualTo(ordinals(0, 2));
            assertThat(shared.auto(3, entry("key2", "b", "2", "a", "1"))).isEqualTo(ordinals(3, 5));
            assertThat(shared.block().entries()).as("T-5").hasSize(1);

            AllocationBlock before = shared.block();
            assertThat(shared.auto(0, entry("new"))).as("T-6").isEmpty();
            assertThat(shared.block()).isSameAs(before);
            assertThat(shared.block().freeCount()).isEqualTo(58);

            assertThat(shared.auto(56, KEY3)).hasSize(56);
            assertThat(shared.auto(4, KEY3)).as("T-7").containsExactly(62, 63);
            assertThat(shared.auto(4, KEY3)).isEmpty();

            Blocks gaps = Blocks.of(cidr);
            gaps.assign(2, KEY2);
            gaps.assign(4, KEY2);
            assertThat(gaps.auto(4, KEY3)).as("T-8").containsExactly(0, 1, 3, 5);
            assertThat(gaps.block().freeCount()).isEqualTo(58);
        }

        @Test
        void nullAndEmptyAttributesAreDifferentEntries() {
            Blocks block = Blocks.of("10.0.0.0/30");
            block.auto(1, AttributeEntry.of(null, null, null));
            block.auto(1, AttributeEntry.of(null, JsonValue.of(Map.of()), null));
            block.auto(1, AttributeEntry.of(null, null, null));

            assertThat(block.block().entries()).hasSize(2);
            assertThat(block.allocation(2)).isZero();
        }

        @Test
        void aBlockOfAnotherHostOrOfNobodyIsRefused_T10() {
            BlockEditor editor = Blocks.of("10.0.0.0/30").edit();
            IpAddress first = IpAddress.parse("10.0.0.0");

            assertThatThrownBy(() -> editor.autoAssign(1, KEY2, "DifferentHost", AddressFilter.NONE))
                    .isInstanceOf(BlockRefusal.NoHostAffinity.class);
            assertThatThrownBy(() -> editor.assign(first, KEY2, "DifferentHost"))
                    .isInstanceOf(BlockRefusal.NoHostAffinity.class);
            assertThat(editor.isChanged()).isFalse();

            editor.dropAffinity();
            assertThatThrownBy(() -> editor.autoAssign(1, KEY2, "test_host", AddressFilter.NONE))
                    .isInstanceOf(BlockRefusal.NoHostAffinity.class);
            assertThat(editor.autoAssign(1, KEY2, null, AddressFilter.NONE)).containsExactly(first);
        }

        @Test
        void aTakenAddressIsRefusedAndNothingChanges_T11() {
            Blocks block = Blocks.of("192.168.3.0/26");
            block.assign(2, KEY2);
            assertThat(block.allocation(2)).isZero();

            AllocationBlock before = block.block();
            assertThatThrownBy(() -> block.assign(2, KEY3)).isInstanceOf(BlockRefusal.AlreadyAssigned.class);
            assertThat(block.block()).isSameAs(before);
        }

        @Test
        void theFirstAddressAfterTheBlockIsNotInIt() {
            BlockEditor editor = Blocks.of("10.0.0.0/30").edit();

            assertThatThrownBy(() -> editor.assign(IpAddress.parse("10.0.0.4"), KEY2, null))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("10.0.0.4");
        }

        @Test
        void reservedAddressesKeepTheirPlaceInTheQueue_I15() {
            Blocks block = Blocks.of("10.0.0.0/29");
            AddressFilter odd = address -> (address.low() & 1) == 1;

            assertThat(block.auto(8, KEY2, odd)).containsExactly(0, 2, 4, 6);
            assertThat(block.queue()).containsExactly(1, 3, 5, 7);
            assertThat(block.block().freeCount(odd)).isZero();
            assertThat(block.block().reservedCount(odd)).isEqualTo(4);
            block.assign(3, KEY2);
            assertThat(block.auto(8, KEY3)).containsExactly(1, 5, 7);
        }

        @Test
        void aNegativeCountIsRefused() {
            BlockEditor editor = Blocks.of("10.0.0.0/30").edit();

            assertThatThrownBy(() -> editor.autoAssign(-1, KEY2, null, AddressFilter.NONE))
                    .isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Nested
    class Release {
        @Test
        void releasedAddressesGoToTheBackOfTheQueue_T13_T14_T15() {
            Blocks block = Blocks.of("192.168.3.0/26");
            block.assign(2, KEY2);
            block.assign(4, KEY2);
            block.assign(13, KEY2);

            assertThat(block.release(13)).isEmpty();
            assertThat(block.allocation(13)).isEqualTo(AllocationBlock.FREE);
            assertThat(block.queue()).endsWith(13);
            assertThat(block.block().entries()).hasSize(1);
            assertThat(block.block().freeCount()).isEqualTo(62);

            assertThat(block.auto(5, KEY2)).as("T-14").containsExactly(0, 1, 3, 5, 6);
            assertThat(block.auto(5, KEY2)).isEqualTo(ordinals(7, 11));
            block.release(0, 1, 3, 5, 6);
            assertThat(block.auto(5, KEY3)).containsExactly(12, 14, 15, 16, 17);

            assertThat(block.auto(2, entry("other"))).containsExactly(18, 19);
            assertThat(block.allocation(18)).isEqualTo((short) 2);
            block.release(12, 14, 15, 16, 17);
            assertThat(block.block().entries()).as("T-15").hasSize(2);
            assertThat(block.allocation(18)).isEqualTo((short) 1);
        }

        @Test
        void addressesThatAreNotAllocatedAreReturned_T16() {
            Blocks block = Blocks.of("10.0.0.0/29");
            block.auto(3, KEY2);

            assertThat(block.release(2, 5, 0)).containsExactly(5);
            assertThat(block.queue()).as("R-9: ascending").containsExactly(3, 4, 5, 6, 7, 0, 2);
        }

        @Test
        void anAddressGivenTwiceIsReleasedOnce_T52_I18() {
            Blocks block = Blocks.of("192.168.3.0/26");
            block.auto(64, KEY2);

            assertThat(block.release(7, 7)).isEmpty();
            assertThat(block.queue()).containsExactly(7);
            block.assign(7, KEY2);
            assertThat(block.auto(1, KEY2)).isEmpty();
        }

        @Test
        void theLastOfTwoRequestsForAnAddressCounts() {
            Blocks block = Blocks.of("10.0.0.0/30");
            block.auto(1, KEY2);
            BlockEditor editor = block.edit();

            BlockEditor.Released result = editor.release(List.of(
                    new BlockEditor.Release(block.block().address(0), "wrong", OptionalLong.empty()),
                    new BlockEditor.Release(block.block().address(0), "key2", OptionalLong.empty())));

            assertThat(result.released()).hasSize(1);
            assertThat(result.countByHandle()).containsExactly(Map.entry("key2", 1));
        }

        @Test
        void aWrongHandleOrSequenceNumberRefusesTheWholeRelease_T98_I16() {
            Blocks block = Blocks.of("10.0.0.0/29");
            block.auto(2, KEY2);
            block.auto(1, entry(null));
            AllocationBlock before = block.block();
            IpAddress first = before.address(0);
            IpAddress second = before.address(1);
            BlockEditor editor = block.edit();
            BlockEditor.Release fine =
                    new BlockEditor.Release(first, "key2", OptionalLong.of(before.sequenceOf(first)));

            assertThatThrownBy(() -> editor.release(
                            List.of(fine, new BlockEditor.Release(second, "other", OptionalLong.empty()))))
                    .isInstanceOf(BlockRefusal.Stale.class)
                    .hasMessageContaining("other")
                    .hasMessageContaining("key2");
            assertThatThrownBy(() ->
                            editor.release(List.of(fine, new BlockEditor.Release(second, null, OptionalLong.of(7)))))
                    .isInstanceOf(BlockRefusal.Stale.class)
                    .hasMessageContaining("7");
            assertThatThrownBy(() -> editor.release(
                            List.of(fine, new BlockEditor.Release(before.address(2), "h", OptionalLong.empty()))))
                    .isInstanceOf(BlockRefusal.Stale.class);

            assertThat(editor.isChanged()).isFalse();
            assertThat(BlockCodec.encode(editor.unwritten())).isEqualTo(BlockCodec.encode(before));
            assertThat(editor.release(List.of(fine)).released()).containsExactly(first);
        }

        @Test
        void aFreeAddressWithASequenceNumberIsStale_MissingCountsAsZero() {
            Blocks block = Blocks.of("10.0.0.0/30");
            BlockEditor editor = block.edit();
            IpAddress free = block.block().address(0);

            assertThatThrownBy(() -> editor.release(List.of(new BlockEditor.Release(free, null, OptionalLong.of(5)))))
                    .isInstanceOf(BlockRefusal.Stale.class);
            assertThat(editor.release(List.of(new BlockEditor.Release(free, "h", OptionalLong.of(0))))
                            .notAllocated())
                    .containsExactly(free);
        }

        @Test
        void anEmptyHandleMatchesAnAllocationWithoutHandle() {
            Blocks block = Blocks.of("10.0.0.0/30");
            block.auto(1, entry(null));
            BlockEditor editor = block.edit();

            assertThat(editor.release(List.of(
                                    new BlockEditor.Release(block.block().address(0), "", OptionalLong.empty())))
                            .released())
                    .hasSize(1);
        }

        @Test
        void byHandleReleasesAllEntriesOfTheHandle_T17_T18_T100() {
            Blocks block = Blocks.of("192.168.3.0/26");
            block.assign(4, entry("key1", "a", "1"));
            block.assign(9, entry("key1", "a", "2"));
            block.assign(2, entry("key1", "a", "1"));
            block.assign(3, KEY3);
            assertThat(block.block().addressesOf("key1"))
                    .extracting(block.block()::ordinal)
                    .containsExactly(2, 4, 9);

            assertThat(block.releaseByHandle("key1")).isEqualTo(3);
            assertThat(block.queue()).endsWith(2, 4, 9);
            assertThat(block.block().entries()).containsExactly(KEY3);
            assertThat(block.releaseByHandle("key1")).isZero();
        }

        @Test
        void byHandleWithASequenceNumberReleasesOnlyThoseThatMatch_T99() {
            Blocks block = Blocks.of("10.0.0.0/27");
            long sequence = block.block().sequence();
            BlockEditor editor = block.edit();
            editor.assign(block.block().address(17), KEY2, null);
            block.store(editor);
            block.auto(15, KEY3);
            block.auto(3, KEY2);

            BlockEditor release = block.edit();
            long second = block.block().sequenceOf(block.block().address(15));
            assertThat(second).isGreaterThan(sequence);
            assertThat(release.releaseByHandle("key2", OptionalLong.of(second))).hasSize(3);
            block.store(release);
            assertThat(block.block().addressesOf("key2"))
                    .extracting(block.block()::ordinal)
                    .containsExactly(17);
        }

        @Test
        void handlesAreComparedUpToTheFirstCarriageReturn_R6() {
            Blocks block = Blocks.of("10.0.0.0/30");
            block.auto(1, entry("h1\rjunk"));

            assertThat(block.block().addressesOf("h1")).hasSize(1);
            assertThat(block.block().countByHandle()).containsExactly(Map.entry("h1", 1));
            assertThat(block.releaseByHandle("h1")).isEqualTo(1);
        }
    }

    @Nested
    class SequenceNumbers {
        @Test
        void startAtTheClockAndRiseByOneForEachOperation() {
            Blocks block = Blocks.of("10.0.0.0/30");
            long start = 1_787_392_800_000_000_000L;
            assertThat(block.block().sequence()).isEqualTo(start);

            block.auto(2, KEY2);
            block.release(0);
            block.auto(1, KEY2);

            assertThat(block.block().sequence()).isEqualTo(start + 3);
            assertThat(block.block().sequenceOf(block.block().address(1))).isEqualTo(start);
            assertThat(block.block().sequenceOf(block.block().address(0))).isZero();
            assertThat(block.block().sequenceOf(block.block().address(2))).isEqualTo(start + 2);
        }

        @Test
        void ofANewBlockAreAboveAllThatAreKnownEvenIfTheClockIsBehind_R8() {
            Cidr cidr = Cidr.parse("10.0.0.0/30");
            long last = -2;

            assertThat(AllocationBlock.create(cidr, "h", NOW, last).sequence())
                    .as("unsigned")
                    .isEqualTo(-1);
            assertThat(AllocationBlock.create(cidr, "h", NOW, 5).sequence()).isEqualTo(1_787_392_800_000_000_000L);
        }

        @Test
        void ofABlockThatNeverHadOneStartAtTheClock() {
            AllocationBlock old =
                    BlockCodec.decode(Cidr.parse("10.0.0.0/30"), """
                            {"cidr":"10.0.0.0/30","affinity":"host:test_host","allocations":[null,null,null,null],
                             "unallocated":[0,1,2,3],"attributes":[]}""").block().orElseThrow();
            Blocks block = Blocks.of(old);

            block.auto(1, KEY2);

            assertThat(block.block().sequenceOf(block.block().address(0))).isEqualTo(AllocationBlock.nanos(NOW));
            assertThat(block.block().sequence()).isEqualTo(AllocationBlock.nanos(NOW) + 1);
        }
    }

    @Nested
    class Emptiness {
        @Test
        void aReserveDoesNotCount_T85_T97() {
            HostReserve reserve = new HostReserve(2, 1, "Windows-Reserved-IPAM-Handle", "windows host");
            Blocks block = Blocks.of(AllocationBlock.create(Cidr.parse("10.0.0.0/30"), "test_host", reserve, NOW, 0));

            assertThat(block.block().freeCount()).isEqualTo(1);
            assertThat(block.block().isEmpty()).isTrue();
            assertThat(List.of(block.allocation(0), block.allocation(1), block.allocation(3)))
                    .containsOnly((short) 0);
            AttributeEntry entry = block.block().entries().get(0);
            assertThat(entry.handle()).hasValue("Windows-Reserved-IPAM-Handle");
            assertThat(entry.secondary().orElseThrow().text()).isEqualTo("{\"note\":\"windows host\"}");
            assertThat(block.auto(1, KEY2)).containsExactly(2);
            assertThat(block.block().isEmpty()).isFalse();
        }

        @Test
        void aReserveAsLargeAsTheBlockIsRefused() {
            HostReserve reserve = new HostReserve(3, 1, "h", "n");

            assertThatThrownBy(() -> AllocationBlock.create(Cidr.parse("10.0.0.0/30"), "h", reserve, NOW, 0))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("10.0.0.0/30");
        }

        @Test
        void anAddressThatCoolsDownCounts() {
            Blocks block = Blocks.of("10.0.0.0/30").coolDown(Duration.ofSeconds(30));
            block.auto(1, KEY2);
            block.release(0);

            assertThat(block.block().isEmpty()).isFalse();
            assertThat(block.block().isCooling()).isTrue();
            assertThat(block.release(0)).as("not allocated").containsExactly(0);
            assertThatThrownBy(() -> block.assign(0, KEY2)).isInstanceOf(BlockRefusal.AlreadyAssigned.class);
        }
    }

    @Nested
    class CoolDown {
        @Test
        void addressesAreFreedWhenTheirTimeHasPassed_T102() {
            Blocks block = Blocks.of("10.0.0.0/24").coolDown(Duration.ofMinutes(10));
            for (int ordinal : List.of(31, 33, 42, 44, 52, 54)) {
                block.assign(ordinal, KEY2);
            }
            block.release(31, 33);
            block.at(NOW.plusSeconds(45)).release(42, 44);

            AllocationBlock after = block.block().normalised(NOW.plusSeconds(60), Duration.ofSeconds(30));

            assertThat(after.freeCount()).isEqualTo(252);
            assertThat(after.allocated().keySet()).extracting(after::ordinal).containsExactly(42, 44, 52, 54);
            assertThat(block.block().freeCount())
                    .as("the block itself is untouched")
                    .isEqualTo(250);
        }

        @ParameterizedTest(name = "{0} s after the release: {1} free")
        @CsvSource({"29, 3", "30, 4", "3600, 4"})
        void anAddressIsNotHandedOutBeforeAndIsAfterwards_I14(int seconds, int free) {
            Blocks block = Blocks.of("10.0.0.0/30").coolDown(Duration.ofSeconds(30));
            block.auto(1, KEY2);
            block.release(0);

            block.at(NOW.plusSeconds(seconds));

            assertThat(block.auto(4, KEY3)).hasSize(free);
        }

        @Test
        void turnedOffFreesAtOnceWhateverTheClocks() {
            Blocks block = Blocks.of("10.0.0.0/30").coolDown(Duration.ofSeconds(30));
            block.auto(1, KEY2);
            block.release(0);

            block.at(NOW.minusSeconds(99)).coolDown(Duration.ZERO);

            assertThat(block.auto(4, KEY3)).containsExactly(1, 2, 3, 0);
        }

        @Test
        void addressesReleasedTogetherShareOneEntryWithoutHandle() {
            Blocks block = Blocks.of("10.0.0.0/30").coolDown(Duration.ofSeconds(30));
            block.auto(3, KEY2);
            block.release(0, 1);

            assertThat(block.block().entries()).hasSize(2);
            assertThat(block.block().addressesOf("key2")).hasSize(1);
            assertThat(BlockCodec.encode(block.block()))
                    .contains("{\"handle_id\":null,\"secondary\":null,\"releasedAt\":\"2026-08-22T10:00:00Z\"}");
        }
    }

    @Nested
    class Owners {
        private final JsonValue network = JsonValue.of(Map.of("kind", "network"));

        @Test
        void bindingKeepsTheAllocationAndAllElse() {
            Blocks block = Blocks.of("10.0.0.0/30");
            block.auto(2, KEY2);
            long sequence = block.block().sequenceOf(block.block().address(1));
            BlockEditor editor = block.edit();

            assertThat(editor.bindOwner(block.block().address(1), network)).isTrue();
            block.store(editor);

            AttributeEntry bound = block.block().entry(block.block().address(1)).orElseThrow();
            assertThat(bound.owner()).hasValue(network);
            assertThat(bound.handle()).hasValue("key2");
            assertThat(block.block().sequenceOf(block.block().address(1))).isEqualTo(sequence);
            assertThat(block.block()
                            .entry(block.block().address(0))
                            .orElseThrow()
                            .owner())
                    .isEmpty();
        }

        @Test
        void bindingAgainChangesNothingAndAFreeAddressIsNotBound() {
            Blocks block = Blocks.of("10.0.0.0/30");
            block.auto(1, AttributeEntry.of(null, null, network));
            BlockEditor editor = block.edit();

            assertThat(editor.bindOwner(block.block().address(0), network)).isTrue();
            assertThat(editor.bindOwner(block.block().address(1), network)).isFalse();
            assertThat(editor.isChanged()).isFalse();
        }
    }

    @Test
    void blockOfAnAddressIsTheAddressMasked_T19() {
        assertThat(Cidr.of(IpAddress.parse("192.168.3.7"), 26)).hasToString("192.168.3.0/26");
        assertThat(Cidr.of(IpAddress.parse("10.34.11.75"), 26)).hasToString("10.34.11.64/26");
        assertThat(Cidr.of(IpAddress.parse("2001:abee:beef::1234"), 122)).hasToString("2001:abee:beef::1200/122");
        assertThat(Cidr.of(IpAddress.parse("2001:abee:beef::"), 122)).hasToString("2001:abee:beef::/122");
    }

    @Test
    void belongsToItsHostOnly() {
        AllocationBlock block = AllocationBlock.create(Cidr.parse("10.0.0.0/30"), "node-1", Instant.EPOCH, 0);

        assertThat(block.isOf("node-1")).isTrue();
        assertThat(block.isOf("node-10")).isFalse();
        assertThat(block.isOf("ode-1")).isFalse();
        assertThat(block.host()).hasValue("node-1");
    }

    @Test
    void moreThan4096AddressesAreNotABlock() {
        assertThatThrownBy(() -> AllocationBlock.create(Cidr.parse("10.0.0.0/19"), "h", NOW, 0))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
