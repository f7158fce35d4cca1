package io.calico.ipam.internal.view;

import io.calico.datastore.StoreKey;
import io.calico.ipam.internal.AffinityRow;
import io.calico.ipam.internal.AllocationBlock;
import io.calico.ipam.internal.BlockCodec;
import io.calico.ipam.internal.CorruptRecord;
import io.calico.model.net.Cidr;
import io.calico.model.net.IpAddress;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The blocks of one IP version: of every block a summary, of this host's and of those used lately the whole value.
 *
 * <pre>
 * summaries  10.0.0.0/26 → node-1, 3 free     10.0.0.64/26 → node-2, 64 free     …
 * values     10.0.0.0/26 → allocations, queue, …            (own: all; others: the last 128)
 * rows       10.0.0.0/26 → confirmed                        (this host's only)
 * </pre>
 */
public final class FamilyView {
    private static final int KEPT_VALUES = 128;
    private static final int KEPT_SEQUENCES = 1024;

    private final String host;
    private final NavigableMap<Cidr, BlockSummary> summaries = new TreeMap<>();
    /** Own blocks by key, the order in which they are used. */
    private final NavigableMap<String, Cidr> own = new TreeMap<>();

    private final Map<Cidr, Seen<AllocationBlock>> ownValues = new LinkedHashMap<>();
    private final Map<Cidr, Seen<AllocationBlock>> otherValues = new LruMap<>(KEPT_VALUES);
    private final NavigableMap<String, Cidr> rows = new TreeMap<>();
    private final Map<Cidr, Seen<AffinityRow>> rowValues = new HashMap<>();
    /** Own blocks and rows that are not simply in order and full, by key: a host may own a thousand that are. */
    private final NavigableMap<String, Cidr> notable = new TreeMap<>();
    /** Sequence numbers of blocks that are gone, so that they are not used again. */
    private final Map<Cidr, Long> lastSequences = new LruMap<>(KEPT_SEQUENCES);

    private final Map<Cidr, PoolIndex> indexes = new HashMap<>();

    private boolean loaded;
    private long revision;

    FamilyView(String host) {
        this.host = host;
    }

    /** Whether all blocks and this host's rows have been read. */
    public boolean isLoaded() {
        return loaded;
    }

    /** The revision at which all blocks were read last; 0: never. */
    public long revision() {
        return revision;
    }

    /** Forgets everything but the sequence numbers; what is read next is all there is. */
    public void beginLoad() {
        summaries.values().forEach(s -> lastSequences.merge(s.cidr(), s.sequence(), FamilyView::larger));
        summaries.clear();
        indexes.clear();
        own.clear();
        ownValues.clear();
        otherValues.clear();
        rows.clear();
        rowValues.clear();
        notable.clear();
        loaded = false;
        revision = 0;
    }

    /**
     * Everything has been observed.
     *
     * @param atRevision the revision at which the blocks were listed
     */
    public void endLoad(long atRevision) {
        loaded = true;
        revision = atRevision;
    }

    private static long larger(long a, long b) {
        return Long.compareUnsigned(a, b) >= 0 ? a : b;
    }

    /** Takes note of a block's record. */
    void observeBlock(Cidr cidr, long atRevision, String json) {
        try {
            BlockCodec.Decoded decoded = BlockCodec.decode(cidr, json);
            if (decoded.block().isPresent()) {
                observeBlock(cidr, Seen.of(atRevision, decoded.block().get()));
            } else {
                lastSequences.merge(cidr, decoded.sequence(), FamilyView::larger);
                observeBlock(cidr, Seen.deleted(atRevision));
            }
        } catch (CorruptRecord e) {
            observeBlock(cidr, Seen.damaged(atRevision, e));
        }
    }

    /** Takes note of a block. */
    void observeBlock(Cidr cidr, Seen<AllocationBlock> seen) {
        BlockSummary before = summaries.remove(cidr);
        if (before != null) {
            lastSequences.merge(cidr, before.sequence(), FamilyView::larger);
            indexes.values().removeIf(index -> !index.removed(before));
        }
        String key = key(cidr);
        own.remove(key);
        ownValues.remove(cidr);
        otherValues.remove(cidr);
        if (!seen.isAbsent()) {
            BlockSummary now = summary(cidr, seen);
            summaries.put(cidr, now);
            indexes.values().forEach(index -> index.added(now));
        }
        if (seen.value().filter(b -> b.isOf(host)).isPresent()) {
            own.put(key, cidr);
            ownValues.put(cidr, seen);
        } else if (seen.revision() != 0) {
            otherValues.put(cidr, seen);
        }
        note(cidr, key);
    }

    private void note(Cidr cidr, String key) {
        Seen<AllocationBlock> value = ownValues.get(cidr);
        boolean full = value != null
                && value.value()
                        .filter(b -> b.freeCount() == 0 && !b.isCooling())
                        .isPresent();
        boolean rowIsRight = rowIsConfirmed(cidr);
        if (full && rowIsRight || !own.containsKey(key) && !rows.containsKey(key)) {
            notable.remove(key);
        } else {
            notable.put(key, cidr);
        }
    }

    private static BlockSummary summary(Cidr cidr, Seen<AllocationBlock> seen) {
        return seen.value()
                .map(b -> new BlockSummary(
                        cidr,
                        seen.revision(),
                        b.host(),
                        b.freeCount(),
                        b.isEmpty(),
                        b.claimTime(),
                        b.sequence(),
                        false))
                .orElseGet(() ->
                        new BlockSummary(cidr, seen.revision(), Optional.empty(), 0, false, Optional.empty(), 0, true));
    }

    private static String key(Cidr cidr) {
        return new StoreKey.Block(cidr).path();
    }

    /** Forgets the value of a block and of its row, not that they exist. */
    void forget(Cidr cidr) {
        ownValues.remove(cidr);
        otherValues.remove(cidr);
        note(cidr, key(cidr));
    }

    void observeRow(Cidr cidr, Seen<AffinityRow> seen) {
        String key = key(cidr);
        if (seen.revision() == 0) {
            rows.remove(key);
            rowValues.remove(cidr);
        } else {
            rows.put(key, cidr);
            rowValues.put(cidr, seen);
        }
        note(cidr, key);
    }

    /** A block's value; empty if it is not in memory, or nobody has looked. */
    public Optional<Seen<AllocationBlock>> value(Cidr cidr) {
        Seen<AllocationBlock> seen = ownValues.get(cidr);
        return Optional.ofNullable(seen == null ? otherValues.get(cidr) : seen);
    }

    /** This host's blocks. */
    public Collection<Cidr> own() {
        return Collections.unmodifiableCollection(own.values());
    }

    /**
     * This host's blocks that have something free, and everything about which its rows and the blocks disagree, by the
     * text of the keys, ascending.
     */
    public List<Cidr> notable() {
        return List.copyOf(notable.values());
    }

    /** This host's row of a block; absent if there is none. */
    public Seen<AffinityRow> row(Cidr cidr) {
        return Optional.ofNullable(rowValues.get(cidr)).orElseGet(Seen::absent);
    }

    /** Whether this host's row of a block says that the block is this host's. */
    public boolean rowIsConfirmed(Cidr cidr) {
        return row(cidr).value().filter(AffinityRow::isConfirmed).isPresent();
    }

    /** What is known of a block; empty if it does not exist. */
    public Optional<BlockSummary> summary(Cidr cidr) {
        return Optional.ofNullable(summaries.get(cidr));
    }

    /** All blocks, by address. */
    public Collection<BlockSummary> all() {
        return Collections.unmodifiableCollection(summaries.values());
    }

    /** The pool's blocks in the order in which this host tries them; made when first asked for, then kept. */
    public PoolIndex index(StoredPool pool) {
        PoolIndex known = indexes.get(pool.cidr());
        if (known != null && known.blockPrefixLength() == pool.pool().blockPrefixLength()) {
            return known;
        }
        PoolIndex made = new PoolIndex(
                pool.cidr(),
                pool.pool().blockPrefixLength(),
                host,
                range -> overlapping(range).isPresent());
        summaries.values().forEach(made::added);
        indexes.put(pool.cidr(), made);
        return made;
    }

    /** The blocks that begin in a range, by address. */
    public SortedMap<Cidr, BlockSummary> within(Cidr range) {
        return summaries.subMap(range, true, Cidr.of(range.last()), true);
    }

    /** A block that shares an address with that range. */
    public Optional<Cidr> overlapping(Cidr range) {
        Cidr before = summaries.floorKey(range);
        if (before != null && before.overlaps(range)) {
            return Optional.of(before);
        }
        Cidr after = summaries.higherKey(range);
        return after != null && range.contains(after) ? Optional.of(after) : Optional.empty();
    }

    /** The block that holds an address. */
    public Optional<Cidr> containing(IpAddress address) {
        return overlapping(Cidr.of(address));
    }

    /** The largest sequence number that a block of that range is known to have had (unsigned); 0: none. */
    public long lastSequence(Cidr cidr) {
        BlockSummary present = summaries.get(cidr);
        return larger(lastSequences.getOrDefault(cidr, 0L), present == null ? 0 : present.sequence());
    }
}
