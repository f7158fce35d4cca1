package io.calico.benchmarks;

import io.calico.datastore.Datastores;
import io.calico.datastore.StoreKey;
import io.calico.datastore.memory.MemoryDatastore;
import io.calico.datastore.spi.Datastore;
import io.calico.datastore.spi.Transaction;
import io.calico.ipam.AssignRequest;
import io.calico.ipam.BlockAllocator;
import io.calico.ipam.ReleaseRequest;
import io.calico.ipam.internal.AllocationBlock;
import io.calico.ipam.internal.AttributeEntry;
import io.calico.ipam.internal.BlockCodec;
import io.calico.model.IpPool;
import io.calico.model.json.ModelJson;
import io.calico.model.net.Cidr;
import io.calico.model.net.IpAddress;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

/**
 * What large pools cost.
 *
 * <ul>
 *   <li>{@code AllocatorScale fill URI REQUESTERS}: every address of a /16, one by one, from one host
 *   <li>{@code AllocatorScale full}: assignments in a /8 whose blocks all belong to other hosts but some, against an empty /8
 *   <li>{@code AllocatorScale memory}: the heap that a million assigned addresses take in the allocator's blocks
 * </ul>
 */
public final class AllocatorScale {
    private AllocatorScale() {}

    public static void main(String[] arguments) throws InterruptedException {
        switch (arguments.length == 0 ? "" : arguments[0]) {
            case "fill" -> fill(arguments[1], Integer.parseInt(arguments[2]));
            case "full" -> full();
            case "memory" -> memory();
            default -> {
                System.err.println("usage: AllocatorScale fill URI REQUESTERS | full | memory");
                System.exit(2);
            }
        }
    }

    private static void put(Datastore store, Cidr pool) {
        store.commit(Transaction.builder()
                .put(new StoreKey.Pool(pool).path(), ModelJson.write(IpPool.of(pool)))
                .build());
    }

    private static void fill(String uri, int requesters) throws InterruptedException {
        try (Datastore store = Datastores.open(uri)) {
            put(store, Cidr.parse("10.0.0.0/16"));
            BlockAllocator allocator = new BlockAllocator(store, "host");
            AtomicLong left = new AtomicLong(65536);
            AtomicLong given = new AtomicLong();
            List<Thread> threads = new ArrayList<>();
            long start = System.nanoTime();
            for (int i = 0; i < requesters; i++) {
                threads.add(new Thread(() -> {
                    while (left.getAndDecrement() > 0) {
                        given.addAndGet(allocator
                                .autoAssign(AssignRequest.builder().num4(1).build())
                                .addresses()
                                .size());
                    }
                }));
            }
            threads.forEach(Thread::start);
            for (Thread thread : threads) {
                thread.join();
            }
            System.out.printf(
                    "a /16 filled by %d requesters on %s: %d addresses in %.1f s, %.1f calls per commit%n",
                    requesters,
                    uri,
                    given.get(),
                    (System.nanoTime() - start) / 1e9,
                    allocator.statistics().coalescing());
        }
    }

    private static void full() {
        double empty = 0;
        double full = 0;
        double emptyClaim = 0;
        double fullClaim = 0;
        for (int round = 0; round < 2; round++) {
            double[] ofEmpty = assignments(0);
            double[] ofFull = assignments((1 << 18) - 512);
            empty = ofEmpty[0];
            full = ofFull[0];
            emptyClaim = ofEmpty[1];
            fullClaim = ofFull[1];
        }
        System.out.printf(
                "one address from an own block: empty /8 %.1f µs, full /8 %.1f µs, ratio %.2f%n",
                empty, full, full / empty);
        System.out.printf(
                "64 addresses with the claim of a block: empty /8 %.0f µs, full /8 %.0f µs, ratio %.2f%n",
                emptyClaim, fullClaim, fullClaim / emptyClaim);
    }

    /** Microseconds of one steady assignment, and of one with a claim, in a /8 with so many blocks of others. */
    private static double[] assignments(int blocksOfOthers) {
        try (MemoryDatastore store = new MemoryDatastore()) {
            Cidr pool = Cidr.parse("10.0.0.0/8");
            put(store, pool);
            fillWithBlocks(store, blocksOfOthers);
            BlockAllocator allocator = new BlockAllocator(store, "host");
            AssignRequest one = AssignRequest.builder().num4(1).build();
            allocator.autoAssign(one);
            List<Double> steady = new ArrayList<>();
            for (int i = 0; i < 4000; i++) {
                long start = System.nanoTime();
                List<IpAddress> taken = allocator.autoAssign(one).addresses();
                steady.add((System.nanoTime() - start) / 1e3);
                allocator.release(List.of(ReleaseRequest.of(taken.get(0))));
            }
            List<Double> claims = new ArrayList<>();
            AssignRequest block = AssignRequest.builder().num4(64).build();
            for (int i = 0; i < 400; i++) {
                long start = System.nanoTime();
                allocator.autoAssign(block);
                claims.add((System.nanoTime() - start) / 1e3);
            }
            return new double[] {median(steady), median(claims)};
        }
    }

    private static void fillWithBlocks(Datastore store, int count) {
        Cidr first = Cidr.parse("10.0.0.0/26");
        var editor = AllocationBlock.create(first, "other", Instant.EPOCH.plusSeconds(1), 0)
                .edit(Instant.EPOCH.plusSeconds(2), Duration.ZERO);
        editor.autoAssign(64, AttributeEntry.of(null, null, null), null, a -> false);
        String full = BlockCodec.encode(editor.finish("0"));
        for (int i = 0; i < count; ) {
            Transaction.Builder blocks = Transaction.builder();
            for (int end = Math.min(count, i + 100); i < end; i++) {
                Cidr cidr = Cidr.of(first.first().plus(64L * i), 26);
                blocks.put(
                        new StoreKey.Block(cidr).path(),
                        full.replace(first.toString(), cidr.toString())
                                .replace("host:other", "host:other-" + i % 1000));
            }
            store.commit(blocks.build());
        }
    }

    private static double median(List<Double> times) {
        double[] sorted =
                times.stream().skip(times.size() / 2).mapToDouble(d -> d).toArray();
        Arrays.sort(sorted);
        return sorted[sorted.length / 2];
    }

    private static void memory() {
        for (boolean handles : new boolean[] {false, true}) {
            List<AllocationBlock> blocks = new ArrayList<>();
            long before = used();
            IpAddress first = IpAddress.parse("10.0.0.0");
            for (int i = 0; i < 15_625; i++) {
                Cidr cidr = Cidr.of(first.plus(64L * i), 26);
                var editor =
                        AllocationBlock.create(cidr, "host", Instant.now(), 0).edit(Instant.now(), Duration.ZERO);
                for (int address = 0; address < (handles ? 64 : 1); address++) {
                    editor.autoAssign(
                            handles ? 1 : 64,
                            AttributeEntry.of(handles ? "container-" + i + "-" + address : null, null, null),
                            null,
                            a -> false);
                }
                // As the allocator reads them from the store.
                String stored = BlockCodec.encode(editor.finish("0123456789abcdef"));
                blocks.add(BlockCodec.decode(cidr, stored).block().orElseThrow());
            }
            System.out.printf(
                    "1,000,000 addresses in %d blocks%s: %.1f MB%n",
                    blocks.size(), handles ? ", a handle each" : "", (used() - before) / 1e6);
        }
    }

    private static long used() {
        for (int i = 0; i < 4; i++) {
            System.gc();
        }
        Runtime runtime = Runtime.getRuntime();
        return runtime.totalMemory() - runtime.freeMemory();
    }
}
