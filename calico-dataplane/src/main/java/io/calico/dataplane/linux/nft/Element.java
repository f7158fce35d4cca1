package io.calico.dataplane.linux.nft;

import java.util.List;
import java.util.Optional;

/**
 * An element of a set or map. Immutable.
 *
 * @param key its parts
 * @param value what the key is mapped to; empty in a set, and where an element is to be deleted
 */
public record Element(List<Datum> key, Optional<Datum> value) {
    public Element {
        key = List.copyOf(key);
    }

    /** An element of a set. */
    static Element of(Datum... key) {
        return new Element(List.of(key), Optional.empty());
    }

    /** An element of a map. */
    static Element mapping(Datum key, Datum value) {
        return new Element(List.of(key), Optional.of(value));
    }
}
