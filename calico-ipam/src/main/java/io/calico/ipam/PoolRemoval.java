package io.calico.ipam;

import io.calico.datastore.StoreKey;
import io.calico.datastore.spi.KeyValue;
import io.calico.ipam.internal.AllocationBlock;
import io.calico.ipam.internal.view.BlockSummary;
import io.calico.ipam.internal.view.Seen;
import io.calico.model.IpPool;
import io.calico.model.json.BadRecordException;
import io.calico.model.json.ModelJson;
import io.calico.model.net.Cidr;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeSet;

/**
 * Removes a pool that may be in use: disables it, takes its blocks from their hosts, deletes it. Every assignment
 * is made under the condition that the pool's record is as it was seen, so none is committed after the first step, and no
 * block is claimed in it (X12). Addresses that are assigned stay so; their blocks are nobody's and vanish with the last of
 * them. Can be done again if it was interrupted. Confined to one thread; used once.
 */
final class PoolRemoval {
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
        session.loadFamily(cidr.version());
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
        Set<Cidr> blocks = new TreeSet<>();
        for (BlockSummary summary : session.view().family(cidr.version()).all()) {
            if (cidr.contains(summary.cidr())) {
                blocks.add(summary.cidr());
            }
        }
        for (Cidr block : blocks) {
            Optional<String> owner = session.block(block).value().flatMap(AllocationBlock::host);
            owner.ifPresent(host ->
                    new AffinityRelease(session, host, block::equals, false).release(block, OptionalLong.empty()));
        }
        // Rows of hosts that died between two steps have no block that would lead to them.
        session.readRows(cidr).forEach((row, revision) -> session.delete(row.path(), revision));
    }
}
