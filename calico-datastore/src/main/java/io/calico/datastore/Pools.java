package io.calico.datastore;

import io.calico.datastore.spi.Datastore;
import io.calico.datastore.spi.KeyValue;
import io.calico.datastore.spi.Page;
import io.calico.datastore.spi.Transaction;
import io.calico.model.IpPool;
import io.calico.model.json.BadRecordException;
import io.calico.model.json.ModelJson;
import io.calico.model.net.Cidr;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Address pools, each at {@code /calico/v1/ipam/v4/pool/CIDR} (or {@code v6}). No two overlap: every new pool also
 * rewrites one record of its version ({@link Keys#poolGuard}), so of two at the same time the second sees the first.
 * Thread-safe; see {@link CalicoStore} for errors.
 */
public final class Pools {
    private final Datastore store;
    private final Records records;

    Pools(Datastore store) {
        this.store = store;
        this.records = new Records(store);
    }

    /** All pools: IPv4 before IPv6, each in the order of the keys. */
    public Listing<IpPool> list() {
        Page page = store.listAll(Keys.IPAM_V1);
        List<IpPool> pools = new ArrayList<>();
        List<BadRecordException> damaged = new ArrayList<>();
        for (KeyValue record : page.records()) {
            try {
                if (Keys.parse(record.key()) instanceof StoreKey.Pool key) {
                    pools.add(read(key.cidr(), record));
                } else if (!isGuard(record.key())) {
                    damaged.add(new BadRecordException(record.key(), "the key is not one of a pool"));
                }
            } catch (BadRecordException e) {
                damaged.add(e);
            }
        }
        return new Listing<>(pools, damaged, page.revision());
    }

    /** The pool with exactly that CIDR. */
    public Optional<IpPool> find(Cidr cidr) {
        return store.get(key(cidr)).map(record -> read(cidr, record));
    }

    /**
     * Stores a pool. One of the same CIDR is replaced; if one of another CIDR overlaps, nothing is done. Damaged pools
     * count: their CIDR is in their key.
     */
    public PoolPut put(IpPool pool) {
        Cidr cidr = pool.cidr();
        String text = ModelJson.write(pool);
        String guard = Keys.poolGuard(cidr.version());
        for (int attempt = 0; attempt < Records.ATTEMPTS; attempt++) {
            // The guard is read before the pools: a pool added after it was read makes the compare fail.
            Optional<KeyValue> guardSeen = store.get(guard);
            Optional<KeyValue> replaced = Optional.empty();
            for (KeyValue record : store.listAll(Keys.pools(cidr.version())).records()) {
                if (Keys.parse(record.key()) instanceof StoreKey.Pool other) {
                    if (other.cidr().equals(cidr)) {
                        replaced = Optional.of(record);
                    } else if (other.cidr().overlaps(cidr)) {
                        return new PoolPut.Overlaps(other.cidr());
                    }
                }
            }
            Transaction write = Transaction.builder()
                    .ifAsSeen(guard, guardSeen)
                    .ifAsSeen(key(cidr), replaced)
                    .put(guard, cidr.toString())
                    .put(key(cidr), text)
                    .build();
            if (records.write(write, key(cidr), Optional.of(text)).isPresent()) {
                return new PoolPut.Stored(replaced.flatMap(record -> readable(cidr, record)));
            }
        }
        throw Records.tooBusy(guard);
    }

    /** Removes the pool with exactly that CIDR; false if there was none. */
    public boolean remove(Cidr cidr) {
        return records.delete(key(cidr));
    }

    private static IpPool read(Cidr cidr, KeyValue record) {
        IpPool pool = ModelJson.read(record.key(), record.value(), IpPool::fromJson);
        if (!pool.cidr().equals(cidr)) {
            throw new BadRecordException(record.key(), "the record says " + pool.cidr());
        }
        return pool;
    }

    private static Optional<IpPool> readable(Cidr cidr, KeyValue record) {
        try {
            return Optional.of(read(cidr, record));
        } catch (BadRecordException e) {
            return Optional.empty();
        }
    }

    private static boolean isGuard(String key) {
        return Keys.parse(key) instanceof StoreKey.PoolGuard;
    }

    private static String key(Cidr cidr) {
        return new StoreKey.Pool(cidr).path();
    }
}
