package io.calico.ipam;

import io.calico.model.net.Cidr;
import java.util.List;
import java.util.Optional;

/**
 * How full a pool is. All counts are of addresses, over the whole pool whether cut into blocks or not, and stop at
 * {@link Long#MAX_VALUE}. Always {@code capacity = inUse + available + reserved - (in use and reserved)}.
 *
 * @param pool the pool; empty: this is the group of the blocks that lie in no pool
 * @param inUse assigned or cooling down
 * @param reserved kept from automatic assignment, whether assigned or not
 * @param available neither in use nor reserved
 * @param borrowed in use by another host than their block belongs to, as far as their owners say
 * @param blocks by address ascending
 */
public record PoolUtilisation(
        Optional<Cidr> pool,
        long capacity,
        long inUse,
        long reserved,
        long available,
        long borrowed,
        List<Block> blocks) {
    public PoolUtilisation {
        blocks = List.copyOf(blocks);
    }

    /**
     * How full a block is.
     *
     * @param host whom it belongs to; empty: nobody
     * @param borrowed in use by another host than that
     */
    public record Block(
            Cidr cidr,
            Optional<String> host,
            long capacity,
            long inUse,
            long reserved,
            long available,
            long borrowed) {}
}
