package io.calico.ipam.internal.view;

import static org.assertj.core.api.Assertions.assertThat;

import io.calico.ipam.internal.AllocationBlock;
import io.calico.ipam.internal.CandidateOrder;
import io.calico.model.IpPool;
import io.calico.model.net.Cidr;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.From;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;

/** The index of a pool's blocks always gives what a search through all candidates would. */
class PoolIndexTest {
    private static final String HOST = "node-1";
    private static final Cidr POOL = Cidr.parse("10.0.0.0/24");

    private static StoredPool pool(Cidr cidr, int blockSize) {
        return new StoredPool(IpPool.of(cidr).withBlockSize(blockSize), 1);
    }

    private static Seen<AllocationBlock> block(Cidr cidr, String host) {
        return Seen.of(2, AllocationBlock.create(cidr, host, Instant.EPOCH, 0));
    }

    private static Optional<Cidr> searched(FamilyView view, Set<Cidr> reserved) {
        CandidateOrder order = new CandidateOrder(POOL, 28, CandidateOrder.hash(HOST));
        boolean none = view.overlapping(POOL).isEmpty();
        return LongStream.range(0, order.size())
                .mapToObj(order::candidate)
                .filter(c -> !none || reserved.contains(order.first()) || c.equals(order.first()))
                .filter(c -> view.overlapping(c).isEmpty() && !reserved.contains(c))
                .findFirst();
    }

    /** A block that appears, changes or vanishes: of the pool's size, smaller, larger, as large as the pool, outside. */
    @Provide
    Arbitrary<Cidr> blocks() {
        Arbitrary<Integer> prefixes = Arbitraries.of(28, 28, 28, 28, 28, 28, 29, 29, 26, 26, 24, 23);
        return Combinators.combine(prefixes, Arbitraries.integers().between(0, 511))
                .as((prefix, last) -> Cidr.of(Cidr.parse("10.0.0.0/23").first().plus(last), prefix));
    }

    @Property(tries = 300)
    void theFirstFreeCandidateIsTheOneThatASearchFinds(
            @ForAll List<@From("blocks") Cidr> changes, @ForAll Set<@From("blocks") Cidr> reserved) {
        FamilyView view = new FamilyView(HOST);
        StoredPool pool = pool(POOL, 28);
        view.index(pool);
        Set<Cidr> present = new HashSet<>();
        for (Cidr change : changes) {
            boolean appears = !present.remove(change);
            if (appears && present.stream().anyMatch(change::overlaps)) {
                continue; // blocks never share an address (I-6)
            }
            if (appears) {
                present.add(change);
            }
            view.observeBlock(change, appears ? block(change, "node-2") : Seen.absent());
            assertThat(view.index(pool).firstFree(0, reserved::contains)).isEqualTo(searched(view, reserved));
        }
    }

    @Test
    void ofSingleAddressBlocksEveryFreeOneIsFoundFromAnyStart() {
        FamilyView view = new FamilyView(HOST);
        StoredPool pool = pool(Cidr.parse("10.0.0.0/28"), 32);
        Set<Cidr> claimed = new HashSet<>();
        for (int i = 0; i < 16; i++) {
            Cidr next = view.index(pool)
                    .firstFree(i * 0x9e3779b97f4a7c15L, c -> false)
                    .orElseThrow();
            assertThat(claimed.add(next)).as("%s was free", next).isTrue();
            view.observeBlock(next, block(next, HOST));
        }
        assertThat(view.index(pool).firstFree(7, c -> false)).isEmpty();
    }

    @Test
    void singleAddressBlocksAreTriedInAnotherOrderEachTime() {
        FamilyView view = new FamilyView(HOST);
        StoredPool pool = pool(Cidr.parse("10.0.0.0/24"), 32);
        view.observeBlock(Cidr.parse("10.0.0.0/32"), block(Cidr.parse("10.0.0.0/32"), HOST));
        assertThat(IntStream.range(0, 20)
                        .mapToObj(i -> view.index(pool).firstFree(i, c -> false).orElseThrow())
                        .distinct()
                        .count())
                .isGreaterThan(10);
    }

    @Test
    void aPoolOfMoreBlocksThanBitsIsSearchedInTheView() {
        FamilyView view = new FamilyView(HOST);
        Cidr wide = Cidr.parse("fd00::/64");
        StoredPool pool = pool(wide, 122);
        CandidateOrder order = new CandidateOrder(wide, 122, CandidateOrder.hash(HOST));
        for (int i = 0; i < 100; i++) {
            view.observeBlock(order.candidate(i), block(order.candidate(i), "node-2"));
        }
        assertThat(view.index(pool).firstFree(0, c -> false)).contains(order.candidate(100));
        view.observeBlock(order.candidate(40), Seen.absent());
        assertThat(view.index(pool).firstFree(0, c -> false)).contains(order.candidate(40));
    }
}
