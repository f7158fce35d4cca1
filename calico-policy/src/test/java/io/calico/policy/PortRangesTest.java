package io.calico.policy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.calico.model.net.PortRange;
import java.util.List;
import java.util.stream.IntStream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;

class PortRangesTest {
    @Test
    void touchingAndOverlappingRangesBecomeOne() {
        List<PortRange> merged = PortRanges.merged(List.of(
                PortRange.of(80),
                new PortRange(100, 200),
                PortRange.of(81),
                new PortRange(150, 300),
                PortRange.of(83)));

        assertThat(merged).containsExactly(new PortRange(80, 81), PortRange.of(83), new PortRange(100, 300));
    }

    @Test
    void rangesInsideAnotherDisappear() {
        assertThat(PortRanges.merged(List.of(new PortRange(1, 100), new PortRange(5, 6), PortRange.of(7))))
                .containsExactly(new PortRange(1, 100));
    }

    @Test
    void noPortsAtAllAreRefused() {
        assertThatThrownBy(() -> PortRanges.merged(List.of())).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void allPortsAreRecognisedInPieces() {
        assertThat(PortRanges.areAll(List.of(new PortRange(1000, 65535), new PortRange(0, 999))))
                .isTrue();
        assertThat(PortRanges.areAll(List.of(new PortRange(1, 65535)))).isFalse();
    }

    @Property(tries = 300)
    void mergedRangesHoldTheSamePortsApartFromEachOther(@ForAll("ranges") List<PortRange> ranges) {
        List<PortRange> merged = PortRanges.merged(ranges);

        assertThat(IntStream.rangeClosed(0, 100))
                .allMatch(port -> merged.stream().anyMatch(range -> range.contains(port))
                        == ranges.stream().anyMatch(range -> range.contains(port)));
        for (int i = 1; i < merged.size(); i++) {
            assertThat(merged.get(i).first()).isGreaterThan(merged.get(i - 1).last() + 1);
        }
    }

    @Provide
    Arbitrary<List<PortRange>> ranges() {
        Arbitrary<PortRange> range = Arbitraries.integers()
                .between(0, 90)
                .flatMap(first ->
                        Arbitraries.integers().between(0, 10).map(length -> new PortRange(first, first + length)));
        return range.list().ofMinSize(1).ofMaxSize(12);
    }
}
