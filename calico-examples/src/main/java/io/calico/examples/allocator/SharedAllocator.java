package io.calico.examples.allocator;

import io.calico.datastore.CalicoStore;
import io.calico.datastore.Datastores;
import io.calico.datastore.spi.Datastore;
import io.calico.ipam.AssignRequest;
import io.calico.ipam.BlockAllocator;
import io.calico.model.IpPool;
import io.calico.model.net.Cidr;
import io.calico.model.net.IpAddress;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * Hands out addresses together with other processes, on this machine or others, through one etcd. Start it as often as you
 * like, with the same host name or others, and at the same time: no address is printed twice. Threads of one process that
 * ask at the same moment share a transaction. Needs {@code io.etcd:jetcd-grpc} and gRPC.
 *
 * <p>Usage: {@code SharedAllocator etcd://127.0.0.1:2379 HOST COUNT}
 */
public final class SharedAllocator {
    private SharedAllocator() {}

    public static void main(String[] arguments) {
        try (Datastore store = Datastores.open(arguments[0])) {
            new CalicoStore(store).pools().put(IpPool.of(Cidr.parse("10.0.0.0/16")));
            BlockAllocator allocator = new BlockAllocator(store, arguments[1]);
            AssignRequest one = AssignRequest.builder().num4(1).build();
            List<Optional<IpAddress>> given = IntStream.range(0, Integer.parseInt(arguments[2]))
                    .parallel()
                    .mapToObj(
                            i -> allocator.autoAssign(one).addresses().stream().findFirst())
                    .toList();
            given.stream().flatMap(Optional::stream).sorted().forEach(System.out::println);
        }
    }
}
