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
        /** IFNAMSIZ bytes, filled with zeros. */
        INTERFACE_NAME("ifname", 41, 16),
        IPV4_ADDRESS("ipv4_addr", 7, 4),
        IPV6_ADDRESS("ipv6_addr", 8, 16),
        MAC_ADDRESS("ether_addr", 9, 6),
        MARK("mark", 19, 4),
        /** Only a value; NFT_DATA_VERDICT (linux/netfilter/nf_tables.h). */
        VERDICT("verdict", 0xffff_ff00, 0);

        private final String text;
        private final int number;
        private final int length;

        Part(String text, int number, int length) {
            this.text = text;
            this.number = number;
            this.length = length;
        }

        /** The type's name as nft writes it. */
        public String text() {
            return text;
        }

        /** The number by which nft knows the type again in what the kernel keeps for it. */
        int number() {
            return number;
        }

        /** Bytes of a value. */
        int length() {
            return length;
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
