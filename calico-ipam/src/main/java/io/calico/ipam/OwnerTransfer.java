package io.calico.ipam;

import io.calico.datastore.spi.Transaction;
import io.calico.ipam.internal.AllocationBlock;
import io.calico.ipam.internal.AttributeEntry;
import io.calico.ipam.internal.BlockEditor;
import io.calico.ipam.internal.JsonValue;
import io.calico.ipam.internal.view.Draft;
import io.calico.ipam.internal.view.Seen;
import io.calico.model.net.Cidr;
import io.calico.model.net.IpAddress;
import java.util.Optional;

/**
 * Hands one address from an owner to the next, together with what else the caller writes, in one transaction. Confined to
 * one thread; used once.
 */
final class OwnerTransfer {
    private final Session session;
    private final IpAddress address;
    private final JsonValue from;
    private final JsonValue to;
    private final Transaction with;

    OwnerTransfer(Session session, IpAddress address, Owner from, Owner to, Transaction with) {
        this.session = session;
        this.address = address;
        this.from = StoredForm.owner(from);
        this.to = StoredForm.owner(to);
        this.with = with;
    }

    TransferResult run() {
        session.needBasics();
        BlockSearch search = new BlockSearch(session);
        while (true) {
            session.retry().check(null);
            Optional<Cidr> cidr = search.find(address);
            Optional<TransferResult> result =
                    cidr.isEmpty() ? Optional.of(TransferResult.NOT_OWNED) : attempt(cidr.get(), search);
            if (result.isPresent()) {
                return result.get();
            }
        }
    }

    /** Empty: to be tried again. */
    private Optional<TransferResult> attempt(Cidr cidr, BlockSearch search) {
        Seen<AllocationBlock> seen = session.block(cidr);
        Optional<AllocationBlock> block = Session.sound(cidr, seen);
        Optional<JsonValue> owner = block.flatMap(b -> b.entry(address))
                .filter(entry -> !entry.isCooling())
                .flatMap(AttributeEntry::owner);
        boolean isNew = owner.equals(Optional.of(to));
        if (!isNew && !owner.equals(Optional.of(from))) {
            boolean looksAgain = session.refreshBlock(cidr)
                    || block.isEmpty()
                            && search.findAmongAll(address)
                                    .filter(c -> !c.equals(cidr))
                                    .isPresent();
            return looksAgain ? Optional.empty() : Optional.of(TransferResult.NOT_OWNED);
        }
        Draft draft = session.draft().with(with);
        if (isNew) {
            draft.expectBlock(cidr, seen);
        } else {
            BlockEditor editor =
                    block.orElseThrow().edit(session.now(), session.config().coolDown());
            editor.bindOwner(address, to);
            draft.put(cidr, seen, editor);
        }
        Session.Outcome outcome = session.commit(draft);
        if (outcome == Session.Outcome.COMMITTED) {
            return Optional.of(TransferResult.DONE);
        }
        if (outcome == Session.Outcome.OTHERS_CHANGED) {
            return Optional.of(TransferResult.OTHERS_CHANGED);
        }
        session.retry().failed();
        return Optional.empty();
    }
}
