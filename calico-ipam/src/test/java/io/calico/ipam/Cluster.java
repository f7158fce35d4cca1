package io.calico.ipam;

import io.calico.datastore.Keys;
import io.calico.datastore.StoreKey;
import io.calico.datastore.memory.MemoryDatastore;
import io.calico.datastore.spi.Datastore;
import io.calico.datastore.spi.KeyValue;
import io.calico.datastore.spi.Transaction;
import io.calico.ipam.internal.AllocationBlock;
import io.calico.ipam.internal.AllocationHandle;
import io.calico.ipam.internal.BlockCodec;
import io.calico.model.IpPool;
import io.calico.model.json.ModelJson;
import io.calico.model.net.Cidr;
import io.calico.model.net.IpAddress;
import io.calico.model.net.IpVersion;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.stream.IntStream;

/** A store with pools, and allocators of any hosts on it; looks into the records behind their backs. */
final class Cluster {
    final MemoryDatastore store = new MemoryDatastore();
    final ManualTime time = new ManualTime();
    private final AllocatorOptions options = AllocatorOptions.builder()
            .clock(time)
            .pause(time)
            .random(new SplittableRandom(4))
            .build();

    Cluster pool(String cidr) {
        return pool(IpPool.of(Cidr.parse(cidr)));
    }

    Cluster pool(String cidr, int blockSize) {
        return pool(IpPool.builder().cidr(Cidr.parse(cidr)).blockSize(blockSize).build());
    }

    Cluster pool(IpPool pool) {
        return put(new StoreKey.Pool(pool.cidr()), ModelJson.write(pool));
    }

    Cluster disable(String cidr) {
        return pool(IpPool.builder().cidr(Cidr.parse(cidr)).disabled(true).build());
    }

    Cluster removePool(String cidr) {
        return delete(new StoreKey.Pool(Cidr.parse(cidr)));
    }

    Cluster strict(boolean strict) {
        return config("{\"strict_affinity\":" + strict + "}");
    }

    Cluster config(String json) {
        return put(new StoreKey.IpamConfig(), json);
    }

    Cluster put(StoreKey key, String value) {
        store.commit(Transaction.builder().put(key.path(), value).build());
        return this;
    }

    Cluster delete(StoreKey key) {
        store.commit(Transaction.builder().delete(key.path()).build());
        return this;
    }

    BlockAllocator host(String name) {
        return host(name, store);
    }

    BlockAllocator host(String name, Datastore through) {
        return new BlockAllocator(Mutation.through(through), name, options);
    }

    AllocatorOptions options() {
        return options;
    }

    Optional<AllocationBlock> block(String cidr) {
        return record(new StoreKey.Block(Cidr.parse(cidr)))
                .flatMap(r -> BlockCodec.decode(Cidr.parse(cidr), r.value()).block());
    }

    Optional<KeyValue> record(StoreKey key) {
        return store.get(key.path());
    }

    /** The counts of a handle by block; empty if there is no such handle. */
    Map<String, Integer> handle(String id) {
        Map<String, Integer> counts = new TreeMap<>();
        record(new StoreKey.Handle(id))
                .flatMap(r -> AllocationHandle.decode(id, r.value()))
                .ifPresent(h -> h.blocks().forEach((cidr, count) -> counts.put(cidr.toString(), count)));
        return counts;
    }

    /** The blocks that exist and whose they are, nobody's as an empty text. */
    Map<String, String> blocks() {
        Map<String, String> blocks = new TreeMap<>();
        for (IpVersion version : IpVersion.values()) {
            for (KeyValue record : store.listAll(Keys.blocks(version)).records()) {
                Cidr cidr = ((StoreKey.Block) Keys.parse(record.key())).cidr();
                BlockCodec.decode(cidr, record.value())
                        .block()
                        .ifPresent(b -> blocks.put(cidr.toString(), b.host().orElse("")));
            }
        }
        return blocks;
    }

    /** A host's rows with their stored values. */
    Map<String, String> rows(String host) {
        Map<String, String> rows = new TreeMap<>();
        for (IpVersion version : IpVersion.values()) {
            for (KeyValue record : store.listAll(Keys.affinities(host, version)).records()) {
                rows.put(((StoreKey.Affinity) Keys.parse(record.key())).cidr().toString(), record.value());
            }
        }
        return rows;
    }

    /** All records, for 'nothing was changed'. */
    Map<String, String> content() {
        Map<String, String> all = new TreeMap<>();
        store.listAll(Keys.ROOT).records().forEach(r -> all.put(r.key(), r.value()));
        return all;
    }

    /** Puts a block in the store that belongs to a host and has only the last so many addresses free. */
    Cluster blockOf(String host, String cidr, int free) {
        Cidr range = Cidr.parse(cidr);
        var editor = AllocationBlock.create(range, host, time.instant().minus(Duration.ofHours(1)), 0)
                .edit(time.instant(), Duration.ZERO);
        int size = 1 << range.version().bits() - range.prefixLength();
        editor.autoAssign(
                size - free,
                StoredForm.entry(Optional.empty(), Optional.empty(), Optional.empty()),
                null,
                address -> false);
        return put(new StoreKey.Block(range), BlockCodec.encode(editor.finish("0")))
                .put(new StoreKey.Affinity(host, range), "{\"state\":\"confirmed\"}");
    }

    static AssignRequest v4(int count) {
        return AssignRequest.builder().num4(count).build();
    }

    static AssignRequest v4(int count, String handle) {
        return AssignRequest.builder().num4(count).handle(handle).build();
    }

    static AssignRequest v4(int count, List<String> pools) {
        return AssignRequest.builder()
                .num4(count)
                .pools4(pools.stream().map(Cidr::parse).toList())
                .build();
    }

    static AssignRequest v6(int count) {
        return AssignRequest.builder().num6(count).build();
    }

    static List<IpAddress> ips(String... addresses) {
        return List.of(addresses).stream().map(IpAddress::parse).toList();
    }

    /** That many addresses from this one on. */
    static List<IpAddress> range(String first, int count) {
        return IntStream.range(0, count)
                .mapToObj(i -> IpAddress.parse(first).plus(i))
                .toList();
    }

    static List<ReleaseRequest> releases(List<IpAddress> addresses) {
        return addresses.stream().map(ReleaseRequest::of).toList();
    }
}
