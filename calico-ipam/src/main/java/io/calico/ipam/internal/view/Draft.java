package io.calico.ipam.internal.view;

import io.calico.datastore.StoreKey;
import io.calico.datastore.spi.KeyValue;
import io.calico.datastore.spi.Transaction;
import io.calico.ipam.internal.AffinityRow;
import io.calico.ipam.internal.AllocationBlock;
import io.calico.ipam.internal.AllocationHandle;
import io.calico.ipam.internal.BlockCodec;
import io.calico.ipam.internal.BlockEditor;
import io.calico.model.net.Cidr;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A transaction that is being put together: what must still be as it was seen, and what is then written. Everything
 * written is also compared; everything compared is returned if a compare fails.
 */
public final class Draft {
    private final String writeId;
    private final Map<String, Long> expected = new LinkedHashMap<>();
    private final Map<Cidr, Optional<AllocationBlock>> blocks = new LinkedHashMap<>();
    private final Map<String, Optional<AllocationHandle>> handles = new LinkedHashMap<>();
    private final Map<StoreKey.Affinity, Optional<AffinityRow>> rows = new LinkedHashMap<>();
    private Transaction with = Transaction.builder().build();

    /**
     * An empty draft.
     *
     * @param writeId names this transaction and no other; stored with each block, so that it can be told later whether
     *     the transaction was carried out
     */
    public Draft(String writeId) {
        this.writeId = writeId;
    }

    /** Condition: the pool is as it was seen, so it is still enabled. */
    public Draft expect(StoredPool pool) {
        expected.put(new StoreKey.Pool(pool.cidr()).path(), pool.revision());
        return this;
    }

    /** Condition: the configuration is as it was seen. */
    public Draft expectConfig(Seen<?> config) {
        expected.put(new StoreKey.IpamConfig().path(), config.revision());
        return this;
    }

    /** Condition: the block is as it was seen. */
    public Draft expectBlock(Cidr cidr, Seen<?> seen) {
        expected.put(new StoreKey.Block(cidr).path(), seen.revision());
        return this;
    }

    /** Replaces a block that is as it was seen. */
    public Draft put(Cidr cidr, Seen<?> seen, BlockEditor editor) {
        blocks.put(cidr, Optional.of(editor.finish(writeId)));
        return expectBlock(cidr, seen);
    }

    /** Deletes a block that is as it was seen. */
    public Draft deleteBlock(Cidr cidr, Seen<?> seen) {
        blocks.put(cidr, Optional.empty());
        return expectBlock(cidr, seen);
    }

    /** Condition: the handle is as it was seen. */
    public Draft expectHandle(String id, Seen<?> seen) {
        expected.put(new StoreKey.Handle(id).path(), seen.revision());
        return this;
    }

    /** Replaces a handle that is as it was seen; deletes it if it has no addresses left. */
    public Draft put(AllocationHandle handle, Seen<?> seen) {
        handles.put(handle.id(), Optional.of(handle).filter(h -> !h.isEmpty()));
        return expectHandle(handle.id(), seen);
    }

    /** Replaces a row that is as it was seen. */
    public Draft put(StoreKey.Affinity key, Seen<?> seen, AffinityRow row) {
        rows.put(key, Optional.of(row));
        expected.put(key.path(), seen.revision());
        return this;
    }

    /** Lets a row that is as it was seen say 'confirmed'. */
    public Draft confirmRow(StoreKey.Affinity key, Seen<AffinityRow> seen) {
        return put(key, seen, seen.value().map(AffinityRow::confirm).orElseGet(AffinityRow::confirmed));
    }

    /** Deletes a row that is as it was seen. */
    public Draft deleteRow(StoreKey.Affinity key, Seen<?> seen) {
        rows.put(key, Optional.empty());
        expected.put(key.path(), seen.revision());
        return this;
    }

    /**
     * Has these compares and writes, which concern other records than the allocator's, carried out with the rest.
     *
     * @param others of records that this draft does not name
     */
    public Draft with(Transaction others) {
        with = others;
        return this;
    }

    /** Whether a compare of {@link #with} failed, by what the store returned. */
    public boolean othersFailed(Map<String, Optional<KeyValue>> current) {
        return with.compares().stream()
                .anyMatch(compare -> current.getOrDefault(compare.key(), Optional.empty())
                                .map(KeyValue::modRevision)
                                .orElse(0L)
                        != compare.modRevision());
    }

    public String writeId() {
        return writeId;
    }

    /** How many records are compared. */
    public int compares() {
        return expected.size();
    }

    Map<Cidr, Optional<AllocationBlock>> blocks() {
        return blocks;
    }

    Map<String, Optional<AllocationHandle>> handles() {
        return handles;
    }

    Map<StoreKey.Affinity, Optional<AffinityRow>> rows() {
        return rows;
    }

    /** The blocks that carry the write id if the transaction was carried out and nobody has written them since. */
    public List<Cidr> witnesses() {
        return blocks.entrySet().stream()
                .filter(b -> b.getValue().isPresent())
                .map(Map.Entry::getKey)
                .toList();
    }

    /** The transaction. */
    public Transaction toTransaction() {
        Transaction.Builder transaction = Transaction.builder();
        expected.forEach((key, revision) -> {
            if (revision == 0) {
                transaction.ifAbsent(key);
            } else {
                transaction.ifUnchanged(key, revision);
            }
            transaction.elseRead(key);
        });
        blocks.forEach(
                (cidr, block) -> write(transaction, new StoreKey.Block(cidr).path(), block.map(BlockCodec::encode)));
        handles.forEach((id, handle) ->
                write(transaction, new StoreKey.Handle(id).path(), handle.map(AllocationHandle::encode)));
        rows.forEach((key, row) -> write(transaction, key.path(), row.map(AffinityRow::encode)));
        with.compares().forEach(compare -> add(transaction, compare));
        with.writes().forEach(write -> write(transaction, write.key(), write.value()));
        return transaction.build();
    }

    private static void add(Transaction.Builder transaction, Transaction.Compare compare) {
        if (compare.modRevision() == 0) {
            transaction.ifAbsent(compare.key());
        } else {
            transaction.ifUnchanged(compare.key(), compare.modRevision());
        }
        transaction.elseRead(compare.key());
    }

    private static void write(Transaction.Builder transaction, String key, Optional<String> value) {
        if (value.isPresent()) {
            transaction.put(key, value.get());
        } else {
            transaction.delete(key);
        }
    }
}
