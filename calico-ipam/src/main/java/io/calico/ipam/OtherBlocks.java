package io.calico.ipam;

import io.calico.datastore.StoreKey;
import io.calico.ipam.internal.AllocationBlock;
import io.calico.ipam.internal.BlockEditor;
import io.calico.ipam.internal.view.BlockSummary;
import io.calico.ipam.internal.view.Draft;
import io.calico.ipam.internal.view.Seen;
import io.calico.ipam.internal.view.StoredPool;
import io.calico.model.net.Cidr;
import io.calico.model.net.IpAddress;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;

/** Takes addresses from blocks that are not this host's: empty ones whole, of others what is free in them. */
final class OtherBlocks {
    /** A block claimed less than this ago is left to its owner, or two hosts could take it from each other in turns (X10). */
    static final Duration RECLAIM_AGE = Duration.ofSeconds(60);

    private static final int CONFLICTS_PER_BLOCK = 10;

    private final Taking taking;
    private final Session session;
    private final Set<Cidr> reclaimTried = new HashSet<>();

    OtherBlocks(Taking taking) {
        this.taking = taking;
        this.session = taking.session();
    }

    /** The first block of a pool, in candidate order, that has something free and of which that is true. */
    private Optional<BlockSummary> next(StoredPool pool, Predicate<BlockSummary> which) {
        return taking.family().index(pool).lendable().stream()
                .filter(which)
                .filter(b -> !session.config().reservations().covers(b.cidr()))
                .findFirst();
    }

    /** Takes an empty block over; one that is missed is not tried again by this request. False if there is none. */
    boolean reclaim(List<StoredPool> pools) {
        if (!session.config().autoAllocateBlocks()) {
            return false;
        }
        for (StoredPool pool : pools) {
            Optional<BlockSummary> candidate = next(pool, b -> worthATry(pool, b));
            while (candidate.isPresent()) {
                reclaimTried.add(candidate.get().cidr());
                if (reclaim(pool, candidate.get().cidr())) {
                    return true;
                }
                candidate = next(pool, b -> worthATry(pool, b));
            }
        }
        return false;
    }

    private boolean worthATry(StoredPool pool, BlockSummary summary) {
        return summary.empty()
                && summary.cidr().prefixLength() == pool.pool().blockPrefixLength()
                && isOldEnough(summary.claimTime())
                && !reclaimTried.contains(summary.cidr());
    }

    private boolean isOldEnough(Optional<Instant> claimTime) {
        return claimTime.map(at -> !at.plus(RECLAIM_AGE).isAfter(session.now())).orElse(true);
    }

    /** The release of the owner's affinity, which would delete the block, and the claim by this host, in one. */
    private boolean reclaim(StoredPool pool, Cidr cidr) {
        Seen<AllocationBlock> seen = session.block(cidr);
        Optional<AllocationBlock> block =
                seen.value().filter(b -> b.isEmpty() && !b.isOf(session.host()) && isOldEnough(b.claimTime()));
        if (block.isEmpty()) {
            return false;
        }
        BlockEditor editor = taking.edit(taking.newBlock(cidr, block.get().sequence()));
        List<IpAddress> picked = taking.pick(editor, session.host());
        Draft draft = session.draft();
        block.get()
                .host()
                .map(owner -> new StoreKey.Affinity(owner, cidr))
                .ifPresent(key ->
                        session.readRow(key).ifPresent(row -> draft.deleteRow(key, Seen.deleted(row.modRevision()))));
        taking.confirmRow(draft, cidr);
        if (taking.take(draft, pool, seen, editor, picked)) {
            session.counters().claimed();
        }
        return true;
    }

    /** Takes what is free in the first block that has any, unless affinity is strict. False if there is none. */
    boolean borrow(List<StoredPool> pools) {
        if (session.config().strictAffinity()) {
            return false;
        }
        boolean passedOver = false;
        for (StoredPool pool : pools) {
            Set<Cidr> visited = new HashSet<>();
            Optional<BlockSummary> candidate = next(pool, b -> !visited.contains(b.cidr()));
            while (candidate.isPresent()) {
                Cidr cidr = candidate.get().cidr();
                visited.add(cidr);
                if (taking.conflictsOn(cidr) >= CONFLICTS_PER_BLOCK) {
                    passedOver = true;
                } else if (borrow(pool, cidr)) {
                    return true;
                }
                candidate = next(pool, b -> !visited.contains(b.cidr()));
            }
        }
        if (passedOver) {
            // They have free addresses; going round again is right as long as there is time.
            taking.forgiveConflicts();
        }
        return passedOver;
    }

    private boolean borrow(StoredPool pool, Cidr cidr) {
        Seen<AllocationBlock> seen = session.block(cidr);
        if (seen.value().isEmpty()) {
            return false;
        }
        BlockEditor editor = taking.edit(seen.value().get());
        List<IpAddress> picked = taking.pick(editor, null);
        if (!picked.isEmpty() && taking.take(session.draft(), pool, seen, editor, picked)) {
            session.counters().borrowed(picked.size());
        }
        return !picked.isEmpty();
    }
}
