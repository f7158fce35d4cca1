package io.calico.ipam.internal.view;

import io.calico.ipam.internal.CandidateOrder;
import io.calico.model.net.Cidr;
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
 *                                  ▲ cursor: none before it is free
 * lendable     blocks of others with something free, by rank
 * </pre>
 *
 * The cursor goes back when a block vanishes, to where that block stood. Confined to one thread at a time.
 */
public final class PoolIndex {
    private final Cidr pool;
    private final int blockPrefixLength;
    private final String host;
    private final CandidateOrder order;
    private final Predicate<Cidr> occupied;
    private final NavigableMap<Ranked, BlockSummary> lendable =
            new TreeMap<>(Comparator.comparingLong(Ranked::rank).thenComparing(Ranked::cidr));
    private long cursor;
    /** Blocks of the pool's own size. */
    private long count;

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
        count += cidr.prefixLength() == blockPrefixLength ? 1 : 0;
        boolean own = summary.host().filter(host::equals).isPresent();
        if (!own && summary.free() > 0) {
            lendable.put(ranked(cidr), summary);
        }
    }

    /** A block that was there is not there now. */
    void removed(BlockSummary summary) {
        Cidr cidr = summary.cidr();
        if (!concerns(cidr)) {
            return;
        }
        boolean ofOurSize = cidr.prefixLength() == blockPrefixLength;
        count -= ofOurSize ? 1 : 0;
        cursor = ofOurSize ? Math.min(cursor, order.rank(cidr)) : 0;
        lendable.remove(ranked(cidr));
    }

    private Ranked ranked(Cidr cidr) {
        return new Ranked(order.rank(cidr), cidr);
    }

    /** Blocks that are not this host's and have something free, in the order in which this host tries them. */
    public Collection<BlockSummary> lendable() {
        return Collections.unmodifiableCollection(lendable.values());
    }

    private boolean isFull() {
        return count >= order.size();
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
        if (isFull()) {
            return Optional.empty();
        }
        if (blockPrefixLength == pool.version().bits()) {
            long seed = CandidateOrder.mix(CandidateOrder.hash(host) ^ random);
            return firstFree(new CandidateOrder(pool, blockPrefixLength, seed), 0, passOver);
        }
        while (cursor < order.size() && occupied.test(order.candidate(cursor))) {
            cursor++;
        }
        return firstFree(order, cursor, passOver);
    }

    private Optional<Cidr> firstFree(CandidateOrder candidates, long from, Predicate<Cidr> passOver) {
        for (long number = from; number < candidates.size(); number++) {
            Cidr candidate = candidates.candidate(number);
            if (!occupied.test(candidate) && !passOver.test(candidate)) {
                return Optional.of(candidate);
            }
        }
        return Optional.empty();
    }

    int blockPrefixLength() {
        return blockPrefixLength;
    }
}
