package io.calico.benchmarks;

import io.calico.datastore.Datastores;
import io.calico.datastore.Keys;
import io.calico.datastore.StoreKey;
import io.calico.datastore.spi.Datastore;
import io.calico.datastore.spi.DatastoreException;
import io.calico.datastore.spi.KeyValue;
import io.calico.datastore.spi.Transaction;
import io.calico.ipam.AssignRequest;
import io.calico.ipam.BlockAllocator;
import io.calico.ipam.ReleaseRequest;
import io.calico.model.IpPool;
import io.calico.model.json.ModelJson;
import io.calico.model.net.Cidr;
import io.calico.model.net.IpAddress;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * How fast addresses are assigned and released by so many requesters at once, on a store of your choice, beside the plain
 * read-and-swap of {@link ReadAndSwap} on the same store in the same run. Each requester assigns one address, releases it,
 * and so on; the times are those of the assignments. First comes the floor: one transaction that swaps a block.
 *
 * <p>Usage: {@code AllocatorRates URI SECONDS [HOSTSxPROCESSES] REQUESTERS...}: on {@code memory:}, {@code sqlite:FILE} or
 * {@code etcd://…}, which should be empty, for so many seconds each. With {@code 32x1} the requesters are spread over 32
 * hosts, with {@code 1x4} over four allocators of one host, as four of its processes have them; each allocator has a
 * connection of its own to the store. By default there is one. With read-and-swap each host has a block of its own.
 */
public final class AllocatorRates {
    private static final Cidr POOL = Cidr.parse("10.0.0.0/16");
    private static final IpAddress YARDSTICK = IpAddress.parse("10.9.0.0");
    private static final String MEMORY = "memory:";

    private final Datastore store;
    private final double seconds;
    private final int hosts;
    /** For each allocator its connection; allocator i is of host i modulo hosts. */
    private final List<Datastore> clients = new ArrayList<>();

    private AllocatorRates(Datastore store, String uri, double seconds, int hosts, int processes) {
        this.store = store;
        this.seconds = seconds;
        this.hosts = hosts;
        for (int i = 0; i < hosts * processes; i++) {
            clients.add(uri.equals(MEMORY) ? store : Datastores.open(uri));
        }
    }

    public static void main(String[] arguments) throws InterruptedException {
        if (arguments.length < 3) {
            System.err.println("usage: AllocatorRates URI SECONDS [HOSTSxPROCESSES] REQUESTERS...");
            System.exit(2);
        }
        boolean several = arguments[2].indexOf('x') > 0;
        int[] counts = several
                ? Arrays.stream(arguments[2].split("x", 2))
                        .mapToInt(Integer::parseInt)
                        .toArray()
                : new int[] {1, 1};
        try (Datastore store = Datastores.open(arguments[0])) {
            awaitAnswer(store);
            AllocatorRates rates =
                    new AllocatorRates(store, arguments[0], Double.parseDouble(arguments[1]), counts[0], counts[1]);
            rates.run(Arrays.stream(arguments)
                    .skip(several ? 3 : 2)
                    .map(Integer::valueOf)
                    .toList());
            rates.clients.stream().filter(client -> client != store).forEach(Datastore::close);
        }
    }

    /** On a busy machine the first call of a cold JVM takes longer than a call may. */
    private static void awaitAnswer(Datastore store) {
        for (int tries = 0; ; tries++) {
            try {
                store.get(Keys.ROOT + "warm-up");
                return;
            } catch (DatastoreException e) {
                if (tries == 10) {
                    throw e;
                }
            }
        }
    }

    /** One way of assigning and releasing. */
    private interface Way {
        IpAddress assign(int requester, Optional<String> handle);

        void release(int requester, IpAddress address, Optional<String> handle);
    }

    private record Rate(double perSecond, double p50, double p99, double attempts) {}

    private void run(List<Integer> requesters) throws InterruptedException {
        clear();
        floor(200);
        double[] floor = floor(1000);
        System.out.printf("one transaction that swaps a block: p50 %.2f ms, p99 %.2f ms%n", floor[0], floor[1]);
        System.out.printf("%d hosts, %d allocators%n%n", hosts, clients.size());
        for (boolean handles : new boolean[] {false, true}) {
            System.out.println("| requesters" + (handles ? ", a handle each" : "")
                    + " | read and swap: assigned/s | p50, p99 ms | attempts each | allocator: assigned/s | p50, p99 ms"
                    + " | calls per commit | rate ratio | p99 / floor |");
            System.out.println("|---|---|---|---|---|---|---|---|---|");
            for (int count : requesters) {
                Rate plain = yardstick(count, handles);
                Rate ours = allocator(count, handles);
                System.out.printf(
                        "| %d | %.0f | %.1f, %.1f | %.1f | %.0f | %.1f, %.1f | %.1f | %.1f | %.1f |%n",
                        count,
                        plain.perSecond(),
                        plain.p50(),
                        plain.p99(),
                        plain.attempts(),
                        ours.perSecond(),
                        ours.p50(),
                        ours.p99(),
                        ours.attempts(),
                        ours.perSecond() / plain.perSecond(),
                        ours.p99() / floor[0]);
            }
            System.out.println();
        }
    }

    private double[] floor(int rounds) {
        Cidr cidr = yardstick(0, 1);
        new ReadAndSwap(store, cidr).create();
        String key = new StoreKey.Block(cidr).path();
        double[] times = new double[rounds];
        KeyValue record = store.get(key).orElseThrow();
        long revision = record.modRevision();
        for (int i = 0; i < rounds; i++) {
            long start = System.nanoTime();
            revision = store.commit(Transaction.builder()
                            .ifUnchanged(key, revision)
                            .put(key, record.value())
                            .build())
                    .revision();
            times[i] = (System.nanoTime() - start) / 1e6;
        }
        Arrays.sort(times);
        return new double[] {times[rounds / 2], times[rounds * 99 / 100]};
    }

    /** The block of a host that has so many requesters: of 64 addresses, of more only where these are not enough. */
    private static Cidr yardstick(int host, int requesters) {
        int prefix = requesters <= 64 ? 26 : requesters <= 128 ? 25 : 24;
        return Cidr.of(YARDSTICK.plus(256L * host), prefix);
    }

    private Rate yardstick(int requesters, boolean handles) throws InterruptedException {
        clear();
        List<ReadAndSwap> plain = new ArrayList<>();
        for (int i = 0; i < clients.size(); i++) {
            plain.add(new ReadAndSwap(clients.get(i), yardstick(i % hosts, (requesters + hosts - 1) / hosts)));
        }
        plain.subList(0, hosts).forEach(ReadAndSwap::create);
        long[] calls = new long[1];
        Rate rate = measure(
                new Way() {
                    @Override
                    public IpAddress assign(int requester, Optional<String> handle) {
                        return plain.get(requester % plain.size()).assign(handle);
                    }

                    @Override
                    public void release(int requester, IpAddress address, Optional<String> handle) {
                        plain.get(requester % plain.size()).release(address, handle);
                    }
                },
                requesters,
                handles,
                calls);
        long attempts = plain.stream().mapToLong(ReadAndSwap::attempts).sum();
        return new Rate(rate.perSecond(), rate.p50(), rate.p99(), attempts / (double) calls[0]);
    }

    private Rate allocator(int requesters, boolean handles) throws InterruptedException {
        clear();
        store.commit(Transaction.builder()
                .put(new StoreKey.Pool(POOL).path(), ModelJson.write(IpPool.of(POOL)))
                .build());
        List<BlockAllocator> allocators = new ArrayList<>();
        for (int i = 0; i < clients.size(); i++) {
            allocators.add(new BlockAllocator(clients.get(i), "host-" + i % hosts));
        }
        Rate rate = measure(
                new Way() {
                    @Override
                    public IpAddress assign(int requester, Optional<String> handle) {
                        AssignRequest.Builder request = AssignRequest.builder().num4(1);
                        handle.ifPresent(request::handle);
                        return allocators
                                .get(requester % allocators.size())
                                .autoAssign(request.build())
                                .addresses()
                                .get(0);
                    }

                    @Override
                    public void release(int requester, IpAddress address, Optional<String> handle) {
                        allocators.get(requester % allocators.size()).release(List.of(ReleaseRequest.of(address)));
                    }
                },
                requesters,
                handles,
                new long[1]);
        double coalescing = allocators.stream()
                .mapToDouble(allocator -> allocator.statistics().coalescing())
                .average()
                .orElse(0);
        return new Rate(rate.perSecond(), rate.p50(), rate.p99(), coalescing);
    }

    private Rate measure(Way way, int requesters, boolean handles, long[] calls) throws InterruptedException {
        AtomicBoolean on = new AtomicBoolean(true);
        AtomicBoolean counting = new AtomicBoolean(false);
        long[][] times = new long[requesters][1 << 18];
        CountDownLatch ready = new CountDownLatch(requesters);
        Thread[] threads = new Thread[requesters];
        int[] counts = new int[requesters];
        for (int i = 0; i < requesters; i++) {
            int number = i;
            threads[i] = new Thread(() -> {
                try {
                    for (int round = 0; on.get(); round++) {
                        Optional<String> handle =
                                handles ? Optional.of("handle-of-requester-" + number + "-" + round) : Optional.empty();
                        long start = System.nanoTime();
                        IpAddress address = way.assign(number, handle);
                        if (counting.get() && counts[number] < times[number].length) {
                            times[number][counts[number]++] = System.nanoTime() - start;
                        }
                        way.release(number, address, handle);
                        if (round == 0) {
                            ready.countDown();
                        }
                    }
                } catch (DatastoreException e) {
                    // Many that swap one block on a busy machine: some wait longer than a store answers.
                    System.err.println("requester " + number + " has given up: " + e.getMessage());
                    ready.countDown();
                }
            });
            threads[i].start();
        }
        ready.await();
        Thread.sleep((long) (seconds * 300));
        long start = System.nanoTime();
        counting.set(true);
        Thread.sleep((long) (seconds * 1000));
        counting.set(false);
        double took = (System.nanoTime() - start) / 1e9;
        on.set(false);
        for (Thread thread : threads) {
            thread.join();
        }
        long[] all = new long[Arrays.stream(counts).sum()];
        int at = 0;
        for (int i = 0; i < requesters; i++) {
            System.arraycopy(times[i], 0, all, at, counts[i]);
            at += counts[i];
        }
        Arrays.sort(all);
        // The yardstick counts its attempts from the beginning; what came before the count is a small part.
        calls[0] = Math.max(1, 2L * Math.round(all.length * 1.3));
        return new Rate(
                all.length / took,
                all.length == 0 ? 0 : all[all.length / 2] / 1e6,
                all.length == 0 ? 0 : all[(int) (all.length * 0.99)] / 1e6,
                0);
    }

    private void clear() {
        List<KeyValue> records = store.listAll(Keys.ROOT).records();
        for (int start = 0; start < records.size(); start += Transaction.MAX_OPERATIONS) {
            Transaction.Builder transaction = Transaction.builder();
            records.subList(start, Math.min(start + Transaction.MAX_OPERATIONS, records.size()))
                    .forEach(record -> transaction.delete(record.key()));
            store.commit(transaction.build());
        }
    }
}
