package io.calico.ipam;

import io.calico.datastore.StoreKey;
import io.calico.ipam.internal.AllocationBlock;
import io.calico.ipam.internal.AllocationHandle;
import io.calico.ipam.internal.AttributeEntry;
import io.calico.ipam.internal.JsonValue;
import io.calico.ipam.internal.view.Seen;
import io.calico.model.net.Cidr;
import io.calico.model.net.IpAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Answers about addresses: always by what is stored now, never by what the view remembers. */
final class Queries {
    private static final Logger LOG = LoggerFactory.getLogger(Queries.class);

    private final Session session;

    Queries(Session session) {
        this.session = session;
    }

    List<IpAddress> addressesByHandle(String id) {
        session.needBasics();
        Seen<AllocationHandle> seen = session.readHandle(id);
        if (seen.fault().isPresent()) {
            throw new IpamException.CorruptBlock(
                    new StoreKey.Handle(id).path(), seen.fault().get().reason());
        }
        AllocationHandle handle = seen.value().orElseThrow(() -> new IpamException.HandleNotFound(id));
        List<IpAddress> addresses = new ArrayList<>();
        for (Cidr cidr : handle.blocks().keySet().stream().sorted().toList()) {
            session.refreshBlock(cidr);
            Optional<AllocationBlock> block = Session.sound(cidr, session.block(cidr));
            if (block.isEmpty()) {
                LOG.warn("handle {} names block {}, which does not exist", new StoreKey.Handle(id).path(), cidr);
            }
            block.ifPresent(b -> addresses.addAll(b.addressesOf(id)));
        }
        return addresses;
    }

    Optional<AddressInfo> info(IpAddress address) {
        session.refreshBasics();
        BlockSearch search = new BlockSearch(session);
        Optional<Cidr> cidr = search.find(address);
        Optional<AllocationBlock> block = cidr.flatMap(this::read);
        if (cidr.isPresent() && block.isEmpty()) {
            // The pool's blocks may have had another size when this one was made.
            block = search.findAmongAll(address).flatMap(this::read);
        }
        return block.flatMap(b -> info(b, address));
    }

    private Optional<AllocationBlock> read(Cidr cidr) {
        session.refreshBlock(cidr);
        return Session.sound(cidr, session.block(cidr));
    }

    static Optional<AddressInfo> info(AllocationBlock block, IpAddress address) {
        return block.entry(address).filter(e -> !e.isCooling()).map(entry -> info(block, address, entry));
    }

    private static AddressInfo info(AllocationBlock block, IpAddress address, AttributeEntry entry) {
        return new AddressInfo(
                address,
                block.cidr(),
                block.host(),
                entry.handle(),
                entry.secondary().map(JsonValue::fields),
                entry.owner().flatMap(StoredForm::owner),
                block.sequenceOf(address),
                block.writtenAt());
    }
}
