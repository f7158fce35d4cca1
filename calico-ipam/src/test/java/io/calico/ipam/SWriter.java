package io.calico.ipam;

import io.calico.datastore.StoreKey;
import io.calico.datastore.spi.Datastore;
import io.calico.datastore.spi.KeyValue;
import io.calico.datastore.spi.Transaction;
import io.calico.ipam.internal.AllocationBlock;
import io.calico.ipam.internal.BlockCodec;
import io.calico.model.net.Cidr;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/**
 * A foreign program that claims and releases blocks by single-key compare-and-swap, one step after the other (spec 8.3):
 * what a store may have been written by, and may be written by at the same time. Each step is one store call, so a
 * scheduler or a test can come between any two. Knows nothing of our allocator's way of doing it.
 */
final class SWriter {
    private final Datastore store;
    private final String host;
    private final Instant now;

    /** What a claim or release came to. */
    enum Outcome {
        DONE,
        /** The block is another host's; the row has been removed. */
        TAKEN,
        /** Somebody changed a record in between; the caller starts again. */
        CONFLICT,
        NOT_FOUND,
        NOT_EMPTY
    }

    SWriter(Datastore store, String host, Instant now) {
        this.store = store;
        this.host = host;
        this.now = now;
    }

    private static String rowKey(String host, Cidr cidr) {
        return new StoreKey.Affinity(host, cidr).path();
    }

    private static String blockKey(Cidr cidr) {
        return new StoreKey.Block(cidr).path();
    }

    private static String state(String name) {
        return "{\"state\":\"" + name + "\"}";
    }

    private boolean swap(String key, Optional<KeyValue> seen, Optional<String> value) {
        Transaction.Builder transaction = Transaction.builder().ifAsSeen(key, seen);
        value.ifPresentOrElse(v -> transaction.put(key, v), () -> transaction.delete(key));
        return store.commit(transaction.build()).committed();
    }

    /** Steps 1 to 5 of a claim. */
    Outcome claim(Cidr cidr) {
        Optional<KeyValue> row = store.get(rowKey(host, cidr));
        boolean confirmed = row.filter(r -> r.value().contains("confirmed")).isPresent();
        if (!confirmed && !swap(rowKey(host, cidr), row, Optional.of(state("pending")))) {
            return Outcome.CONFLICT;
        }
        Optional<KeyValue> block = store.get(blockKey(cidr));
        if (block.isEmpty()) {
            row = store.get(rowKey(host, cidr));
            if (!swap(rowKey(host, cidr), row, Optional.of(state("pending")))) {
                return Outcome.CONFLICT;
            }
            if (swap(
                    blockKey(cidr),
                    block,
                    Optional.of(BlockCodec.encode(AllocationBlock.create(cidr, host, now, 0))))) {
                return confirm(cidr);
            }
            block = store.get(blockKey(cidr));
            if (block.isEmpty()) {
                return Outcome.CONFLICT;
            }
        }
        if (!decode(cidr, block.get()).isOf(host)) {
            store.get(rowKey(host, cidr)).ifPresent(r -> swap(rowKey(host, cidr), Optional.of(r), Optional.empty()));
            return Outcome.TAKEN;
        }
        if (confirmed) {
            return Outcome.DONE;
        }
        row = store.get(rowKey(host, cidr));
        if (!swap(rowKey(host, cidr), row, Optional.of(state("pending")))) {
            return Outcome.CONFLICT;
        }
        AllocationBlock same = decode(cidr, block.get());
        var editor = same.edit(now, Duration.ZERO);
        editor.touch();
        if (!swap(blockKey(cidr), block, Optional.of(BlockCodec.encode(editor.finish("s"))))) {
            return Outcome.CONFLICT;
        }
        return confirm(cidr);
    }

    /** Step 5 alone, with the row as it was after the step before. */
    Outcome confirm(Cidr cidr) {
        Optional<KeyValue> row = store.get(rowKey(host, cidr));
        return confirm(cidr, row);
    }

    /** Step 5 with the row as the caller saw it earlier. */
    Outcome confirm(Cidr cidr, Optional<KeyValue> row) {
        if (row.isPresent() && swap(rowKey(host, cidr), row, Optional.of(state("confirmed")))) {
            return Outcome.DONE;
        }
        boolean byAnother = store.get(rowKey(host, cidr))
                .filter(r -> r.value().contains("confirmed"))
                .isPresent();
        return byAnother ? Outcome.DONE : Outcome.CONFLICT;
    }

    /** Steps 1 to 5 of a release. */
    Outcome release(Cidr cidr, boolean mustBeEmpty) {
        Optional<KeyValue> row = store.get(rowKey(host, cidr));
        Optional<KeyValue> record = store.get(blockKey(cidr));
        if (row.isEmpty() || record.isEmpty()) {
            return Outcome.NOT_FOUND;
        }
        AllocationBlock block = decode(cidr, record.get());
        if (block.hasAffinity() && !block.isOf(host)) {
            swap(rowKey(host, cidr), row, Optional.empty());
            return Outcome.TAKEN;
        }
        if (mustBeEmpty && !block.isEmpty()) {
            return Outcome.NOT_EMPTY;
        }
        if (!swap(rowKey(host, cidr), row, Optional.of(state("pendingDeletion")))) {
            return Outcome.CONFLICT;
        }
        row = store.get(rowKey(host, cidr));
        Optional<String> left = Optional.empty();
        if (!block.isEmpty()) {
            var editor = block.edit(now, Duration.ZERO);
            editor.dropAffinity();
            left = Optional.of(BlockCodec.encode(editor.finish("s")));
        }
        if (!swap(blockKey(cidr), record, left)) {
            return Outcome.CONFLICT;
        }
        if (row.isPresent() && !swap(rowKey(host, cidr), row, Optional.empty())) {
            return store.get(rowKey(host, cidr)).isEmpty() ? Outcome.DONE : Outcome.CONFLICT;
        }
        return Outcome.DONE;
    }

    private static AllocationBlock decode(Cidr cidr, KeyValue record) {
        return BlockCodec.decode(cidr, record.value()).block().orElseThrow();
    }
}
