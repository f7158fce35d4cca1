package io.calico.ipam;

import static org.assertj.core.api.Assertions.assertThat;

import io.calico.datastore.Keys;
import io.calico.datastore.StoreKey;
import io.calico.datastore.spi.Datastore;
import io.calico.datastore.spi.KeyValue;
import io.calico.ipam.internal.AffinityRow;
import io.calico.ipam.internal.AllocationBlock;
import io.calico.ipam.internal.AllocationHandle;
import io.calico.ipam.internal.AttributeEntry;
import io.calico.ipam.internal.BlockCodec;
import io.calico.model.net.Cidr;
import io.calico.model.net.IpAddress;
import io.calico.model.net.IpVersion;
import java.time.Instant;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;

/**
 * Looks at every record of the allocator and holds it to the invariants that are true at any moment: I-2 to I-8. Only for
 * stores in which nobody has died half-way in a protocol of several steps, or whose rows have been healed.
 */
final class Audit {
    private final NavigableMap<Cidr, AllocationBlock> blocks = new TreeMap<>();
    private final Map<String, AllocationHandle> handles = new HashMap<>();
    private final Map<StoreKey.Affinity, AffinityRow> rows = new HashMap<>();

    private Audit(Datastore store) {
        for (KeyValue record : store.listAll(Keys.IPAM).records()) {
            StoreKey key = Keys.parse(record.key());
            if (key instanceof StoreKey.Block block) {
                assertThat(BlockCodec.check(block.cidr(), record.value(), Instant.MAX))
                        .as("I-2 I-3 %s", record.key())
                        .isEmpty();
                BlockCodec.decode(block.cidr(), record.value()).block().ifPresent(b -> blocks.put(block.cidr(), b));
            } else if (key instanceof StoreKey.Handle handle) {
                handles.put(
                        handle.id(),
                        AllocationHandle.decode(handle.id(), record.value()).orElseThrow());
            } else if (key instanceof StoreKey.Affinity row) {
                rows.put(row, AffinityRow.decode(record.value()).orElseThrow());
            }
        }
    }

    /** Fails if an invariant does not hold. Returns every address that is allocated, with its entry. */
    static Map<IpAddress, AttributeEntry> of(Datastore store) {
        Audit audit = new Audit(store);
        audit.noTwoEntriesOfABlockAreEqual();
        audit.blocksAreDisjoint();
        audit.handlesCountWhatBlocksHold();
        audit.rowsAgreeWithBlocks();
        Map<IpAddress, AttributeEntry> allocated = new HashMap<>();
        audit.blocks.values().forEach(b -> allocated.putAll(b.allocated()));
        return allocated;
    }

    private void noTwoEntriesOfABlockAreEqual() {
        blocks.forEach((cidr, block) -> {
            List<AttributeEntry> entries = block.entries();
            assertThat(new HashSet<>(entries)).as("I-3 %s", cidr).hasSameSizeAs(entries);
        });
    }

    private void blocksAreDisjoint() {
        Cidr before = null;
        for (Cidr cidr : blocks.keySet()) {
            if (before != null) {
                assertThat(before.overlaps(cidr))
                        .as("I-6 %s and %s", before, cidr)
                        .isFalse();
            }
            before = cidr;
        }
    }

    private void handlesCountWhatBlocksHold() {
        Map<String, Map<Cidr, Integer>> held = new HashMap<>();
        blocks.forEach((cidr, block) -> block.countByHandle()
                .forEach((handle, count) ->
                        held.computeIfAbsent(handle, h -> new HashMap<>()).put(cidr, count)));
        // What a host keeps back in its blocks has no record.
        held.remove(AllocationBlock.RESERVED_HANDLE);
        Map<String, Map<Cidr, Integer>> counted = new HashMap<>();
        handles.forEach((id, handle) -> counted.put(id, handle.blocks()));
        assertThat(counted).as("I-4 I-5").isEqualTo(held);
    }

    private void rowsAgreeWithBlocks() {
        Map<Cidr, String> ofBlocks = new HashMap<>();
        blocks.forEach((cidr, block) -> block.host().ifPresent(host -> ofBlocks.put(cidr, host)));
        Map<Cidr, String> ofRows = new HashMap<>();
        rows.forEach((key, row) -> {
            if (row.isConfirmed()) {
                assertThat(ofRows.put(key.cidr(), key.host()))
                        .as("I-7 %s", key.path())
                        .isNull();
            }
        });
        assertThat(ofRows).as("I-7 I-8").isEqualTo(ofBlocks);
    }

    /** The sequence number of every block. */
    static Map<Cidr, Long> sequences(Datastore store) {
        Map<Cidr, Long> sequences = new HashMap<>();
        for (IpVersion version : IpVersion.values()) {
            for (KeyValue record : store.listAll(Keys.blocks(version)).records()) {
                Cidr cidr = ((StoreKey.Block) Keys.parse(record.key())).cidr();
                sequences.put(cidr, BlockCodec.decode(cidr, record.value()).sequence());
            }
        }
        return sequences;
    }
}
