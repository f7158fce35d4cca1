package io.calico.ipam;

import io.calico.datastore.StoreKey;
import io.calico.datastore.spi.KeyValue;
import io.calico.ipam.internal.AffinityRow;
import io.calico.ipam.internal.AllocationBlock;
import io.calico.ipam.internal.BlockEditor;
import io.calico.ipam.internal.view.FamilyView;
import io.calico.ipam.internal.view.Seen;
import io.calico.ipam.internal.view.StoredPool;
import io.calico.model.net.Cidr;
import io.calico.model.net.IpAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Claims the blocks of a range for a host without assigning anything. A block of somebody else does not keep the others
 * from being claimed. Confined to one thread; used once.
 */
final class AffinityClaim {
    private static final int MOST_BLOCKS = 1 << 16;

    private final Session session;
    private final Cidr range;
    private final String forHost;

    AffinityClaim(Session session, Cidr range, String forHost) {
        this.session = session;
        this.range = range;
        this.forHost = forHost;
    }

    ClaimResult run() {
        session.refreshBasics();
        StoredPool pool = pool();
        int blockPrefix = pool.pool().blockPrefixLength();
        if (range.prefixLength() > blockPrefix) {
            throw new IpamException.InvalidSize(range);
        }
        long blocks = 1L << Math.min(62, blockPrefix - range.prefixLength());
        if (blocks > MOST_BLOCKS) {
            throw new IllegalArgumentException("range " + range + " has more than " + MOST_BLOCKS + " blocks");
        }
        session.needFamily(range.version(), pool.revision());
        session.refreshFamily(range.version());
        List<Cidr> claimed = new ArrayList<>();
        List<Cidr> ofOthers = new ArrayList<>();
        IpAddress first = range.first();
        for (long i = 0; i < blocks; i++) {
            Cidr cidr = Cidr.of(first.plus(i * AllocationBlock.sizeOf(Cidr.of(first, blockPrefix))), blockPrefix);
            (claim(cidr) ? claimed : ofOthers).add(cidr);
        }
        return new ClaimResult(claimed, ofOthers);
    }

    private StoredPool pool() {
        return session.view().pools(range.version()).stream()
                .filter(p -> p.isEnabled() && p.cidr().contains(range))
                .findFirst()
                .orElseThrow(() -> new IpamException.PoolNotFound("range " + range + " is not in any enabled pool"));
    }

    private boolean claim(Cidr cidr) {
        StoreKey.Affinity rowKey = new StoreKey.Affinity(forHost, cidr);
        FamilyView family = session.view().family(cidr.version());
        while (true) {
            session.retry().check(null);
            StoredPool pool = pool();
            Seen<AffinityRow> row =
                    session.readRow(rowKey).map(AffinityClaim::decode).orElseGet(Seen::absent);
            Seen<AllocationBlock> seen = session.block(cidr);
            Optional<AllocationBlock> block = seen.value();
            boolean mine = block.filter(b -> b.isOf(forHost)).isPresent();
            if (mine && row.value().filter(AffinityRow::isConfirmed).isPresent()) {
                return true;
            }
            boolean taken = block.isPresent()
                    || seen.isDamaged()
                    || family.overlapping(cidr).isPresent();
            if (taken && !mine) {
                return false;
            }
            BlockEditor editor = block.orElseGet(
                            () -> AllocationBlock.create(cidr, forHost, session.now(), family.lastSequence(cidr)))
                    .edit(session.now(), session.config().coolDown());
            if (mine) {
                editor.touch();
            }
            if (session.commit(session.draft()
                            .put(cidr, seen, editor)
                            .confirmRow(rowKey, row)
                            .expect(pool)
                            .expectConfig(session.view().config()))
                    == Session.Outcome.COMMITTED) {
                if (!mine) {
                    session.counters().claimed();
                }
                return true;
            }
            session.counters().refused();
            session.retry().on(pool.cidr(), cidr, forHost).failed();
        }
    }

    private static Seen<AffinityRow> decode(KeyValue record) {
        return AffinityRow.decode(record.value())
                .map(row -> Seen.of(record.modRevision(), row))
                .orElseGet(() -> Seen.deleted(record.modRevision()));
    }
}
