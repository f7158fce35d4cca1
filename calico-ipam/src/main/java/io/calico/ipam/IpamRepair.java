package io.calico.ipam;

import io.calico.datastore.Keys;
import io.calico.datastore.StoreKey;
import io.calico.datastore.spi.Datastore;
import io.calico.datastore.spi.DatastoreException;
import io.calico.datastore.spi.KeyValue;
import io.calico.datastore.spi.Transaction;
import io.calico.ipam.CheckReport.Kind;
import io.calico.ipam.internal.AffinityRow;
import io.calico.ipam.internal.AllocationBlock;
import io.calico.ipam.internal.AllocationHandle;
import io.calico.ipam.internal.BlockCodec;
import io.calico.ipam.internal.CorruptRecord;
import io.calico.model.net.Cidr;
import io.calico.model.net.IpVersion;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeSet;

/**
 * Puts right what follows from the blocks alone: rows that disagree with them, handles that count other than they hold.
 * Never releases an address, and never touches a record that cannot be read. Each repair is made under the condition that
 * what it is based on is as it was just read, so it is safe while everything runs. Confined to one thread.
 */
public final class IpamRepair {
    private static final Set<Kind> OF_HANDLES = Set.of(Kind.HANDLE_LEAKED, Kind.HANDLE_COUNT, Kind.HANDLE_MISSING);
    private static final Set<Kind> OF_ROWS =
            Set.of(Kind.ROW_WITHOUT_BLOCK, Kind.ROW_OF_OTHERS_BLOCK, Kind.ROW_UNCONFIRMED, Kind.BLOCK_WITHOUT_ROW);

    private final Datastore store;

    /** Repairs that store. */
    public IpamRepair(Datastore store) {
        this.store = store;
    }

    /**
     * Repairs what a report names.
     *
     * @return one sentence for each thing that was repaired
     * @throws IpamException.DatastoreUnavailable if the store cannot be used
     */
    public List<String> run(CheckReport report) {
        List<String> done = new ArrayList<>();
        try {
            for (CheckReport.Problem problem : report.problems()) {
                if (OF_HANDLES.contains(problem.kind())) {
                    handle(problem.subject()).ifPresent(done::add);
                } else if (OF_ROWS.contains(problem.kind())
                        && Keys.parse(problem.subject()) instanceof StoreKey.Affinity row) {
                    row(row).ifPresent(done::add);
                }
            }
        } catch (DatastoreException e) {
            throw new IpamException.DatastoreUnavailable("could not repair: " + e.getMessage(), e);
        }
        return done;
    }

    private Optional<String> row(StoreKey.Affinity key) {
        String blockKey = new StoreKey.Block(key.cidr()).path();
        Optional<KeyValue> row = store.get(key.path());
        Optional<KeyValue> record = store.get(blockKey);
        Optional<AllocationBlock> block;
        try {
            block = record.flatMap(r -> BlockCodec.decode(key.cidr(), r.value()).block());
        } catch (CorruptRecord e) {
            return Optional.empty();
        }
        boolean mine = block.filter(b -> b.isOf(key.host())).isPresent();
        Transaction.Builder transaction =
                Transaction.builder().ifAsSeen(blockKey, record).ifAsSeen(key.path(), row);
        if (!mine && row.isPresent()) {
            return commit(transaction.delete(key.path()), "deleted row " + key.path());
        }
        AffinityRow old = row.flatMap(r -> AffinityRow.decode(r.value())).orElseGet(AffinityRow::confirmed);
        if (!mine || row.isPresent() && old.isConfirmed()) {
            return Optional.empty();
        }
        return commit(transaction.put(key.path(), old.confirm().encode()), "confirmed row " + key.path());
    }

    private Optional<String> handle(String id) {
        String key = new StoreKey.Handle(id).path();
        Optional<KeyValue> record = store.get(key);
        AllocationHandle counted;
        try {
            counted = record.flatMap(r -> AllocationHandle.decode(id, r.value()))
                    .orElseGet(() -> AllocationHandle.empty(id));
        } catch (CorruptRecord e) {
            return Optional.empty();
        }
        // A block that is written while this runs makes the repair fail; the next check finds what is left.
        Map<Cidr, KeyValue> blocks = blocksWith(id);
        Set<Cidr> concerned = new TreeSet<>(blocks.keySet());
        concerned.addAll(counted.blocks().keySet());
        if (concerned.size() > Transaction.MAX_OPERATIONS - 2) {
            return Optional.empty();
        }
        Transaction.Builder transaction = Transaction.builder().ifAsSeen(key, record);
        AllocationHandle right = counted;
        for (Cidr cidr : concerned) {
            String blockKey = new StoreKey.Block(cidr).path();
            Optional<KeyValue> block = Optional.ofNullable(blocks.get(cidr)).or(() -> store.get(blockKey));
            OptionalInt held = held(cidr, id, block);
            if (held.isEmpty()) {
                return Optional.empty();
            }
            transaction.ifAsSeen(blockKey, block);
            right = right.with(cidr, held.getAsInt());
        }
        if (right.blocks().equals(counted.blocks()) && !(record.isPresent() && right.isEmpty())) {
            return Optional.empty();
        }
        return right.isEmpty()
                ? commit(transaction.delete(key), "deleted handle " + id)
                : commit(transaction.put(key, right.encode()), "corrected handle " + id);
    }

    private Map<Cidr, KeyValue> blocksWith(String id) {
        Map<Cidr, KeyValue> found = new LinkedHashMap<>();
        Map<Cidr, KeyValue> all = new HashMap<>();
        for (IpVersion version : IpVersion.values()) {
            for (KeyValue record : store.listAll(Keys.blocks(version)).records()) {
                if (Keys.parse(record.key()) instanceof StoreKey.Block key) {
                    all.put(key.cidr(), record);
                }
            }
        }
        all.forEach((cidr, record) -> {
            if (held(cidr, id, Optional.of(record)).orElse(0) > 0) {
                found.put(cidr, record);
            }
        });
        return found;
    }

    /** How many addresses a block holds for a handle; empty if that cannot be read. */
    private static OptionalInt held(Cidr cidr, String id, Optional<KeyValue> record) {
        try {
            return OptionalInt.of(
                    record.flatMap(r -> BlockCodec.decode(cidr, r.value()).block())
                            .map(b -> b.addressesOf(id).size())
                            .orElse(0));
        } catch (CorruptRecord e) {
            return OptionalInt.empty();
        }
    }

    private Optional<String> commit(Transaction.Builder transaction, String done) {
        return store.commit(transaction.build()).committed() ? Optional.of(done) : Optional.empty();
    }
}
