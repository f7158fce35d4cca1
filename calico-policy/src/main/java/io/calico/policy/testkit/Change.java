package io.calico.policy.testkit;

import java.util.function.UnaryOperator;

/**
 * Something that happened to the fixture before the packets of a row are sent.
 *
 * @param description what happened, in a few words
 */
public record Change(String description, UnaryOperator<PolicyState> effect) {
    /** The records after it. */
    public PolicyState applyTo(PolicyState before) {
        return effect.apply(before);
    }

    @Override
    public String toString() {
        return description;
    }
}
