package io.calico.ipam;

import io.calico.ipam.internal.view.StoredPool;
import io.calico.model.net.IpAddress;
import java.util.ArrayList;
import java.util.List;

/**
 * Automatic assignment of addresses of one IP version. Goes through its sources until the request is satisfied, and from
 * the first again whenever something was taken or found to be otherwise than seen:
 *
 * <pre>
 * own blocks ─▶ a block that does not exist yet ─▶ an empty block of another host ─▶ free addresses in others' blocks
 * </pre>
 *
 * Only when all are exhausted and the view has been read anew is the answer 'no more'. Confined to one thread; used once.
 */
final class AutoAssignment {
    private final Session session;
    private final PoolSelection selection;
    private final int requested;
    private final Taking taking;
    private final OwnBlocks ownBlocks;
    private final NewBlocks newBlocks;
    private final OtherBlocks otherBlocks;

    AutoAssignment(Session session, PoolSelection selection, int requested, AssignRequest request) {
        this.session = session;
        this.selection = selection;
        this.requested = requested;
        taking = new Taking(session, request, selection.version(), requested);
        newBlocks = new NewBlocks(taking);
        ownBlocks = new OwnBlocks(taking, newBlocks);
        otherBlocks = new OtherBlocks(taking);
    }

    /** What has been assigned so far, also after an exception. */
    List<IpAddress> taken() {
        return taking.taken();
    }

    AssignResult.Family run() {
        List<String> messages = new ArrayList<>();
        while (taking.missing() > 0) {
            session.retry().check(null);
            session.needFamily(selection.version());
            List<StoredPool> pools = selection.usable(session.view());
            // Blocks of another size were there before their pool was stored, or not at all: the list must be newer.
            pools.forEach(pool -> session.needFamily(selection.version(), pool.revision()));
            if (takeStep(pools) || session.refreshFamily(selection.version())) {
                continue;
            }
            if (pools.isEmpty()) {
                throw selection.refusal(session.view(), session.host()).orElseThrow();
            }
            messages.add(shortage(pools));
            selection.reserve().ifPresent(reserve -> messages.add("HostReservedAttr: " + reserve.handle()));
            break;
        }
        return new AssignResult.Family(selection.version(), requested, taking.taken(), messages);
    }

    private boolean takeStep(List<StoredPool> pools) {
        return ownBlocks.take(pools)
                || newBlocks.claimFresh(pools)
                || otherBlocks.reclaim(pools)
                || otherBlocks.borrow(pools);
    }

    private String shortage(List<StoredPool> pools) {
        return session.config().strictAffinity()
                ? "No more free affine blocks and strict affinity enabled"
                : "No IPs available in pools: "
                        + pools.stream().map(StoredPool::cidr).toList();
    }
}
