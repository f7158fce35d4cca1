package io.calico.ipam;

import io.calico.ipam.internal.AffinityRow;
import io.calico.ipam.internal.AllocationBlock;
import io.calico.ipam.internal.BlockEditor;
import io.calico.ipam.internal.view.BlockSummary;
import io.calico.ipam.internal.view.Draft;
import io.calico.ipam.internal.view.Seen;
import io.calico.ipam.internal.view.StoredPool;
import io.calico.model.net.Cidr;
import io.calico.model.net.IpAddress;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes addresses from the host's own blocks, in the order of their keys. Blocks and rows that disagree are put right on
 * the way: what counts is the block.
 *
 * <pre>
 * row        block        what is done
 * confirmed  ours         nothing
 * other      ours         row confirmed, block rewritten: a release that is under way must not go through
 * none       ours         the same
 * any        not ours     row deleted
 * any        none         block claimed, under the row's revision
 * </pre>
 */
final class OwnBlocks {
    private static final Logger LOG = LoggerFactory.getLogger(OwnBlocks.class);

    private final Taking taking;
    private final Session session;
    private final NewBlocks newBlocks;
    /** Rows for which this request has done what it can. */
    private final Set<Cidr> rowsDone = new HashSet<>();

    OwnBlocks(Taking taking, NewBlocks newBlocks) {
        this.taking = taking;
        this.session = taking.session();
        this.newBlocks = newBlocks;
    }

    /** True if addresses were taken, or something was changed or found to be otherwise than seen. */
    boolean take(List<StoredPool> pools) {
        for (Cidr cidr : taking.family().notable()) {
            Optional<StoredPool> pool = Taking.poolOf(pools, cidr);
            if (pool.isPresent() && take(pools, pool.get(), cidr)) {
                return true;
            }
        }
        return false;
    }

    private boolean take(List<StoredPool> pools, StoredPool pool, Cidr cidr) {
        Optional<BlockSummary> summary = taking.family().summary(cidr);
        if (summary.isEmpty()) {
            return claimAnew(pools, pool, cidr);
        }
        if (summary.get().damaged() || taking.isReserved(cidr)) {
            return false;
        }
        if (summary.get().host().filter(session.host()::equals).isEmpty()) {
            return dropRow(cidr);
        }
        Seen<AllocationBlock> seen = session.block(cidr);
        Optional<AllocationBlock> block = seen.value().filter(b -> b.isOf(session.host()));
        return block.isEmpty() || takeFrom(pool, seen, block.get());
    }

    private boolean takeFrom(StoredPool pool, Seen<AllocationBlock> seen, AllocationBlock block) {
        boolean rowIsRight = taking.family()
                .row(block.cidr())
                .value()
                .filter(AffinityRow::isConfirmed)
                .isPresent();
        if (rowIsRight && block.freeCount() == 0 && !block.isCooling()) {
            return false;
        }
        BlockEditor editor = taking.edit(block);
        List<IpAddress> picked = taking.pick(editor, session.host());
        if (picked.isEmpty() && rowIsRight) {
            return false;
        }
        Draft draft = session.draft();
        if (!rowIsRight) {
            taking.confirmRow(draft, block.cidr());
        }
        if (picked.isEmpty()) {
            editor.touch();
        }
        taking.take(draft, pool, seen, editor, picked);
        return true;
    }

    /** The host died between two steps, or a foreign writer is between them. */
    private boolean claimAnew(List<StoredPool> pools, StoredPool pool, Cidr cidr) {
        boolean fits = cidr.prefixLength() == pool.pool().blockPrefixLength()
                && taking.family().overlapping(cidr).isEmpty();
        if (!fits || !newBlocks.mayClaim(pools) || !rowsDone.add(cidr)) {
            return false;
        }
        newBlocks.claim(pools, pool, cidr);
        return true;
    }

    /** The row only misleads; whether it can be deleted decides nothing for this request. */
    private boolean dropRow(Cidr cidr) {
        if (!rowsDone.add(cidr)) {
            return false;
        }
        Seen<AllocationBlock> seen = session.block(cidr);
        if (seen.value().filter(b -> b.isOf(session.host())).isPresent()) {
            return true;
        }
        Draft draft = session.draft()
                .deleteRow(session.rowKey(cidr), taking.family().row(cidr))
                .expectBlock(cidr, seen);
        try {
            session.commit(draft);
        } catch (IpamException.DatastoreUnavailable e) {
            LOG.warn("row of block {}, which is not this host's, could not be deleted: {}", cidr, e.getMessage());
        }
        return true;
    }
}
