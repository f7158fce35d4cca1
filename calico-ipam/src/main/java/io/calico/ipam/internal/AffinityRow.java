package io.calico.ipam.internal;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * A row of the index 'blocks of a host': an index only, what counts is the block's own affinity. Stored as {@code
 * {"state":"confirmed"}}; an empty value, an empty object and an empty state mean confirmed, as old writers stored it
 * . Immutable.
 *
 * @param unknown fields of other writers
 */
public record AffinityRow(State state, Map<String, JsonValue> unknown) {
    /** How far a claim or its release has come. */
    public enum State {
        CONFIRMED("confirmed"),
        PENDING("pending"),
        PENDING_DELETION("pendingDeletion");

        private final String text;

        State(String text) {
            this.text = text;
        }
    }

    /** A new row of a block that belongs to the host. */
    public static AffinityRow confirmed() {
        return new AffinityRow(State.CONFIRMED, Map.of());
    }

    public boolean isConfirmed() {
        return state == State.CONFIRMED;
    }

    /** This row, confirmed. */
    public AffinityRow confirm() {
        return new AffinityRow(State.CONFIRMED, unknown);
    }

    /**
     * Reads a stored row. What cannot be read, or names a state that nobody knows, is not confirmed: {@code PENDING}.
     *
     * @return empty if the record says that it has been deleted
     */
    public static Optional<AffinityRow> decode(String json) {
        if (json.isBlank()) {
            return Optional.of(confirmed());
        }
        String[] text = {""};
        boolean[] deleted = {false};
        Map<String, JsonValue> unknown = new LinkedHashMap<>();
        try {
            JsonFields.read(json, (field, parser) -> {
                switch (field) {
                    case "state" ->
                        text[0] = Optional.ofNullable(JsonFields.text(field, parser))
                                .orElse("");
                    case "deleted" -> deleted[0] = JsonFields.flag(field, parser);
                    default -> unknown.put(field, JsonValue.at(parser, json));
                }
            });
        } catch (CorruptRecord e) {
            return Optional.of(new AffinityRow(State.PENDING, Map.of()));
        }
        return deleted[0] ? Optional.empty() : Optional.of(new AffinityRow(parse(text[0]), unknown));
    }

    private static State parse(String text) {
        if (text.isEmpty()) {
            return State.CONFIRMED;
        }
        for (State state : State.values()) {
            if (state.text.equals(text)) {
                return state;
            }
        }
        return State.PENDING;
    }

    /** The stored form. */
    public String encode() {
        return new JsonText(32)
                .open()
                .field("state")
                .string(state.text)
                .fields(unknown)
                .close()
                .toString();
    }
}
