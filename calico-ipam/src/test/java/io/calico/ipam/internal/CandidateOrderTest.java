package io.calico.ipam.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.calico.model.net.Cidr;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CandidateOrderTest {
    private static CandidateOrder order(String pool, int blockPrefixLength, String host) {
        return new CandidateOrder(Cidr.parse(pool), blockPrefixLength, CandidateOrder.hash(host));
    }

    @ParameterizedTest(name = "T104 {0} by /{1}")
    @CsvSource({
        "10.0.0.0/24,26,4",
        "fd00::/120,122,4",
        "10.0.0.0/16,20,16",
        "fd00::/114,116,4",
        "10.0.0.0/24,32,256",
        "fd00::/120,128,256",
        "10.0.0.0/26,26,1"
    })
    void visitsEveryBlockOfThePoolOnce_I32(String pool, int prefix, int size) {
        CandidateOrder order = order(pool, prefix, "node-7");

        Set<Cidr> visited = new LinkedHashSet<>();
        LongStream.range(0, order.size()).mapToObj(order::candidate).forEach(visited::add);

        assertThat(visited).hasSize(size).allMatch(b -> Cidr.parse(pool).contains(b) && b.prefixLength() == prefix);
        assertThat(LongStream.range(0, size).mapToObj(order::candidate))
                .as("same host, same order")
                .containsExactlyElementsOf(visited);
        assertThat(visited)
                .extracting(order::rank)
                .isEqualTo(LongStream.range(0, size).boxed().toList());
    }

    /** A change of the order would let two versions of one host claim two blocks where one is enough. */
    @Test
    void isTheDocumentedOne_R15() {
        assertThat(CandidateOrder.hash("")).isEqualTo(CandidateOrder.mix(0xcbf29ce484222325L));
        CandidateOrder order = order("10.0.0.0/24", 26, "node-1");
        long hash = CandidateOrder.hash("node-1");
        List<String> expected = IntStream.range(0, 4)
                .mapToObj(i -> "10.0.0." + 64 * ((hash + i * (hash >>> 32 | 1)) & 3) + "/26")
                .toList();

        assertThat(IntStream.range(0, 4).mapToObj(order::candidate))
                .extracting(Cidr::toString)
                .isEqualTo(expected);
    }

    @Test
    void spreadsTheFirstCandidatesOfAThousandHostsEvenly_I32() {
        int blocks = 16;
        int[] first = new int[blocks];
        for (int host = 0; host < 1000; host++) {
            Cidr candidate = order("10.0.0.0/22", 26, "node-" + host).candidate(0);
            first[(int) (candidate.first().low() >>> 6 & blocks - 1)]++;
        }

        double expected = 1000.0 / blocks;
        double chiSquare = IntStream.of(first)
                .mapToDouble(n -> (n - expected) * (n - expected) / expected)
                .sum();

        assertThat(chiSquare).as("15 degrees of freedom, 0.1 %%").isLessThan(37.7);
    }

    @Test
    void needsNoListOfAnIpv6PoolsBlocks() {
        CandidateOrder order = order("fd80:24e2:f998:72d6::/64", 122, "node-1");
        assertThat(order.size()).isEqualTo(1L << 58);

        for (long i : new long[] {0, 1, 2, 1L << 40, (1L << 58) - 1}) {
            Cidr block = order.candidate(i);
            assertThat(Cidr.parse("fd80:24e2:f998:72d6::/64").contains(block)).isTrue();
            assertThat(order.rank(block)).isEqualTo(i);
        }
    }

    @Test
    void aPoolLargerThanALongIsUsedFromItsBeginning() {
        CandidateOrder order = order("fd00::/8", 128, "node-1");

        assertThat(order.size()).isEqualTo(1L << 62);
        assertThat(order.first()).hasToString("fd00::/128");
        assertThat(order.rank(order.candidate(12345))).isEqualTo(12345);
        assertThat(order.rank(Cidr.parse("fdff::1/128"))).isEqualTo(Long.MAX_VALUE);
        CandidateOrder wide = order("fd00::/40", 116, "node-1");
        assertThat(wide.rank(wide.candidate((1L << 62) - 1))).isEqualTo((1L << 62) - 1);
        assertThat(wide.rank(Cidr.parse("fd00:0:8::/116"))).isGreaterThanOrEqualTo(0);
    }

    @Test
    void aPoolSmallerThanABlockHasNone() {
        assertThatThrownBy(() -> order("10.0.0.0/27", 26, "h"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("10.0.0.0/27");
    }
}
