package io.calico.examples.allocator;

import io.calico.datastore.CalicoStore;
import io.calico.datastore.Datastores;
import io.calico.datastore.spi.Datastore;
import io.calico.ipam.AssignRequest;
import io.calico.ipam.BlockAllocator;
import io.calico.ipam.PoolUtilisation;
import io.calico.model.IpPool;
import io.calico.model.net.Cidr;

/**
 * Hands out addresses that survive the program, in one SQLite file; other processes of the machine may use it at the same
 * time. Run it again: it goes on where it was. Needs {@code org.xerial:sqlite-jdbc}.
 *
 * <p>Usage: {@code DurableAllocator FILE}
 */
public final class DurableAllocator {
    private DurableAllocator() {}

    public static void main(String[] arguments) {
        try (Datastore store = Datastores.open("sqlite:" + arguments[0])) {
            new CalicoStore(store).pools().put(IpPool.of(Cidr.parse("10.0.0.0/24")));
            BlockAllocator allocator = new BlockAllocator(store, "my-machine");
            System.out.println(allocator
                    .autoAssign(AssignRequest.builder().num4(2).build())
                    .addresses());
            for (PoolUtilisation pool : allocator.utilisation()) {
                System.out.println(pool.inUse() + " of " + pool.capacity() + " in use");
            }
        }
    }
}
