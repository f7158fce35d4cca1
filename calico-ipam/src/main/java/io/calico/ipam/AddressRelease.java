package io.calico.ipam;

import io.calico.datastore.StoreKey;
import io.calico.ipam.internal.AllocationBlock;
import io.calico.ipam.internal.AllocationHandle;
import io.calico.ipam.internal.BlockEditor;
import io.calico.ipam.internal.BlockRefusal;
import io.calico.ipam.internal.view.Draft;
import io.calico.ipam.internal.view.Seen;
import io.calico.model.net.Cidr;
import io.calico.model.net.IpAddress;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Release of addresses, block by block: the block (deleted if it becomes empty and is nobody's) and the handles in one
 * transaction. Confined to one thread; used once.
 */
final class AddressRelease {
    private static final Logger LOG = LoggerFactory.getLogger(AddressRelease.class);
    /** Each may have a handle of its own, and a store takes 128 compares at least. */
    private static final int ADDRESSES_PER_TRANSACTION = 100;

    private final Session session;
    private final BlockSearch search;
    private final Map<IpAddress, ReleaseRequest> requests = new LinkedHashMap<>();
    private final Set<IpAddress> released = new HashSet<>();
    private final Map<IpAddress, Long> perhapsReleasedBefore;
    private @Nullable IpamException firstFailure;

    /**
     * A release.
     *
     * @param perhapsReleased sequence numbers of what this call has perhaps released before: answers were lost
     */
    AddressRelease(Session session, Collection<ReleaseRequest> requests, Map<IpAddress, Long> perhapsReleased) {
        this.session = session;
        this.search = new BlockSearch(session);
        this.perhapsReleasedBefore = perhapsReleased;
        requests.forEach(r -> this.requests.put(r.address(), r));
    }

    /** What has been released so far, also after an exception. */
    List<IpAddress> released() {
        return requests.keySet().stream().filter(released::contains).toList();
    }

    ReleaseResult run() {
        Map<Cidr, List<BlockEditor.Release>> byBlock = new LinkedHashMap<>();
        requests.values()
                .forEach(r -> search.find(r.address())
                        .ifPresent(cidr -> byBlock.computeIfAbsent(cidr, c -> new ArrayList<>())
                                .add(stored(r))));
        byBlock.forEach(this::releaseFromBlock);
        if (firstFailure != null) {
            throw firstFailure;
        }
        return new ReleaseResult(
                released(),
                requests.keySet().stream().filter(a -> !released.contains(a)).toList());
    }

    static BlockEditor.Release stored(ReleaseRequest request) {
        return new BlockEditor.Release(
                request.address(),
                request.handle().orElse(null),
                request.sequence(),
                request.owner().map(StoredForm::owner).orElse(null));
    }

    /** One damaged or disputed block does not keep the others' addresses from being released. */
    private void releaseFromBlock(Cidr cidr, List<BlockEditor.Release> all) {
        try {
            checkNoneIsStale(cidr, all);
            for (int i = 0; i < all.size(); i += ADDRESSES_PER_TRANSACTION) {
                new FromOneBlock(cidr, all.subList(i, Math.min(all.size(), i + ADDRESSES_PER_TRANSACTION))).run();
            }
        } catch (IpamException.StaleRelease | IpamException.CorruptBlock e) {
            firstFailure = firstFailure == null ? e : firstFailure;
        }
    }

    /** In more than one transaction, one must know before the first that the last will not refuse. */
    private void checkNoneIsStale(Cidr cidr, List<BlockEditor.Release> all) {
        if (all.size() > ADDRESSES_PER_TRANSACTION) {
            session.refreshBlock(cidr);
            Session.sound(cidr, session.block(cidr)).ifPresent(block -> {
                try {
                    block.edit(session.now(), session.config().coolDown()).release(all);
                } catch (BlockRefusal.Stale e) {
                    throw stale(e);
                }
            });
        }
    }

    private static IpamException.StaleRelease stale(BlockRefusal.Stale refusal) {
        return new IpamException.StaleRelease(refusal.address(), refusal.what(), refusal.expected(), refusal.given());
    }

    /** The release of some addresses of one block, repeated until it is done. */
    private final class FromOneBlock {
        private final Cidr cidr;
        private List<BlockEditor.Release> due;
        /** Sequence numbers of what a transaction of ours whose answer was lost was to release. */
        private final Map<IpAddress, Long> perhapsReleased = new LinkedHashMap<>();

        FromOneBlock(Cidr cidr, List<BlockEditor.Release> due) {
            this.cidr = cidr;
            this.due = due;
            due.forEach(r -> {
                Long sequence = perhapsReleasedBefore.get(r.address());
                if (sequence != null) {
                    perhapsReleased.put(r.address(), sequence);
                }
            });
        }

        void run() {
            session.needBasics();
            boolean done = false;
            while (!done) {
                session.retry().check(null);
                Seen<AllocationBlock> seen = session.block(cidr);
                Optional<AllocationBlock> block = Session.sound(cidr, seen);
                block.ifPresentOrElse(this::settleLost, () -> released.addAll(perhapsReleased.keySet()));
                done = block.isPresent() ? tryRelease(seen, block.get()) : isReallyGone();
            }
        }

        /**
         * What a transaction of ours whose answer was lost may have released, or may yet release, is ours to release only
         * while it is the same allocation: afterwards it may be somebody else's.
         */
        private void settleLost(AllocationBlock block) {
            perhapsReleased.forEach((address, sequence) -> {
                if (block.entry(address).isEmpty() || block.sequenceOf(address) != sequence) {
                    released.add(address);
                }
            });
            due = due.stream().filter(r -> !released.contains(r.address())).toList();
        }

        private boolean isReallyGone() {
            if (session.refreshBlock(cidr)) {
                return false;
            }
            for (BlockEditor.Release request : due) {
                Optional<Cidr> other = search.findAmongAll(request.address()).filter(c -> !c.equals(cidr));
                other.ifPresent(c -> new FromOneBlock(c, List.of(request)).run());
            }
            return true;
        }

        private boolean tryRelease(Seen<AllocationBlock> seen, AllocationBlock block) {
            BlockEditor editor = block.edit(session.now(), session.config().coolDown());
            BlockEditor.Released result;
            try {
                result = editor.release(due);
            } catch (BlockRefusal.Stale e) {
                if (session.refreshBlock(cidr)) {
                    return false;
                }
                throw stale(e);
            }
            if (!result.notAllocated().isEmpty() && session.refreshBlock(cidr)) {
                return false;
            }
            return result.released().isEmpty() || commit(seen, block, editor, result);
        }

        private boolean commit(
                Seen<AllocationBlock> seen, AllocationBlock block, BlockEditor editor, BlockEditor.Released result) {
            Draft draft = session.draft().expectConfig(session.view().config());
            AllocationBlock after = editor.unwritten();
            if (after.isEmpty() && !after.hasAffinity()) {
                draft.deleteBlock(cidr, seen);
            } else {
                draft.put(cidr, seen, editor);
            }
            result.countByHandle().forEach((id, count) -> lower(draft, id, count));
            Session.Outcome outcome = session.commit(draft);
            if (outcome == Session.Outcome.COMMITTED) {
                released.addAll(result.released());
                return true;
            }
            if (outcome == Session.Outcome.LOST) {
                result.released().forEach(a -> perhapsReleased.putIfAbsent(a, block.sequenceOf(a)));
            }
            session.counters().refused();
            session.retry().on(null, cidr, session.host()).failed();
            return false;
        }

        /** A handle that is damaged or counts too few does not keep an address from being released. */
        private void lower(Draft draft, String id, int count) {
            Seen<AllocationHandle> seen = session.handle(id);
            int counted =
                    seen.value().map(h -> h.blocks().getOrDefault(cidr, 0)).orElse(0);
            // Also where nothing is to be lowered: what was seen may be old.
            draft.expectHandle(id, seen);
            if (counted > 0) {
                draft.put(seen.value().orElseThrow().with(cidr, Math.max(0, counted - count)), seen);
            }
            if (counted < count) {
                LOG.warn(
                        "handle {} counts {} addresses in block {}, {} are released",
                        new StoreKey.Handle(id).path(),
                        counted,
                        cidr,
                        count);
            }
        }
    }
}
