package io.calico.model;

import java.util.Optional;

/** Whether an endpoint may have traffic at all. */
public enum EndpointState {
    /** Traffic as its profiles say. */
    ACTIVE("active"),
    /** No traffic either way, no routes; its addresses stay reserved. */
    INACTIVE("inactive");

    private final String text;

    EndpointState(String text) {
        this.text = text;
    }

    /** The word of JSON: {@code active} or {@code inactive}. */
    public String text() {
        return text;
    }

    /** The state with that word; empty for any other word. */
    public static Optional<EndpointState> tryParse(String text) {
        for (EndpointState state : values()) {
            if (state.text.equals(text)) {
                return Optional.of(state);
            }
        }
        return Optional.empty();
    }
}
