package io.calico.ipam.internal;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import io.calico.model.net.Cidr;
import io.calico.model.net.IpVersion;
import java.io.IOException;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * A handle: in which blocks it has how many addresses. Stored as {@code {"id":"h1","block":{"192.168.3.0/26":2}}}; counts
 * are above zero, and a handle without blocks is not stored. Immutable.
 */
public final class AllocationHandle {
    private final String id;
    private final Map<Cidr, Integer> blocks;
    private final Map<String, JsonValue> unknown;

    private AllocationHandle(String id, Map<Cidr, Integer> blocks, Map<String, JsonValue> unknown) {
        this.id = id;
        this.blocks = Collections.unmodifiableMap(blocks);
        this.unknown = unknown;
    }

    /** A handle without addresses, to be raised before it is stored. */
    public static AllocationHandle empty(String id) {
        return new AllocationHandle(id, Map.of(), Map.of());
    }

    /** The id as it is compared and looked up: cut at the first carriage return. */
    public static String sanitise(String id) {
        int end = id.indexOf('\r');
        return end < 0 ? id : id.substring(0, end);
    }

    public String id() {
        return id;
    }

    /** Number of addresses by block, in stored order. */
    public Map<Cidr, Integer> blocks() {
        return blocks;
    }

    public boolean isEmpty() {
        return blocks.isEmpty();
    }

    /** Number of addresses of one IP version. */
    public int total(IpVersion version) {
        return blocks.entrySet().stream()
                .filter(b -> b.getKey().version() == version)
                .mapToInt(Map.Entry::getValue)
                .sum();
    }

    /** This handle with that many addresses more in a block. */
    public AllocationHandle increment(Cidr block, int count) {
        Map<Cidr, Integer> raised = new LinkedHashMap<>(blocks);
        raised.merge(block, count, Integer::sum);
        return new AllocationHandle(id, raised, unknown);
    }

    /**
     * This handle with that many addresses fewer in a block; none left there: without the block.
     *
     * @return empty if it has no such block or fewer addresses there
     */
    public Optional<AllocationHandle> decrement(Cidr block, int count) {
        int left = blocks.getOrDefault(block, 0) - count;
        if (left < 0 || !blocks.containsKey(block)) {
            return Optional.empty();
        }
        return Optional.of(with(block, left));
    }

    /** This handle with exactly that many addresses in a block; 0: without the block. */
    public AllocationHandle with(Cidr block, int count) {
        Map<Cidr, Integer> changed = new LinkedHashMap<>(blocks);
        if (count == 0) {
            changed.remove(block);
        } else {
            changed.put(block, count);
        }
        return new AllocationHandle(id, changed, unknown);
    }

    /**
     * Reads a stored handle.
     *
     * @param id from its key; the value of newer writers does not say
     * @return empty if the record says that it has been deleted
     * @throws CorruptRecord if it is no handle
     */
    public static Optional<AllocationHandle> decode(String id, String json) {
        Map<Cidr, Integer> blocks = new LinkedHashMap<>();
        Map<String, JsonValue> unknown = new LinkedHashMap<>();
        boolean[] deleted = {false};
        JsonFields.read(json, (field, parser) -> {
            switch (field) {
                case "id" -> parser.skipChildren();
                case "deleted" -> deleted[0] = JsonFields.flag(field, parser);
                case "block" -> readBlocks(parser, blocks);
                default -> unknown.put(field, JsonValue.at(parser, json));
            }
        });
        return deleted[0] ? Optional.empty() : Optional.of(new AllocationHandle(id, blocks, unknown));
    }

    private static void readBlocks(JsonParser parser, Map<Cidr, Integer> blocks) throws IOException {
        JsonFields.readObject("block", parser, (name, value) -> {
            Cidr cidr = Cidr.tryParse(name).orElseThrow(() -> new CorruptRecord("block: '" + name + "' is not a CIDR"));
            if (value.currentToken() != JsonToken.VALUE_NUMBER_INT
                    || value.getLongValue() < 1
                    || value.getLongValue() > Integer.MAX_VALUE) {
                throw new CorruptRecord("block: the count of " + name + " is not a number above 0");
            }
            blocks.put(cidr, value.getIntValue());
        });
    }

    /** The stored form. */
    public String encode() {
        JsonText json = new JsonText(64 + 32 * blocks.size());
        json.open().field("id").string(id).field("block").open();
        blocks.forEach((cidr, count) -> json.field(cidr.toString()).number(count));
        return json.close().fields(unknown).close().toString();
    }

    @Override
    public String toString() {
        return encode();
    }
}
