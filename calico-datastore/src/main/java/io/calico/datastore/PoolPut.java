package io.calico.datastore;

import io.calico.model.IpPool;
import io.calico.model.net.Cidr;
import java.util.Optional;

/** What became of putting a pool. */
public sealed interface PoolPut {
    /**
     * It is stored.
     *
     * @param replaced the pool of the same CIDR whose options were replaced; empty if there was none that could be read
     */
    record Stored(Optional<IpPool> replaced) implements PoolPut {}

    /**
     * Nothing was done: pools may not overlap.
     *
     * @param other the pool that is there
     */
    record Overlaps(Cidr other) implements PoolPut {}
}
