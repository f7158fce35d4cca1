package io.calico.ipam;

import io.calico.ipam.internal.view.FamilyView;
import io.calico.model.net.Cidr;
import io.calico.model.net.IpAddress;
import java.util.Optional;

/** Finds the block of an address: of one that is in a pool, of one that no pool holds any more, of another size. */
final class BlockSearch {
    private final Session session;

    BlockSearch(Session session) {
        this.session = session;
    }

    /**
     * The block that holds the address, or would by the size of its pool's blocks, whatever the pool may be used for. For
     * an address in no pool the blocks that exist are read, once for the call.
     */
    Optional<Cidr> find(IpAddress address) {
        FamilyView family = session.view().family(address.version());
        Optional<Cidr> known = family.containing(address);
        if (known.isPresent()) {
            return known;
        }
        session.needBasics();
        return session.view()
                .poolOf(address)
                .map(pool -> Cidr.of(address, pool.pool().blockPrefixLength()))
                .or(() -> findAmongAll(address));
    }

    /** The block that holds the address, by all blocks as they are now. */
    Optional<Cidr> findAmongAll(IpAddress address) {
        session.refreshFamily(address.version());
        return session.view().family(address.version()).containing(address);
    }
}
