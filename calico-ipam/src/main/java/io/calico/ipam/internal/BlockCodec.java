package io.calico.ipam.internal;

import io.calico.model.net.Cidr;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The stored form of a block: the fields of Calico's records, two of our own ({@code writeId}, {@code writtenAt}), and
 * whatever fields other writers have put there, unchanged.
 *
 * <pre>
 * {"cidr":"192.168.3.0/30","affinity":"host:node-1","affinity_claim_time":"2026-08-22T10:00:00Z",
 *  "allocations":[0,null,null,null],"unallocated":[1,2,3],
 *  "attributes":[{"handle_id":null,"secondary":null,"owner":{"node":"node-1","kind":"endpoint-pending"}}],
 *  "sequenceNumber":1787392800000000001,"sequenceNumberForAllocation":{"0":1787392800000000000},
 *  "writeId":"9f86d081884c7d65","writtenAt":"2026-08-22T10:00:01Z"}
 * </pre>
 *
 * Numbers are unsigned 64-bit and never pass through a double. Thread-safe.
 */
public final class BlockCodec {
    private BlockCodec() {}

    /**
     * A record that was read.
     *
     * @param block empty if the record says that it has been deleted
     * @param sequence the record's sequence number (unsigned), deleted or not; 0: none
     */
    public record Decoded(Optional<AllocationBlock> block, long sequence) {}

    /**
     * Reads a record.
     *
     * @param cidr the range that its key names
     * @throws CorruptRecord if it is no block of that range, or cannot be true
     */
    public static Decoded decode(Cidr cidr, String json) {
        RawBlock raw = new RawBlock(json);
        if (raw.isDeleted()) {
            return new Decoded(Optional.empty(), raw.sequence());
        }
        List<String> faults = raw.faults(cidr);
        if (!faults.isEmpty()) {
            throw new CorruptRecord(faults, null);
        }
        return new Decoded(Optional.of(raw.toBlock(cidr)), raw.sequence());
    }

    /** Everything that is wrong with a record, one sentence for each thing; empty if nothing is. */
    public static List<String> check(Cidr cidr, String json, Instant now) {
        try {
            RawBlock raw = new RawBlock(json);
            List<String> problems = new ArrayList<>(raw.faults(cidr));
            problems.addAll(raw.oddities(now));
            return problems;
        } catch (CorruptRecord e) {
            return e.problems();
        }
    }

    /** The stored form. */
    public static String encode(AllocationBlock block) {
        AllocationBlock.Parts parts = block.parts();
        JsonText json =
                new JsonText(256 + 32 * block.size() + 80 * parts.entries().size());
        json.open().field("cidr").string(parts.cidr().toString());
        json.field("affinity").string(parts.affinity());
        Timestamp claimTime = parts.claimTime();
        if (claimTime != null) {
            json.field("affinity_claim_time").string(claimTime.text());
        }
        writeOrdinals(json, block);
        json.field("attributes").openArray();
        parts.entries().forEach(entry -> entry.write(json));
        json.closeArray();
        if (parts.sequence() != null) {
            json.field("sequenceNumber").unsigned(parts.sequence());
            json.field("sequenceNumberForAllocation").indexed(parts.sequences());
        }
        if (parts.writeId() != null) {
            json.field("writeId").string(parts.writeId());
        }
        Timestamp writtenAt = parts.writtenAt();
        if (writtenAt != null) {
            json.field("writtenAt").string(writtenAt.text());
        }
        return json.fields(parts.unknown()).close().toString();
    }

    private static void writeOrdinals(JsonText json, AllocationBlock block) {
        json.field("allocations").numbers(block.parts().allocations(), AllocationBlock.FREE);
        json.field("unallocated").openArray();
        FreeQueue free = block.parts().free();
        for (int ordinal = free.front(); ordinal >= 0; ordinal = free.after(ordinal)) {
            json.number(ordinal);
        }
        json.closeArray();
    }
}
