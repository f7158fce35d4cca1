package io.calico.ipam;

import io.calico.ipam.internal.CandidateOrder;
import io.calico.ipam.internal.view.BlockSummary;
import io.calico.ipam.internal.view.FamilyView;
import io.calico.ipam.internal.view.StoredPool;
import io.calico.model.net.Cidr;
import java.util.Comparator;
import java.util.Optional;

/** Which block of a pool a host tries next, by what is known of the blocks that exist; costs no read. */
final class Candidates {
    private final Session session;
    private final FamilyView family;
    private final StoredPool pool;
    private final CandidateOrder order;

    Candidates(Session session, StoredPool pool) {
        this.session = session;
        this.family = session.view().family(pool.cidr().version());
        this.pool = pool;
        this.order = new CandidateOrder(pool.cidr(), pool.pool().blockPrefixLength(), hash());
    }

    /**
     * Requests of one host share a block, so they must try the same one; a block of a single address cannot be shared, so
     * there they must not.
     */
    private long hash() {
        long hash = CandidateOrder.hash(session.host());
        boolean single =
                pool.pool().blockPrefixLength() == pool.cidr().version().bits();
        return single ? CandidateOrder.mix(hash ^ session.random()) : hash;
    }

    /** The first candidate that shares no address with a block that exists; empty if there is none. */
    Optional<Cidr> firstFree() {
        if (family.overlapping(pool.cidr()).isEmpty()) {
            return Optional.of(order.first());
        }
        if (isFull()) {
            return Optional.empty();
        }
        for (long i = 0; i < order.size(); i++) {
            Cidr candidate = order.candidate(i);
            if (family.overlapping(candidate).isEmpty()) {
                return Optional.of(candidate);
            }
        }
        return Optional.empty();
    }

    private boolean isFull() {
        long blocks = family.within(pool.cidr()).keySet().stream()
                .filter(b -> b.prefixLength() == pool.pool().blockPrefixLength())
                .count();
        return blocks >= order.size();
    }

    /** Blocks in the order in which this host visits them; those of another size where they begin. */
    Comparator<BlockSummary> order() {
        return Comparator.<BlockSummary>comparingLong(b -> order.rank(b.cidr())).thenComparing(BlockSummary::cidr);
    }
}
