package io.calico.ipam;

import io.calico.datastore.Keys;
import io.calico.datastore.StoreKey;
import io.calico.datastore.spi.KeyValue;
import io.calico.datastore.spi.Transaction;
import io.calico.ipam.internal.AllocationBlock;
import io.calico.ipam.internal.BlockCodec;
import io.calico.ipam.internal.CorruptRecord;
import io.calico.ipam.internal.view.Draft;
import io.calico.ipam.internal.view.Seen;
import io.calico.model.IpPool;
import io.calico.model.json.BadRecordException;
import io.calico.model.json.ModelJson;
import io.calico.model.net.Cidr;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * Removes a pool that may be in use: disables it, takes its blocks from their hosts, deletes it. Every assignment
 * is made under the condition that the pool's record is as it was seen, so none is committed after the first step, and no
 * block is claimed in it (X12). Addresses that are assigned stay so; their blocks are nobody's and vanish with the last of
 * them. Can be done again if it was interrupted. Confined to one thread; used once.
 */
final class PoolRemoval {
    /** Two compares each, and a margin. */
    private static final int BLOCKS_PER_TRANSACTION = Transaction.MAX_OPERATIONS / 4;

    private static final int LENGTH_PER_TRANSACTION = Transaction.MAX_BYTES / 4;

    private final Session session;
    private final Cidr cidr;

    PoolRemoval(Session session, Cidr cidr) {
        this.session = session;
        this.cidr = cidr;
    }

    /** False if there is no such pool. */
    boolean run() {
        String key = new StoreKey.Pool(cidr).path();
        Optional<KeyValue> record = disable(key);
        if (record.isEmpty()) {
            return false;
        }
        releaseBlocks();
        while (!session.delete(key, record.get().modRevision())) {
            session.retry().failed();
            record = disable(key);
            if (record.isEmpty()) {
                return true;
            }
        }
        return true;
    }

    /** The pool's record, in which it is disabled; a damaged one cannot be used by anybody anyway. */
    private Optional<KeyValue> disable(String key) {
        while (true) {
            session.retry().check(null);
            Optional<KeyValue> record = session.read(key);
            session.view().observe(key, record);
            if (record.isEmpty()) {
                return record;
            }
            IpPool pool;
            try {
                pool = ModelJson.read(key, record.get().value(), IpPool::fromJson);
            } catch (BadRecordException e) {
                return record;
            }
            if (pool.disabled()) {
                return record;
            }
            String disabled = ModelJson.write(pool.withDisabled(true));
            if (!session.replace(key, Seen.deleted(record.get().modRevision()), disabled)) {
                session.retry().failed();
            }
        }
    }

    private void releaseBlocks() {
        Map<StoreKey.Affinity, Long> rows = session.readRows(cidr);
        List<Owned> due = new ArrayList<>();
        int[] length = new int[1];
        session.readAll(
                Keys.blocks(cidr.version()),
                record -> owned(record).ifPresent(owned -> {
                    length[0] += record.value().length();
                    if (due.size() == BLOCKS_PER_TRANSACTION || length[0] > LENGTH_PER_TRANSACTION) {
                        release(due, rows);
                        due.clear();
                        length[0] = record.value().length();
                    }
                    due.add(owned);
                }));
        release(due, rows);
        // Rows of hosts that died between two steps have no block that would lead to them.
        rows.forEach((row, revision) -> session.delete(row.path(), revision));
    }

    /** A block of the pool that belongs to a host. */
    private record Owned(Seen<AllocationBlock> seen, AllocationBlock block, StoreKey.Affinity row) {}

    private Optional<Owned> owned(KeyValue record) {
        if (!(Keys.parse(record.key()) instanceof StoreKey.Block key) || !cidr.contains(key.cidr())) {
            return Optional.empty();
        }
        try {
            return BlockCodec.decode(key.cidr(), record.value())
                    .block()
                    .flatMap(block -> block.host()
                            .map(host -> new Owned(
                                    Seen.of(record.modRevision(), block),
                                    block,
                                    new StoreKey.Affinity(host, key.cidr()))));
        } catch (CorruptRecord e) {
            return Optional.empty();
        }
    }

    /** All of them in one transaction, else one by one; takes their rows out of the map. */
    private void release(List<Owned> due, Map<StoreKey.Affinity, Long> rows) {
        if (due.isEmpty()) {
            return;
        }
        Draft draft = session.draft();
        for (Owned owned : due) {
            AffinityRelease.addTo(draft, session, owned.seen, owned.block);
            Long revision = rows.remove(owned.row);
            if (revision != null) {
                draft.deleteRow(owned.row, Seen.deleted(revision));
            }
        }
        if (session.commit(draft) != Session.Outcome.COMMITTED) {
            session.counters().refused();
            for (Owned owned : due) {
                new AffinityRelease(session, owned.row.host(), owned.row.cidr()::equals, false)
                        .release(owned.row.cidr(), OptionalLong.empty());
            }
        }
    }
}
