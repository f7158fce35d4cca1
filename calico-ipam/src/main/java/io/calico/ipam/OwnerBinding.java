package io.calico.ipam;

import io.calico.ipam.internal.AllocationBlock;
import io.calico.ipam.internal.BlockEditor;
import io.calico.ipam.internal.JsonValue;
import io.calico.ipam.internal.view.Draft;
import io.calico.ipam.internal.view.Seen;
import io.calico.model.net.Cidr;
import io.calico.model.net.IpAddress;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Says anew whom addresses are for, one transaction for each block. Doing it twice does no harm, so a lost answer needs no
 * care beyond that. Confined to one thread; used once.
 */
final class OwnerBinding {
    private final Session session;
    private final Collection<IpAddress> addresses;
    private final JsonValue owner;
    private final List<IpAddress> notAssigned = new ArrayList<>();

    OwnerBinding(Session session, Collection<IpAddress> addresses, Owner owner) {
        this.session = session;
        this.addresses = addresses;
        this.owner = StoredForm.owner(owner);
    }

    void run() {
        session.needBasics();
        BlockSearch search = new BlockSearch(session);
        Map<Cidr, List<IpAddress>> byBlock = new LinkedHashMap<>();
        for (IpAddress address : addresses) {
            search.find(address)
                    .ifPresentOrElse(
                            cidr -> byBlock.computeIfAbsent(cidr, c -> new ArrayList<>())
                                    .add(address),
                            () -> notAssigned.add(address));
        }
        byBlock.forEach((cidr, inBlock) -> {
            boolean done = false;
            while (!done) {
                session.retry().check(null);
                done = tryBind(cidr, inBlock);
            }
        });
        if (!notAssigned.isEmpty()) {
            throw new IpamException.NotAssigned(notAssigned.get(0));
        }
    }

    private boolean tryBind(Cidr cidr, List<IpAddress> inBlock) {
        Seen<AllocationBlock> seen = session.block(cidr);
        Optional<AllocationBlock> block = Session.sound(cidr, seen);
        if (block.isEmpty()) {
            boolean gone = !session.refreshBlock(cidr);
            if (gone) {
                notAssigned.addAll(inBlock);
            }
            return gone;
        }
        BlockEditor editor = block.get().edit(session.now(), session.config().coolDown());
        List<IpAddress> missing =
                inBlock.stream().filter(a -> !editor.bindOwner(a, owner)).toList();
        if (!missing.isEmpty() && session.refreshBlock(cidr)) {
            return false;
        }
        if (editor.isChanged()) {
            Draft draft = session.draft().put(cidr, seen, editor);
            if (session.commit(draft) != Session.Outcome.COMMITTED) {
                session.retry().failed();
                return false;
            }
        }
        notAssigned.addAll(missing);
        return true;
    }
}
