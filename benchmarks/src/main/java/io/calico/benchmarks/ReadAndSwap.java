package io.calico.benchmarks;

import io.calico.datastore.StoreKey;
import io.calico.datastore.spi.Datastore;
import io.calico.datastore.spi.KeyValue;
import io.calico.datastore.spi.Transaction;
import io.calico.ipam.internal.AllocationBlock;
import io.calico.ipam.internal.AllocationHandle;
import io.calico.ipam.internal.AttributeEntry;
import io.calico.ipam.internal.BlockCodec;
import io.calico.ipam.internal.BlockEditor;
import io.calico.model.net.Cidr;
import io.calico.model.net.IpAddress;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.atomic.LongAdder;

/**
 * The yardstick: reads the block, changes it, swaps it, and begins again if somebody else came first; what allocators on
 * such a store do without a view and without sharing transactions. One block; callers must not take more than it has. Not
 * for use, only to be compared with. Thread-safe.
 */
final class ReadAndSwap {
    private final Datastore store;
    private final Cidr cidr;
    private final String key;
    private final LongAdder attempts = new LongAdder();

    ReadAndSwap(Datastore store, Cidr cidr) {
        this.store = store;
        this.cidr = cidr;
        this.key = new StoreKey.Block(cidr).path();
    }

    /** Stores the empty block. */
    void create() {
        AllocationBlock block = AllocationBlock.create(cidr, "host", Instant.now(), 0);
        store.commit(Transaction.builder().put(key, BlockCodec.encode(block)).build());
    }

    long attempts() {
        return attempts.sum();
    }

    /** Takes one address, with a handle of its own if there is one. */
    IpAddress assign(Optional<String> handle) {
        AttributeEntry entry = AttributeEntry.of(handle.orElse(null), null, null);
        while (true) {
            attempts.increment();
            KeyValue record = store.get(key).orElseThrow();
            BlockEditor editor = edit(record);
            List<IpAddress> taken = editor.autoAssign(1, entry, null, address -> false);
            if (taken.isEmpty()) {
                throw new IllegalStateException("block " + cidr + " is full");
            }
            Transaction.Builder swap = Transaction.builder()
                    .ifUnchanged(key, record.modRevision())
                    .put(key, BlockCodec.encode(editor.finish("0")));
            handle.ifPresent(id -> {
                String handleKey = new StoreKey.Handle(id).path();
                swap.ifAbsent(handleKey)
                        .put(
                                handleKey,
                                AllocationHandle.empty(id).increment(cidr, 1).encode());
            });
            if (store.commit(swap.build()).committed()) {
                return taken.get(0);
            }
        }
    }

    /** Gives one address back. */
    void release(IpAddress address, Optional<String> handle) {
        while (true) {
            attempts.increment();
            KeyValue record = store.get(key).orElseThrow();
            BlockEditor editor = edit(record);
            editor.release(List.of(new BlockEditor.Release(address, null, OptionalLong.empty())));
            Transaction.Builder swap = Transaction.builder()
                    .ifUnchanged(key, record.modRevision())
                    .put(key, BlockCodec.encode(editor.finish("0")));
            handle.ifPresent(id -> swap.delete(new StoreKey.Handle(id).path()));
            if (store.commit(swap.build()).committed()) {
                return;
            }
        }
    }

    private BlockEditor edit(KeyValue record) {
        return BlockCodec.decode(cidr, record.value()).block().orElseThrow().edit(Instant.now(), Duration.ZERO);
    }
}
