package io.calico.datastore;

import io.calico.model.Network;
import java.util.List;

/** What a name, id or start of an id that a person gave stands for. */
public sealed interface NetworkLookup {
    /** Exactly one network. */
    record Found(Network network) implements NetworkLookup {}

    /** No network. */
    record None() implements NetworkLookup {}

    /**
     * The start of several ids.
     *
     * @param candidates two or more, by id
     */
    record Ambiguous(List<Network> candidates) implements NetworkLookup {
        /** Copies the list. */
        public Ambiguous {
            candidates = List.copyOf(candidates);
        }
    }
}
