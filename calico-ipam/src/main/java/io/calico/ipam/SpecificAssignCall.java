package io.calico.ipam;

import io.calico.ipam.internal.BlockEditor;
import io.calico.ipam.internal.BlockRefusal;
import io.calico.ipam.internal.IpamConfig;
import io.calico.ipam.internal.view.FamilyView;
import io.calico.ipam.internal.view.StoredPool;
import io.calico.model.net.Cidr;
import io.calico.model.net.IpAddress;
import java.util.List;
import java.util.Optional;

/**
 * The assignment of an address that the caller names. It joins a batch if its block is in the view and the address free
 * in it; everything else is {@link SpecificAssignment}'s.
 */
final class SpecificAssignCall implements Work<IpAddress> {
    private final IpAddress address;
    private final AssignOptions what;
    private final Optional<String> handle;

    SpecificAssignCall(IpAddress address, AssignOptions what) {
        this.address = address;
        this.what = what;
        this.handle = what.handle().map(HandleIds::check);
    }

    @Override
    public boolean join(Batch batch) {
        Optional<IpamConfig> config = batch.config();
        Optional<StoredPool> pool = batch.view().poolOf(address).filter(StoredPool::isEnabled);
        FamilyView family = batch.view().family(address.version());
        Optional<Cidr> cidr = family.containing(address);
        boolean possible = config.isPresent()
                && pool.isPresent()
                && cidr.isPresent()
                && (handle.isEmpty() || batch.canRaise(handle.get()))
                && batch.hasRoomFor(4, 0);
        if (!possible) {
            return false;
        }
        Optional<BlockEditor> editor = batch.editor(cidr.get(), config.get());
        if (editor.isEmpty()) {
            return false;
        }
        try {
            editor.get()
                    .assign(
                            address,
                            StoredForm.entry(handle, what.attributes(), what.owner()),
                            config.get().strictAffinity() ? batch.host() : null);
        } catch (BlockRefusal e) {
            return false;
        }
        batch.expect(pool.get());
        handle.ifPresent(id -> batch.raise(id, cidr.get(), 1));
        return true;
    }

    @Override
    public IpAddress joined() {
        return address;
    }

    @Override
    public void count(Counters counters) {
        counters.assigned(1);
    }

    @Override
    public List<ReleaseRequest> unclaimed() {
        return List.of(ReleaseRequest.of(address));
    }

    @Override
    public IpAddress alone(Session session) {
        new SpecificAssignment(session, address, what).run();
        return address;
    }
}
