package io.calico.dataplane.linux.nft;

import java.util.List;
import java.util.Optional;

/**
 * What a named set or map holds. Immutable.
 *
 * @param key the parts of an element's key, at least one
 * @param value what a key is mapped to; empty for a set
 */
public record SetType(List<Part> key, Optional<Part> value) {
    /** Types of parts of keys, and of values. */
    public enum Part {
        INTERFACE_NAME("ifname"),
        IPV4_ADDRESS("ipv4_addr"),
        IPV6_ADDRESS("ipv6_addr"),
        MAC_ADDRESS("ether_addr"),
        MARK("mark"),
        VERDICT("verdict");

        private final String text;

        Part(String text) {
            this.text = text;
        }

        /** The type's name as nft writes it. */
        public String text() {
            return text;
        }
    }

    public SetType {
        key = List.copyOf(key);
        if (key.isEmpty()) {
            throw new IllegalArgumentException("a set's key has no parts");
        }
    }

    /** A set of such keys. */
    static SetType setOf(Part... key) {
        return new SetType(List.of(key), Optional.empty());
    }

    /** A map from such keys to such values. */
    static SetType map(Part key, Part value) {
        return new SetType(List.of(key), Optional.of(value));
    }

    /** Whether keys have values. */
    public boolean isMap() {
        return value.isPresent();
    }
}
