package io.calico.model.rule;

import org.jspecify.annotations.Nullable;

/**
 * The words of a rule in the places where the grammar has them, values not yet looked at; null where a part is not there.
 * Confined to one parser.
 */
final class RuleWords {
    RuleAction action = RuleAction.ALLOW;

    @Nullable
    Protocol protocol;

    @Nullable
    String icmpType;

    @Nullable
    String icmpCode;

    Side from = new Side();
    Side to = new Side();

    /** What stands after {@code from} or {@code to}. */
    static final class Side {
        @Nullable
        String ports;

        @Nullable
        String tag;

        @Nullable
        String cidr;
    }
}
