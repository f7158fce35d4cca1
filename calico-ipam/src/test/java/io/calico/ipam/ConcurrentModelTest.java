package io.calico.ipam;

import static org.assertj.core.api.Assertions.assertThat;

import io.calico.datastore.Keys;
import io.calico.datastore.StoreKey;
import io.calico.datastore.memory.MemoryDatastore;
import io.calico.datastore.spi.Datastore;
import io.calico.datastore.spi.DatastoreException;
import io.calico.datastore.spi.KeyValue;
import io.calico.datastore.spi.Transaction;
import io.calico.datastore.spi.TransactionResult;
import io.calico.ipam.internal.AllocationBlock;
import io.calico.model.net.Cidr;
import io.calico.model.net.IpAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Several processes of several hosts assign and release in small pools, in an order and with faults drawn from a seed; a
 * model knows who holds which address. A failure names the seed, which replays it.
 */
class ConcurrentModelTest {
    static IntStream seeds() {
        return IntStream.range(0, Scheduler.LONG_RUN ? 5000 : 60);
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("seeds")
    void noAddressIsEverGivenToTwoCallers_I1(int seed) throws InterruptedException {
        new Run(seed).run();
    }

    /** One run. All of it happens on one thread at a time. */
    private static final class Run {
        /** Used by all processes: two may release and assign with one of them at the same time (X15, X16). */
        private static final List<String> SHARED = List.of("h1", "h2");

        private final Random random;
        private final Cluster cluster = new Cluster();
        private final MemoryDatastore store = cluster.store;
        private final Scheduler scheduler;

        private final boolean strict;
        private final boolean faults;
        private final int limit;
        private final int processesPerHost;
        private final String poolText;
        private final int blockSize;

        /** Who holds an address: what the callers believe. */
        private final Map<IpAddress, String> held = new HashMap<>();
        /** With which handle it was assigned. */
        private final Map<IpAddress, String> handles = new HashMap<>();
        /** Rises whenever a release by that handle begins or ends. */
        private final Map<String, Integer> releasesByHandle = new HashMap<>();

        private final List<Transaction> delayed = new ArrayList<>();
        private final Map<Cidr, Long> lastSequences = new HashMap<>();
        private int commits;
        private int leaks;

        Run(int seed) {
            random = new Random(seed);
            strict = random.nextInt(4) == 0;
            faults = random.nextInt(3) != 0;
            limit = random.nextInt(4) == 0 ? 1 + random.nextInt(2) : 0;
            processesPerHost = 1 + random.nextInt(3);
            blockSize = random.nextInt(4) == 0 ? 32 : 30;
            poolText = "10.0.0.0/" + (30 - random.nextInt(3));
            scheduler = new Scheduler(store, random::nextInt);
        }

        void run() throws InterruptedException {
            cluster.pool(poolText, blockSize)
                    .config("{\"strict_affinity\":" + strict + ",\"maxBlocksPerHost\":" + limit + "}");
            int hosts = 1 + random.nextInt(4);
            for (int host = 0; host < hosts; host++) {
                for (int process = 0; process < processesPerHost; process++) {
                    addProcess("host-" + host, host + "." + process);
                }
            }
            scheduler.run();
            delayed.forEach(this::commit);
            finish();
        }

        private void addProcess(String host, String name) {
            Random own = new Random(random.nextLong());
            scheduler.add(name, t -> commitWithFaults(host, t), through -> {
                BlockAllocator allocator = new BlockAllocator(Mutation.through(through), host, patient());
                int operations = 8 + own.nextInt(20);
                for (int i = 0; i < operations; i++) {
                    operate(allocator, name, own);
                }
            });
        }

        private AllocatorOptions patient() {
            return AllocatorOptions.builder()
                    .clock(cluster.time)
                    .pause(cluster.time)
                    .random(new Random(random.nextLong()))
                    .deadline(Duration.ofDays(1))
                    .build();
        }

        private void operate(BlockAllocator allocator, String name, Random own) {
            switch (own.nextInt(8)) {
                case 0, 1, 2 -> autoAssign(allocator, name, own);
                case 3 -> assign(allocator, name, own);
                case 4, 5 -> release(allocator, name, own);
                case 6 -> releaseByHandle(allocator, handleOf(name, own));
                default -> releaseForeign(allocator, own);
            }
        }

        private void autoAssign(BlockAllocator allocator, String name, Random own) {
            AssignRequest.Builder request = AssignRequest.builder().num4(1 + own.nextInt(3));
            Optional<String> handle = handle(name, own);
            handle.ifPresent(request::handle);
            int before = epoch(handle);
            try {
                AssignResult result = allocator.autoAssign(request.build());
                take(result.addresses(), name, handle, before);
                assertThat(result.isComplete() || !result.ipv4().messages().isEmpty())
                        .isTrue();
            } catch (IpamException.BlockLimit e) {
                take(e.assigned(), name, handle, before);
                assertThat(limit).isPositive();
            }
        }

        private void assign(BlockAllocator allocator, String name, Random own) {
            if (limit > 0) {
                return;
            }
            IpAddress address = IpAddress.parse("10.0.0.0").plus(own.nextInt(16));
            AssignOptions.Builder options = AssignOptions.builder();
            Optional<String> handle = handle(name, own);
            handle.ifPresent(options::handle);
            int before = epoch(handle);
            try {
                allocator.assign(address, options.build());
                take(List.of(address), name, handle, before);
            } catch (IpamException.AlreadyAssigned e) {
                assertThat(Cidr.parse(poolText).contains(address)).isTrue();
            } catch (IpamException.PoolNotFound e) {
                assertThat(Cidr.parse(poolText).contains(address)).isFalse();
            } catch (IpamException.NoHostAffinity e) {
                assertThat(strict).isTrue();
            }
        }

        private static Optional<String> handle(String name, Random own) {
            return own.nextBoolean() ? Optional.of(handleOf(name, own)) : Optional.empty();
        }

        /** A shared one, or that of the process. */
        private static String handleOf(String name, Random own) {
            return own.nextBoolean() ? SHARED.get(own.nextInt(SHARED.size())) : "of-" + name;
        }

        private int epoch(Optional<String> handle) {
            return handle.map(h -> releasesByHandle.getOrDefault(h, 0)).orElse(0);
        }

        /** An address that a release by its handle overlapped with may be free again already: nobody counts on it. */
        private void take(List<IpAddress> addresses, String name, Optional<String> handle, int epochBefore) {
            boolean unsure = epochBefore % 2 == 1 || epoch(handle) != epochBefore;
            for (IpAddress address : addresses) {
                if (!unsure) {
                    assertThat(held.put(address, name))
                            .as("I-1: holder of %s", address)
                            .isNull();
                    handle.ifPresentOrElse(h -> handles.put(address, h), () -> handles.remove(address));
                }
            }
        }

        private void release(BlockAllocator allocator, String name, Random own) {
            List<IpAddress> mine = held.keySet().stream()
                    .filter(a -> name.equals(held.get(a)))
                    // Another process may release these by their handle: then releasing them here, too, would be twice.
                    .filter(a -> !SHARED.contains(handles.getOrDefault(a, "")))
                    .filter(a -> own.nextBoolean())
                    .sorted()
                    .toList();
            mine.forEach(held::remove);
            ReleaseResult result = allocator.release(Cluster.releases(mine));
            assertThat(result.notAllocated()).as("was held").isEmpty();
        }

        private void releaseByHandle(BlockAllocator allocator, String handle) {
            if (epoch(Optional.of(handle)) % 2 == 1) {
                return;
            }
            releasesByHandle.merge(handle, 1, Integer::sum);
            held.keySet().removeIf(a -> handle.equals(handles.get(a)));
            try {
                allocator.releaseByHandle(handle);
            } catch (IpamException.HandleNotFound e) {
                // nobody had it
            }
            releasesByHandle.merge(handle, 1, Integer::sum);
        }

        /** A guarded release of an address that is not ours must never free it. */
        private void releaseForeign(BlockAllocator allocator, Random own) {
            IpAddress address = IpAddress.parse("10.0.0.0").plus(own.nextInt(16));
            try {
                ReleaseResult result = allocator.release(List.of(ReleaseRequest.of(address, "nobody-has-this")));
                assertThat(result.released()).as("I-16").isEmpty();
            } catch (IpamException.StaleRelease e) {
                assertThat(e.address()).isEqualTo(address);
            }
        }

        private TransactionResult commitWithFaults(String host, Transaction transaction) {
            cluster.time.advance(Duration.ofMillis(1 + random.nextInt(20_000)));
            if (!delayed.isEmpty() && random.nextInt(4) == 0) {
                commit(delayed.remove(random.nextInt(delayed.size())));
            }
            int fault = faults ? random.nextInt(40) : 40;
            switch (fault) {
                case 0, 1 -> {
                    return refuse(transaction);
                }
                case 2 -> {
                    commitBy(host, transaction);
                    throw new DatastoreException.UnknownResult("lost, happened", null);
                }
                case 3 -> throw new DatastoreException.UnknownResult("lost, did not happen", null);
                case 4 -> {
                    delayed.add(transaction);
                    throw new DatastoreException.UnknownResult("lost, will happen later", null);
                }
                case 5 -> {
                    if (random.nextBoolean()) {
                        commitBy(host, transaction);
                    }
                    leaks++;
                    throw new Scheduler.Died();
                }
                default -> {
                    return commitBy(host, transaction);
                }
            }
        }

        private TransactionResult refuse(Transaction transaction) {
            Map<String, Optional<KeyValue>> current = new LinkedHashMap<>();
            transaction.elseReads().forEach(key -> current.put(key, store.get(key)));
            return new TransactionResult(false, 1, current);
        }

        private TransactionResult commitBy(String host, Transaction transaction) {
            Map<String, AllocationBlock> before = blocksOf(transaction);
            TransactionResult result = commit(transaction);
            if (result.committed() && strict) {
                blocksOf(transaction).forEach((key, after) -> {
                    AllocationBlock old = before.get(key);
                    int added = old == null
                            ? after.size() - after.freeCount()
                            : after.allocated().size() - old.allocated().size();
                    assertThat(added <= 0 || after.isOf(host))
                            .as("I-9 %s in %s", host, key)
                            .isTrue();
                });
            }
            return result;
        }

        /** Whatever is committed, by whom and how late ever, leaves everything in order. */
        private TransactionResult commit(Transaction transaction) {
            Map<String, AllocationBlock> before = blocksOf(transaction);
            TransactionResult result = store.commit(transaction);
            if (!result.committed()) {
                return result;
            }
            Map<String, AllocationBlock> after = blocksOf(transaction);
            before.forEach((key, block) -> {
                if (!after.containsKey(key)) {
                    assertThat(held.keySet())
                            .as("I-11 %s", key)
                            .noneMatch(a -> block.cidr().contains(a));
                }
            });
            after.values().forEach(this::sequenceRises);
            if (limit > 0) {
                Map<String, Integer> owned = new HashMap<>();
                cluster.blocks().values().forEach(h -> owned.merge(h, 1, Integer::sum));
                assertThat(owned.values()).as("I-20").allMatch(n -> n <= limit + processesPerHost - 1);
            }
            if (++commits % 5 == 0) {
                Audit.of(store);
            }
            return result;
        }

        private Map<String, AllocationBlock> blocksOf(Transaction transaction) {
            Map<String, AllocationBlock> blocks = new HashMap<>();
            for (Transaction.Write write : transaction.writes()) {
                if (Keys.parse(write.key()) instanceof StoreKey.Block key) {
                    cluster.block(key.cidr().toString()).ifPresent(b -> blocks.put(write.key(), b));
                }
            }
            return blocks;
        }

        private void sequenceRises(AllocationBlock block) {
            Long before = lastSequences.put(block.cidr(), block.sequence());
            assertThat(before == null || Long.compareUnsigned(block.sequence(), before) > 0)
                    .as("I-25 %s", block.cidr())
                    .isTrue();
        }

        private void finish() {
            Set<IpAddress> allocated = new HashSet<>(Audit.of(store).keySet());
            assertThat(allocated).as("whoever holds an address has it").containsAll(held.keySet());
            if (leaks == 0 && !faults) {
                Set<IpAddress> unheld = new HashSet<>(allocated);
                unheld.removeAll(held.keySet());
                unheld.removeIf(a -> handles.containsKey(a) || hasHandle(a));
                assertThat(unheld).as("no leak without a fault").isEmpty();
            }
            BlockAllocator last = new BlockAllocator(store, "last", patient());
            List<IpAddress> all = allocated.stream().sorted().toList();
            assertThat(last.release(Cluster.releases(all)).released()).isEqualTo(all);
            for (int host = 0; host < 4; host++) {
                last.releaseHostAffinities("host-" + host);
            }
            assertThat(cluster.content().keySet())
                    .as("I-5 I-12 I-24 I-28: nothing but pool and configuration is left")
                    .containsExactlyInAnyOrder(
                            "/calico/ipam/v2/config", new StoreKey.Pool(Cidr.parse(poolText)).path());
        }

        private boolean hasHandle(IpAddress address) {
            return new BlockAllocator(store, "x", patient())
                    .info(address)
                    .flatMap(AddressInfo::handle)
                    .isPresent();
        }
    }

    /** As above, with calls that share transactions, and a store that refuses, forgets and keeps silent. */
    @ParameterizedTest(name = "{0} clients")
    @ValueSource(ints = {2, 4})
    void threadsThatShareTransactionsOfAStoreWithFaultsGetAddressesOfTheirOwn_I1_I30_I35(int clients)
            throws InterruptedException {
        Cluster cluster = new Cluster().pool("10.0.0.0/22").pool("fd00::/118");
        List<Datastore> stores = new ArrayList<>();
        for (int i = 0; i < clients; i++) {
            stores.add(new Glitches(cluster.store.newClient()));
        }

        new Hammer(stores, 8, Scheduler.LONG_RUN ? 2000 : 60).run();

        // What was assigned when an answer was lost for good is nobody's; all else has been returned.
        Audit.of(cluster.store);
    }

    /** The same store object for many allocators that run at once, with the scheduling of the machine. */
    @ParameterizedTest(name = "{0} clients")
    @ValueSource(ints = {1, 4})
    void manyThreadsOfManyClientsGetAddressesOfTheirOwn_I1_I21(int clients) throws InterruptedException {
        Cluster cluster = new Cluster().pool("10.0.0.0/22").pool("fd00::/118");
        List<Datastore> stores = new ArrayList<>();
        for (int i = 0; i < clients; i++) {
            stores.add(cluster.store.newClient());
        }

        new Hammer(stores, 4, Scheduler.LONG_RUN ? 2000 : 60).run();

        assertThat(Audit.of(cluster.store)).isEmpty();
    }
}
