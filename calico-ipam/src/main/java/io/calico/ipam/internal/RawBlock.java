package io.calico.ipam.internal;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import io.calico.model.net.Cidr;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A block's record as it was read, before anybody has looked whether it makes sense. Confined to one thread. */
final class RawBlock {
    private static final int MAX_SIZE = 4096;

    private final String json;
    private @Nullable Cidr cidr;
    private @Nullable String affinity;
    private @Nullable Timestamp claimTime;
    private int @Nullable [] allocations;
    private int @Nullable [] unallocated;
    private final List<AttributeEntry> entries = new ArrayList<>();
    private @Nullable Long sequence;
    private final Map<Integer, Long> sequences = new LinkedHashMap<>();
    private @Nullable String writeId;
    private @Nullable Timestamp writtenAt;
    private boolean deleted;
    private final Map<String, JsonValue> unknown = new LinkedHashMap<>();

    /**
     * Reads a record.
     *
     * @throws CorruptRecord if it is not JSON, or a field has not the type it must have
     */
    RawBlock(String json) {
        this.json = json;
        JsonFields.read(json, this::readField);
    }

    private void readField(String field, JsonParser parser) throws IOException {
        switch (field) {
            case "cidr" -> cidr = readCidr(parser);
            case "affinity" -> affinity = emptyToNull(JsonFields.text(field, parser));
            case "affinity_claim_time" -> claimTime = readTime(field, parser);
            case "allocations" -> allocations = readOrdinals(field, parser);
            case "unallocated" -> unallocated = readOrdinals(field, parser);
            case "attributes" -> readEntries(parser);
            case "sequenceNumber" -> sequence = JsonFields.unsigned(field, parser);
            case "sequenceNumberForAllocation" -> readSequences(parser);
            case "writeId" -> writeId = JsonFields.text(field, parser);
            case "writtenAt" -> writtenAt = readTime(field, parser);
            case "deleted" -> deleted = JsonFields.flag(field, parser);
            // Obsolete; not written again.
            case "hostAffinity", "strict_affinity" -> parser.skipChildren();
            default -> unknown.put(field, JsonValue.at(parser, json));
        }
    }

    private static Cidr readCidr(JsonParser parser) throws IOException {
        String text = JsonFields.text("cidr", parser);
        return Optional.ofNullable(text)
                .flatMap(Cidr::tryParse)
                .orElseThrow(() -> new CorruptRecord("cidr is '" + text + "', not a CIDR"));
    }

    private static @Nullable String emptyToNull(@Nullable String text) {
        return text == null || text.isEmpty() ? null : text;
    }

    private static @Nullable Timestamp readTime(String field, JsonParser parser) throws IOException {
        String text = emptyToNull(JsonFields.text(field, parser));
        return text == null ? null : new Timestamp(text);
    }

    /** An array of numbers or nulls; null becomes -1. JSON null in place of the array becomes null. */
    private static int @Nullable [] readOrdinals(String field, JsonParser parser) throws IOException {
        if (parser.currentToken() == JsonToken.VALUE_NULL) {
            return null;
        }
        if (parser.currentToken() != JsonToken.START_ARRAY) {
            throw new CorruptRecord(field + " is not an array");
        }
        int[] values = new int[64];
        int count = 0;
        while (parser.nextToken() != JsonToken.END_ARRAY) {
            if (count == MAX_SIZE) {
                throw new CorruptRecord(field + " has more than " + MAX_SIZE + " elements");
            }
            if (count == values.length) {
                values = Arrays.copyOf(values, 2 * count);
            }
            boolean none = parser.currentToken() == JsonToken.VALUE_NULL;
            values[count++] = none
                    ? AllocationBlock.FREE
                    : JsonFields.number(field, parser, Integer.MIN_VALUE, Integer.MAX_VALUE);
            if (!none && values[count - 1] == AllocationBlock.FREE) {
                throw new CorruptRecord(field + " holds -1");
            }
        }
        return Arrays.copyOf(values, count);
    }

    private void readEntries(JsonParser parser) throws IOException {
        if (parser.currentToken() == JsonToken.VALUE_NULL) {
            return;
        }
        if (parser.currentToken() != JsonToken.START_ARRAY) {
            throw new CorruptRecord("attributes is not an array");
        }
        while (parser.nextToken() != JsonToken.END_ARRAY) {
            entries.add(readEntry(parser));
        }
    }

    private AttributeEntry readEntry(JsonParser parser) throws IOException {
        String[] handle = new String[1];
        Timestamp[] releasedAt = new Timestamp[1];
        Map<String, JsonValue> values = new LinkedHashMap<>();
        JsonFields.readObject("an element of attributes", parser, (field, value) -> {
            switch (field) {
                case "handle_id" -> handle[0] = JsonFields.text(field, value);
                case "releasedAt" -> releasedAt[0] = readTime(field, value);
                default -> {
                    boolean none = value.currentToken() == JsonToken.VALUE_NULL && field.equals("secondary");
                    if (!none) {
                        values.put(field, JsonValue.at(value, json));
                    }
                }
            }
        });
        JsonValue secondary = values.remove("secondary");
        JsonValue owner = values.remove("owner");
        return new AttributeEntry(handle[0], secondary, owner, releasedAt[0], values);
    }

    private void readSequences(JsonParser parser) throws IOException {
        if (parser.currentToken() == JsonToken.VALUE_NULL) {
            return;
        }
        JsonFields.readObject("sequenceNumberForAllocation", parser, (name, value) -> {
            int ordinal;
            try {
                ordinal = Integer.parseInt(name);
            } catch (NumberFormatException e) {
                throw new CorruptRecord(List.of("sequenceNumberForAllocation: '" + name + "' is not an ordinal"), e);
            }
            sequences.put(ordinal, JsonFields.unsigned("sequenceNumberForAllocation", value));
        });
    }

    /** Whether the record says that it does not exist: the work-around of stores without compare-and-delete. */
    boolean isDeleted() {
        return deleted;
    }

    long sequence() {
        return sequence == null ? 0 : sequence;
    }

    /**
     * What makes the record unusable: one sentence for each thing.
     *
     * @param expected the range that the record's key names
     */
    List<String> faults(Cidr expected) {
        List<String> faults = new ArrayList<>();
        if (!expected.equals(cidr)) {
            faults.add("cidr is " + cidr + ", the key says " + expected);
            return faults;
        }
        if (expected.version().bits() - expected.prefixLength() > 12) {
            faults.add("block " + expected + " has more than " + MAX_SIZE + " addresses");
            return faults;
        }
        int size = AllocationBlock.sizeOf(expected);
        if (allocations == null || allocations.length != size) {
            faults.add("allocations has " + (allocations == null ? 0 : allocations.length) + " elements, not " + size);
            return faults;
        }
        addAllocationFaults(allocations, faults);
        if (unallocated != null) {
            addQueueFaults(allocations, unallocated, faults);
        }
        sequences.keySet().stream()
                .filter(o -> o < 0 || o >= size)
                .forEach(o -> faults.add("sequenceNumberForAllocation has ordinal " + o + ", outside of the block"));
        return faults;
    }

    private void addAllocationFaults(int[] all, List<String> faults) {
        for (int ordinal = 0; ordinal < all.length; ordinal++) {
            if (all[ordinal] != AllocationBlock.FREE && (all[ordinal] < 0 || all[ordinal] >= entries.size())) {
                faults.add("allocation of ordinal " + ordinal + " points to attribute entry " + all[ordinal] + " of "
                        + entries.size());
            }
        }
    }

    private static void addQueueFaults(int[] all, int[] queue, List<String> faults) {
        boolean[] seen = new boolean[all.length];
        int queued = 0;
        for (int ordinal : queue) {
            if (ordinal < 0 || ordinal >= all.length) {
                faults.add("unallocated has ordinal " + ordinal + ", outside of the block");
            } else if (seen[ordinal]) {
                faults.add("unallocated has ordinal " + ordinal + " twice");
            } else if (all[ordinal] != AllocationBlock.FREE) {
                faults.add("unallocated has ordinal " + ordinal + ", which is allocated");
            } else {
                seen[ordinal] = true;
                queued++;
            }
        }
        int free =
                (int) Arrays.stream(all).filter(a -> a == AllocationBlock.FREE).count();
        if (faults.isEmpty() && queued != free) {
            faults.add("%d unallocated and %d allocated ordinals do not add up to %d"
                    .formatted(queued, all.length - free, all.length));
        }
    }

    /** What is not as it should be, but does not hinder: unused entries vanish with the next write, clocks differ. */
    List<String> oddities(Instant now) {
        List<String> oddities = new ArrayList<>();
        boolean[] used = usedEntries();
        for (int i = 0; i < used.length; i++) {
            if (!used[i]) {
                oddities.add("attribute entry " + i + " belongs to no allocation");
            }
            Timestamp releasedAt = entries.get(i).releasedAt();
            if (releasedAt != null && releasedAt.instant().map(now::isBefore).orElse(true)) {
                oddities.add("attribute entry " + i + " was released at " + releasedAt.text()
                        + ", which is not in the past");
            }
        }
        return oddities;
    }

    private boolean[] usedEntries() {
        boolean[] used = new boolean[entries.size()];
        for (int entry : allocations == null ? new int[0] : allocations) {
            if (entry >= 0 && entry < used.length) {
                used[entry] = true;
            }
        }
        return used;
    }

    /** The block; {@link #faults} must be empty. Entries that nobody points to are dropped. */
    AllocationBlock toBlock(Cidr range) {
        int size = AllocationBlock.sizeOf(range);
        int[] all = allocations == null ? new int[size] : allocations;
        boolean[] used = usedEntries();
        short[] renumbered = new short[used.length];
        List<AttributeEntry> kept = new ArrayList<>();
        for (int i = 0; i < used.length; i++) {
            renumbered[i] = (short) kept.size();
            if (used[i]) {
                kept.add(entries.get(i));
            }
        }
        short[] indices = new short[size];
        FreeQueue free = new FreeQueue(size);
        for (int ordinal = 0; ordinal < size; ordinal++) {
            indices[ordinal] = all[ordinal] == AllocationBlock.FREE ? AllocationBlock.FREE : renumbered[all[ordinal]];
            if (unallocated == null && indices[ordinal] == AllocationBlock.FREE) {
                free.append(ordinal);
            }
        }
        if (unallocated != null) {
            Arrays.stream(unallocated).forEach(free::append);
        }
        long[] numbers = new long[size];
        sequences.forEach((ordinal, number) -> numbers[ordinal] = number);
        return new AllocationBlock(new AllocationBlock.Parts(
                range,
                affinity,
                claimTime,
                indices,
                free,
                List.copyOf(kept),
                sequence,
                numbers,
                writeId,
                writtenAt,
                unknown));
    }
}
