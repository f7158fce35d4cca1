package io.calico.ipam.internal.view;

import io.calico.model.IpPool;
import io.calico.model.net.Cidr;

/**
 * A pool and the revision at which it was written, which fences every assignment from it.
 */
public record StoredPool(IpPool pool, long revision) {
    public Cidr cidr() {
        return pool.cidr();
    }

    /** Whether a block fits into the pool at all; foreign writers store smaller ones. */
    public boolean holdsBlocks() {
        return cidr().prefixLength() <= pool.blockPrefixLength();
    }

    /** Whether new addresses may be assigned from the pool. */
    public boolean isEnabled() {
        return pool.ipam() && !pool.disabled() && holdsBlocks();
    }
}
