package io.calico.ipam;

import io.calico.ipam.internal.BlockEditor;
import io.calico.ipam.internal.IpamConfig;
import io.calico.ipam.internal.JsonValue;
import io.calico.model.net.Cidr;
import io.calico.model.net.IpAddress;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Says anew whom addresses are for. It joins a batch if all of them are allocated by what is in the view; everything else
 * is {@link OwnerBinding}'s.
 */
final class OwnerBindingCall implements Work<List<IpAddress>> {
    private static final int MOST_ADDRESSES = 16;

    private final List<IpAddress> addresses;
    private final Owner owner;

    OwnerBindingCall(Collection<IpAddress> addresses, Owner owner) {
        this.addresses = List.copyOf(addresses);
        this.owner = owner;
    }

    @Override
    public boolean join(Batch batch) {
        Optional<IpamConfig> config = batch.config();
        if (config.isEmpty() || addresses.size() > MOST_ADDRESSES || !batch.hasRoomFor(addresses.size() + 1, 0)) {
            return false;
        }
        Map<IpAddress, BlockEditor> editors = new LinkedHashMap<>();
        for (IpAddress address : addresses) {
            Optional<Cidr> cidr = batch.view().family(address.version()).containing(address);
            Optional<BlockEditor> editor = cidr.flatMap(c -> batch.editor(c, config.get()));
            if (editor.isEmpty() || !editor.get().isAllocated(address)) {
                return false;
            }
            editors.put(address, editor.get());
        }
        JsonValue stored = StoredForm.owner(owner);
        editors.forEach((address, editor) -> editor.bindOwner(address, stored));
        return true;
    }

    @Override
    public List<IpAddress> joined() {
        return addresses;
    }

    @Override
    public List<IpAddress> alone(Session session) {
        new OwnerBinding(session, addresses, owner).run();
        return addresses;
    }
}
