package io.calico.ipam.internal.view;

import io.calico.ipam.internal.CandidateOrder;
import io.calico.model.net.Cidr;
import java.util.BitSet;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Predicate;

/**
 * The blocks of a pool in the order in which this host tries them, kept up to date with the view, so that the next one is
 * found at once however many blocks there are: a pool may have a quarter of a million.
 *
 * <pre>
 * candidates   3 ✗  6 ✗  1 ✗  4 ✗  7    2    5 ✗  0        ✗: a block of anybody shares an address with it
 * taken        1    1    1    1    0    0    1    0        one bit for each rank, so that 64 are passed over in one step
 *                                  ▲ cursor: none before it is free
 * lendable     blocks of others with something free, by rank
 * </pre>
 *
 * The cursor goes back when a block vanishes, to where that block stood. Pools of more than 2^20 blocks have no bits: there
 * each candidate is looked up in the view. Confined to one thread at a time.
 */
public final class PoolIndex {
    private static final long MOST_BITS = 1 << 20;

    private final Cidr pool;
    private final int blockPrefixLength;
    private final String host;
    private final CandidateOrder order;
    private final Predicate<Cidr> occupied;
    private final boolean hasBits;
    private final BitSet taken = new BitSet();
    private final NavigableMap<Ranked, BlockSummary> lendable =
            new TreeMap<>(Comparator.comparingLong(Ranked::rank).thenComparing(Ranked::cidr));
    private long cursor;

    private record Ranked(long rank, Cidr cidr) {}

    /**
     * An index without any block.
     *
     * @param occupied whether a block shares an address with that range
     */
    PoolIndex(Cidr pool, int blockPrefixLength, String host, Predicate<Cidr> occupied) {
        this.pool = pool;
        this.blockPrefixLength = blockPrefixLength;
        this.host = host;
        this.order = new CandidateOrder(pool, blockPrefixLength, CandidateOrder.hash(host));
        this.occupied = occupied;
        this.hasBits = order.size() <= MOST_BITS;
    }

    private boolean concerns(Cidr cidr) {
        return pool.overlaps(cidr);
    }

    /** A block is there now. */
    void added(BlockSummary summary) {
        Cidr cidr = summary.cidr();
        if (!concerns(cidr)) {
            return;
        }
        take(cidr);
        boolean own = summary.host().filter(host::equals).isPresent();
        if (!own && summary.free() > 0) {
            lendable.put(ranked(cidr), summary);
        }
    }

    /** A block of another size, which a foreign writer may have made, takes several candidates or a part of one. */
    private void take(Cidr block) {
        if (!hasBits) {
            return;
        }
        if (block.prefixLength() >= blockPrefixLength) {
            taken.set((int) order.rank(block));
        } else if (block.prefixLength() <= pool.prefixLength()) {
            taken.set(0, (int) order.size());
        } else {
            long size = 1L << pool.version().bits() - blockPrefixLength;
            for (long i = 0; i < 1L << blockPrefixLength - block.prefixLength(); i++) {
                taken.set((int) order.rank(Cidr.of(block.first().plus(i * size), blockPrefixLength)));
            }
        }
    }

    /**
     * A block that was there is not there now.
     *
     * @return false if the index cannot tell what that leaves, and is to be made anew
     */
    boolean removed(BlockSummary summary) {
        Cidr cidr = summary.cidr();
        if (!concerns(cidr)) {
            return true;
        }
        if (cidr.prefixLength() < blockPrefixLength) {
            return false;
        }
        lendable.remove(ranked(cidr));
        long rank = order.rank(cidr);
        if (!occupied.test(Cidr.of(cidr.first(), blockPrefixLength))) {
            cursor = Math.min(cursor, rank);
            if (hasBits) {
                taken.clear((int) rank);
            }
        }
        return true;
    }

    private Ranked ranked(Cidr cidr) {
        return new Ranked(order.rank(cidr), cidr);
    }

    /** Blocks that are not this host's and have something free, in the order in which this host tries them. */
    public Collection<BlockSummary> lendable() {
        return Collections.unmodifiableCollection(lendable.values());
    }

    /**
     * The first candidate that shares no address with a block that exists: while there is none at all in the pool, its
     * first block. Empty if there is no such candidate.
     *
     * @param random where to begin if a block is a single address: such a block cannot be shared, so the requests of one
     *     host must not all try the same one
     * @param passOver candidates that the caller cannot use
     */
    public Optional<Cidr> firstFree(long random, Predicate<Cidr> passOver) {
        Cidr first = order.first();
        if (!occupied.test(pool) && !passOver.test(first)) {
            return Optional.of(first);
        }
        if (blockPrefixLength == pool.version().bits()) {
            long start = CandidateOrder.mix(CandidateOrder.hash(host) ^ random) & order.size() - 1;
            return firstFree(start, order.size(), passOver).or(() -> firstFree(0, start, passOver));
        }
        cursor = nextFree(cursor, order.size());
        return firstFree(cursor, order.size(), passOver);
    }

    private Optional<Cidr> firstFree(long from, long end, Predicate<Cidr> passOver) {
        for (long rank = nextFree(from, end); rank < end; rank = nextFree(rank + 1, end)) {
            Cidr candidate = order.candidate(rank);
            if (!passOver.test(candidate)) {
                return Optional.of(candidate);
            }
        }
        return Optional.empty();
    }

    /** The first rank from there on whose candidate is free; {@code end} if there is none before. */
    private long nextFree(long from, long end) {
        if (hasBits) {
            return Math.min(end, taken.nextClearBit((int) from));
        }
        long rank = from;
        while (rank < end && occupied.test(order.candidate(rank))) {
            rank++;
        }
        return rank;
    }

    int blockPrefixLength() {
        return blockPrefixLength;
    }
}
