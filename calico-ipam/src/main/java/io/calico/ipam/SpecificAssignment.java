package io.calico.ipam;

import io.calico.datastore.StoreKey;
import io.calico.ipam.internal.AllocationBlock;
import io.calico.ipam.internal.AttributeEntry;
import io.calico.ipam.internal.BlockEditor;
import io.calico.ipam.internal.BlockRefusal;
import io.calico.ipam.internal.view.Draft;
import io.calico.ipam.internal.view.FamilyView;
import io.calico.ipam.internal.view.Seen;
import io.calico.ipam.internal.view.StoredPool;
import io.calico.model.net.Cidr;
import io.calico.model.net.IpAddress;
import java.util.Optional;

/**
 * Assignment of one address that the caller names: from its block, whoever owns it (unless affinity is strict), or from a
 * block claimed for that. The limit on blocks does not apply. Confined to one thread; used once.
 */
final class SpecificAssignment {
    private final Session session;
    private final IpAddress address;
    private final Optional<String> handle;
    private final AttributeEntry entry;

    SpecificAssignment(Session session, IpAddress address, AssignOptions options) {
        this.session = session;
        this.address = address;
        this.handle = options.handle().map(HandleIds::check);
        this.entry = StoredForm.entry(handle, options.attributes(), options.owner());
    }

    void run() {
        session.needBasics();
        boolean done = false;
        while (!done) {
            session.retry().check(null);
            Optional<StoredPool> pool = session.view().poolOf(address).filter(StoredPool::isEnabled);
            if (pool.isPresent()) {
                done = tryAssign(pool.get());
            } else if (!session.refreshBasics()) {
                throw new IpamException.PoolNotFound("address " + address + " is not in any configured pool");
            }
        }
    }

    private boolean tryAssign(StoredPool pool) {
        Cidr cidr = blockOf(pool);
        Seen<AllocationBlock> seen = session.block(cidr);
        Optional<AllocationBlock> block = Session.sound(cidr, seen);
        return block.isPresent() ? assignFrom(pool, seen, block.get()) : claim(pool, cidr, seen);
    }

    /** The block that holds the address already, else the one that would. */
    private Cidr blockOf(StoredPool pool) {
        FamilyView family = session.view().family(address.version());
        return family.containing(address)
                .orElseGet(() -> Cidr.of(address, pool.pool().blockPrefixLength()));
    }

    private boolean assignFrom(StoredPool pool, Seen<AllocationBlock> seen, AllocationBlock block) {
        BlockEditor editor = block.edit(session.now(), session.config().coolDown());
        String onlyOf = session.config().strictAffinity() ? session.host() : null;
        try {
            editor.assign(address, entry, onlyOf);
        } catch (BlockRefusal e) {
            boolean known = session.refreshBasics();
            if (session.refreshBlock(block.cidr()) || known) {
                return false;
            }
            throw e instanceof BlockRefusal.NoHostAffinity
                    ? new IpamException.NoHostAffinity(block.cidr(), session.host())
                    : new IpamException.AlreadyAssigned(address);
        }
        return commit(session.draft(), pool, seen, editor);
    }

    private boolean claim(StoredPool pool, Cidr cidr, Seen<AllocationBlock> seen) {
        FamilyView family = session.needFamily(address.version(), pool.revision());
        Optional<Cidr> inTheWay = family.overlapping(cidr);
        if (inTheWay.isPresent()) {
            if (inTheWay.get().contains(address)) {
                return false;
            }
            throw new IpamException.CorruptBlock(
                    new StoreKey.Block(inTheWay.get()).path(),
                    "it lies within block " + cidr + ", which pool " + pool.cidr() + " would have for " + address);
        }
        BlockEditor editor = AllocationBlock.create(cidr, session.host(), session.now(), family.lastSequence(cidr))
                .edit(session.now(), session.config().coolDown());
        editor.assign(address, entry, session.host());
        Draft draft = session.draft().confirmRow(session.rowKey(cidr), family.row(cidr));
        return commit(draft, pool, seen, editor);
    }

    private boolean commit(Draft draft, StoredPool pool, Seen<AllocationBlock> seen, BlockEditor editor) {
        draft.put(editor.cidr(), seen, editor)
                .expect(pool)
                .expectConfig(session.view().config());
        handle.ifPresent(id -> session.raise(draft, id, editor.cidr(), 1));
        if (session.commit(draft) == Session.Outcome.COMMITTED) {
            session.counters().assigned(1);
            return true;
        }
        session.counters().refused();
        session.retry().on(pool.cidr(), editor.cidr(), session.host()).failed();
        return false;
    }
}
