package io.calico.ipam;

import io.calico.datastore.Keys;
import io.calico.datastore.StoreKey;
import io.calico.datastore.spi.Datastore;
import io.calico.datastore.spi.KeyValue;
import io.calico.datastore.spi.ListRequest;
import io.calico.datastore.spi.Page;
import io.calico.ipam.internal.AllocationBlock;
import io.calico.ipam.internal.AttributeEntry;
import io.calico.ipam.internal.BlockCodec;
import io.calico.ipam.internal.CorruptRecord;
import io.calico.ipam.internal.IpamConfig;
import io.calico.ipam.internal.Reservations;
import io.calico.model.net.Cidr;
import io.calico.model.net.IpVersion;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** How full the pools are, everything read at one revision. Damaged blocks are left out. */
final class UtilisationQuery {
    private static final Logger LOG = LoggerFactory.getLogger(UtilisationQuery.class);
    private static final int PAGE = 500;

    private final Datastore store;
    private long revision;
    private Reservations reservations = Reservations.NONE;

    UtilisationQuery(Datastore store) {
        this.store = store;
    }

    List<PoolUtilisation> run() {
        readReservations();
        List<PoolUtilisation> all = new ArrayList<>();
        List<PoolUtilisation.Block> orphaned = new ArrayList<>();
        for (IpVersion version : IpVersion.values()) {
            NavigableMap<String, Cidr> pools = new TreeMap<>();
            read(Keys.pools(version), record -> {
                if (Keys.parse(record.key()) instanceof StoreKey.Pool pool) {
                    pools.put(pool.cidr().toString(), pool.cidr());
                }
            });
            NavigableMap<Cidr, PoolUtilisation.Block> blocks = new TreeMap<>();
            read(Keys.blocks(version), record -> add(record, blocks));
            pools.values().forEach(pool -> all.add(ofPool(pool, blocks)));
            blocks.values().stream()
                    .filter(b -> pools.values().stream().noneMatch(p -> p.contains(b.cidr())))
                    .forEach(orphaned::add);
        }
        if (!orphaned.isEmpty()) {
            all.add(sum(
                    Optional.empty(),
                    orphaned.stream().mapToLong(PoolUtilisation.Block::capacity).sum(),
                    orphaned));
        }
        return all;
    }

    private void readReservations() {
        String key = Keys.IPAM_CONFIG;
        Page page = store.list(new ListRequest(Keys.IPAM, Optional.of(key), 0, 1));
        revision = page.revision();
        for (KeyValue record : page.records()) {
            try {
                reservations = record.key().equals(key)
                        ? IpamConfig.decode(record.value()).reservations()
                        : Reservations.NONE;
            } catch (CorruptRecord e) {
                LOG.warn("{} is damaged; nothing is counted as reserved: {}", key, e.reason());
            }
        }
    }

    private void read(String prefix, Consumer<KeyValue> take) {
        Optional<String> from = Optional.empty();
        do {
            Page page = store.list(new ListRequest(prefix, from, revision, PAGE));
            page.records().forEach(take);
            revision = page.revision();
            from = page.nextKey();
        } while (from.isPresent());
    }

    private void add(KeyValue record, NavigableMap<Cidr, PoolUtilisation.Block> blocks) {
        if (!(Keys.parse(record.key()) instanceof StoreKey.Block key)) {
            return;
        }
        try {
            BlockCodec.decode(key.cidr(), record.value())
                    .block()
                    .ifPresent(block -> blocks.put(key.cidr(), ofBlock(block)));
        } catch (CorruptRecord e) {
            LOG.warn("block {} is damaged and not counted: {}", record.key(), e.reason());
        }
    }

    /** Whether an address was taken by a host that the block does not belong to, as far as its owner says. */
    static boolean isBorrowed(AllocationBlock block, AttributeEntry entry) {
        return entry.owner()
                .flatMap(StoredForm::owner)
                .filter(owner -> !block.isOf(owner.node()))
                .isPresent();
    }

    private PoolUtilisation.Block ofBlock(AllocationBlock block) {
        int inUse = block.size() - block.freeCount();
        long borrowed = block.allocated().values().stream()
                .filter(e -> isBorrowed(block, e))
                .count();
        return new PoolUtilisation.Block(
                block.cidr(),
                block.host(),
                block.size(),
                inUse,
                block.reservedCount(reservations),
                block.freeCount(reservations),
                borrowed);
    }

    private PoolUtilisation ofPool(Cidr pool, NavigableMap<Cidr, PoolUtilisation.Block> blocks) {
        List<PoolUtilisation.Block> inside = List.copyOf(
                blocks.subMap(pool, true, Cidr.of(pool.last()), true).values());
        int hostBits = pool.version().bits() - pool.prefixLength();
        return sum(Optional.of(pool), hostBits >= 63 ? Long.MAX_VALUE : 1L << hostBits, inside);
    }

    /** What no block has been made of is available, unless it is reserved. */
    private PoolUtilisation sum(Optional<Cidr> pool, long capacity, List<PoolUtilisation.Block> blocks) {
        long inUse = blocks.stream().mapToLong(PoolUtilisation.Block::inUse).sum();
        long borrowed =
                blocks.stream().mapToLong(PoolUtilisation.Block::borrowed).sum();
        long reservedInBlocks =
                blocks.stream().mapToLong(PoolUtilisation.Block::reserved).sum();
        long reserved = pool.map(reservations::countWithin).orElse(reservedInBlocks);
        long both = blocks.stream()
                .mapToLong(b -> b.inUse() + b.reserved() + b.available() - b.capacity())
                .sum();
        boolean vast = capacity == Long.MAX_VALUE && reserved < Long.MAX_VALUE;
        long available = vast ? Long.MAX_VALUE : Math.max(0, capacity - inUse - reserved + both);
        return new PoolUtilisation(pool, capacity, inUse, reserved, available, borrowed, blocks);
    }
}
