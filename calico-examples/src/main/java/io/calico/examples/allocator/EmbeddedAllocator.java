package io.calico.examples.allocator;

import io.calico.datastore.CalicoStore;
import io.calico.datastore.memory.MemoryDatastore;
import io.calico.ipam.AssignRequest;
import io.calico.ipam.BlockAllocator;
import io.calico.model.IpPool;
import io.calico.model.net.Cidr;

/** Hands out addresses in one program, for as long as it runs. Three lines are all it takes. */
public final class EmbeddedAllocator {
    private EmbeddedAllocator() {}

    public static void main(String[] arguments) {
        try (MemoryDatastore store = new MemoryDatastore()) {
            new CalicoStore(store).pools().put(IpPool.of(Cidr.parse("10.0.0.0/16")));
            BlockAllocator allocator = new BlockAllocator(store, "my-program");
            System.out.println(allocator
                    .autoAssign(AssignRequest.builder().num4(3).handle("job-1").build())
                    .addresses());

            System.out.println("released: " + allocator.releaseByHandle("job-1"));
        }
    }
}
