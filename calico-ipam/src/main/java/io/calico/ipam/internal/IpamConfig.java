package io.calico.ipam.internal;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import io.calico.model.net.Cidr;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The allocator's configuration, one record for all hosts: {@code
 * {"strict_affinity":false,"auto_allocate_blocks":true,"maxBlocksPerHost":0,"ipCooldownSeconds":0}}, and of our own, if
 * there are any, {@code "reservations":["10.0.0.0/30"]}. Every assignment is made under the condition that this record is
 * as it was seen, so a change holds for everything that is committed after it. Immutable.
 *
 * @param strictAffinity a host may use its own blocks only
 * @param autoAllocateBlocks hosts claim blocks when they need them
 * @param maxBlocksPerHost most blocks of one IP version that a host may own; 0: no limit
 * @param coolDown how long a released address stays unused
 * @param reservations what is never handed out automatically
 * @param unknown fields of other writers
 */
public record IpamConfig(
        boolean strictAffinity,
        boolean autoAllocateBlocks,
        int maxBlocksPerHost,
        Duration coolDown,
        Reservations reservations,
        Map<String, JsonValue> unknown) {
    /** What counts if nothing is stored; never written unless somebody changes something. */
    public static final IpamConfig DEFAULT = new IpamConfig(false, true, 0, Duration.ZERO, Reservations.NONE, Map.of());

    /** Longest cool-down in seconds. */
    public static final int MAX_COOL_DOWN_SECONDS = 1200;

    /**
     * Reads a stored configuration; absent fields have their defaults.
     *
     * @throws CorruptRecord if it is none
     */
    public static IpamConfig decode(String json) {
        boolean[] flags = {DEFAULT.strictAffinity, DEFAULT.autoAllocateBlocks};
        int[] numbers = {0, 0};
        List<Cidr> reserved = new ArrayList<>();
        Map<String, JsonValue> unknown = new LinkedHashMap<>();
        JsonFields.read(json, (field, parser) -> {
            switch (field) {
                case "strict_affinity" -> flags[0] = JsonFields.flag(field, parser);
                case "auto_allocate_blocks" -> flags[1] = JsonFields.flag(field, parser);
                case "maxBlocksPerHost" -> numbers[0] = JsonFields.number(field, parser, 0, Integer.MAX_VALUE);
                case "ipCooldownSeconds" -> numbers[1] = JsonFields.number(field, parser, 0, MAX_COOL_DOWN_SECONDS);
                case "reservations" -> readReservations(parser, reserved);
                default -> unknown.put(field, JsonValue.at(parser, json));
            }
        });
        return new IpamConfig(
                flags[0], flags[1], numbers[0], Duration.ofSeconds(numbers[1]), Reservations.of(reserved), unknown);
    }

    private static void readReservations(JsonParser parser, List<Cidr> reserved) throws IOException {
        if (parser.currentToken() != JsonToken.START_ARRAY) {
            throw new CorruptRecord("reservations is not an array");
        }
        while (parser.nextToken() != JsonToken.END_ARRAY) {
            String text = JsonFields.text("an element of reservations", parser);
            reserved.add(Optional.ofNullable(text)
                    .flatMap(Cidr::tryParse)
                    .orElseThrow(() -> new CorruptRecord("reservations: '" + text + "' is not a CIDR")));
        }
    }

    /** The stored form. */
    public String encode() {
        JsonText json = new JsonText(128).open();
        json.field("strict_affinity").raw(Boolean.toString(strictAffinity));
        json.field("auto_allocate_blocks").raw(Boolean.toString(autoAllocateBlocks));
        json.field("maxBlocksPerHost").number(maxBlocksPerHost);
        json.field("ipCooldownSeconds").number(Math.toIntExact(coolDown.toSeconds()));
        if (!reservations.isEmpty()) {
            json.field("reservations").openArray();
            reservations.ranges().forEach(range -> json.string(range.toString()));
            json.closeArray();
        }
        return json.fields(unknown).close().toString();
    }
}
