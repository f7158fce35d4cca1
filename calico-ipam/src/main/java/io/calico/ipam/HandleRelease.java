package io.calico.ipam;

import io.calico.datastore.StoreKey;
import io.calico.ipam.internal.AllocationBlock;
import io.calico.ipam.internal.AllocationHandle;
import io.calico.ipam.internal.BlockCodec;
import io.calico.ipam.internal.BlockEditor;
import io.calico.ipam.internal.view.Draft;
import io.calico.ipam.internal.view.Seen;
import io.calico.model.net.Cidr;
import io.calico.model.net.IpAddress;
import java.util.HashSet;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Release of all addresses of a handle: its blocks and the handle itself in one transaction, or in a few if they are many.
 * What the handle counts but no block holds goes with it. Confined to one thread; used once.
 */
final class HandleRelease {
    private static final int BLOCKS_PER_TRANSACTION = 50;
    /** Half a megabyte: a third of what etcd takes in one request. */
    private static final int CHARACTERS_PER_TRANSACTION = 500_000;

    private final Session session;
    private final String id;
    private final Set<IpAddress> released = new HashSet<>();
    private final Set<Cidr> damaged = new HashSet<>();
    private IpamException.@Nullable CorruptBlock failure;
    private boolean changed;

    /**
     * A release.
     *
     * @param perhapsDone whether this call has perhaps done it before: an answer was lost
     */
    HandleRelease(Session session, String id, boolean perhapsDone) {
        this.session = session;
        this.id = id;
        this.changed = perhapsDone;
    }

    /** What has been released so far, also after an exception. */
    List<IpAddress> released() {
        return released.stream().sorted().toList();
    }

    int run() {
        session.needBasics();
        boolean read = session.view().handle(id).isEmpty();
        while (true) {
            session.retry().check(null);
            Seen<AllocationHandle> seen = session.handle(id);
            if (seen.fault().isPresent()) {
                throw new IpamException.CorruptBlock(
                        new StoreKey.Handle(id).path(), seen.fault().get().reason());
            }
            List<Cidr> blocks = seen.value().map(this::soundBlocks).orElse(List.of());
            if (!blocks.isEmpty()) {
                releaseFrom(seen, seen.value().orElseThrow(), blocks);
            } else if (seen.isAbsent() && !changed && !read) {
                session.readHandle(id);
                read = true;
            } else {
                return finish(seen);
            }
        }
    }

    private List<Cidr> soundBlocks(AllocationHandle handle) {
        return handle.blocks().keySet().stream()
                .filter(c -> !damaged.contains(c))
                .toList();
    }

    private int finish(Seen<AllocationHandle> seen) {
        if (failure != null) {
            throw failure;
        }
        if (seen.isAbsent() && !changed) {
            throw new IpamException.HandleNotFound(id);
        }
        return released.size();
    }

    private void releaseFrom(Seen<AllocationHandle> seen, AllocationHandle handle, List<Cidr> blocks) {
        Draft draft = session.draft();
        Set<IpAddress> now = new HashSet<>();
        AllocationHandle left = handle;
        int length = 0;
        for (Cidr cidr : blocks) {
            if (draft.compares() >= BLOCKS_PER_TRANSACTION || length > CHARACTERS_PER_TRANSACTION) {
                break;
            }
            Seen<AllocationBlock> block = session.block(cidr);
            if (block.fault().isPresent()) {
                damaged.add(cidr);
                failure = new IpamException.CorruptBlock(
                        new StoreKey.Block(cidr).path(), block.fault().get().reason());
                continue;
            }
            length += addBlock(draft, cidr, block, now);
            left = left.with(cidr, 0);
        }
        if (draft.compares() == 0) {
            return;
        }
        draft.put(left, seen).expectConfig(session.view().config());
        if (session.commit(draft) == Session.Outcome.REFUSED) {
            session.retry().failed();
        } else {
            // After a lost answer: what is still there will be found again, all else has gone.
            released.addAll(now);
            changed = true;
        }
    }

    /** Adds what becomes of a block; returns the length of its text. */
    private int addBlock(Draft draft, Cidr cidr, Seen<AllocationBlock> seen, Set<IpAddress> now) {
        draft.expectBlock(cidr, seen);
        if (seen.value().isEmpty()) {
            return 0;
        }
        BlockEditor editor =
                seen.value().get().edit(session.now(), session.config().coolDown());
        now.addAll(editor.releaseByHandle(id, OptionalLong.empty()));
        if (!editor.isChanged()) {
            return 0;
        }
        AllocationBlock after = editor.unwritten();
        if (after.isEmpty() && !after.hasAffinity()) {
            draft.deleteBlock(cidr, seen);
            return 0;
        }
        draft.put(cidr, seen, editor);
        return BlockCodec.encode(after).length();
    }
}
