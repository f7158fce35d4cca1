package io.calico.ipam;

import io.calico.ipam.internal.AllocationBlock;
import io.calico.ipam.internal.BlockEditor;
import io.calico.ipam.internal.view.Draft;
import io.calico.ipam.internal.view.FamilyView;
import io.calico.ipam.internal.view.Seen;
import io.calico.ipam.internal.view.StoredPool;
import io.calico.model.net.Cidr;
import io.calico.model.net.IpAddress;
import java.util.List;
import java.util.Optional;

/**
 * Claims blocks that do not exist: block, row and the first addresses from it in one transaction. No state in between is
 * ever seen, and of two hosts that claim the same block one gets it.
 */
final class NewBlocks {
    private static final int CONFLICTS_BEFORE_RELOAD = 2;
    /** How many own blocks are held to be full; more would only make the transaction larger. */
    private static final int MAX_FULL_BLOCKS = 32;

    private final Taking taking;
    private final Session session;
    private int conflicts;

    NewBlocks(Taking taking) {
        this.taking = taking;
        this.session = taking.session();
    }

    /** Whether the configuration lets this host have another block. */
    boolean mayClaim(List<StoredPool> pools) {
        return session.config().autoAllocateBlocks()
                && taking.reachedLimit(pools).isEmpty();
    }

    /**
     * Claims the next candidate of the first pool that has one.
     *
     * @return false if there is none, or blocks are not to be claimed
     * @throws IpamException.BlockLimit if this host may not have more
     */
    boolean claimFresh(List<StoredPool> pools) {
        if (!session.config().autoAllocateBlocks()) {
            return false;
        }
        Optional<Integer> limit = taking.reachedLimit(pools);
        if (limit.isPresent()) {
            if (session.refreshFamily(taking.version())) {
                return true;
            }
            throw new IpamException.BlockLimit(limit.get());
        }
        if (conflicts >= CONFLICTS_BEFORE_RELOAD) {
            // Others are faster: what they have taken is cheaper to read at once than to meet one by one.
            conflicts = 0;
            session.loadFamily(taking.version());
            return true;
        }
        for (StoredPool pool : pools) {
            Optional<Cidr> candidate = taking.family()
                    .index(pool)
                    .firstFree(session.random(), session.config().reservations()::covers);
            if (candidate.isPresent()) {
                claim(pools, pool, candidate.get());
                return true;
            }
        }
        return false;
    }

    /** Tries to claim a block; if that fails, the view shows why. */
    void claim(List<StoredPool> pools, StoredPool pool, Cidr cidr) {
        FamilyView family = taking.family();
        Seen<AllocationBlock> seen = family.value(cidr).orElseGet(Seen::absent);
        BlockEditor editor = taking.edit(taking.newBlock(cidr, family.lastSequence(cidr)));
        List<IpAddress> picked = taking.pick(editor, session.host());
        Draft draft = session.draft();
        taking.confirmRow(draft, cidr);
        heldFull(family, pools).forEach(own -> draft.expectBlock(own, session.block(own)));
        boolean done = taking.take(draft, pool, seen, editor, picked);
        conflicts += done ? 0 : 1;
        if (done) {
            session.counters().claimed();
        }
    }

    /**
     * The own blocks that must still be as they were seen when another is claimed: an address that was released in one of
     * them since comes before a new block.
     */
    static List<Cidr> heldFull(FamilyView family, List<StoredPool> pools) {
        return family.own().stream()
                .filter(own -> Taking.poolOf(pools, own).isPresent())
                .limit(MAX_FULL_BLOCKS)
                .toList();
    }
}
