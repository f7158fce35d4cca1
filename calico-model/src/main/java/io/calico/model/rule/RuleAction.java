package io.calico.model.rule;

import java.util.Optional;

/** What a rule does with the packets that it matches. */
public enum RuleAction {
    /** The packet passes this direction; no later rule or profile is asked. */
    ALLOW("allow"),
    /** The packet is dropped at once. */
    DENY("deny");

    private final String text;

    RuleAction(String text) {
        this.text = text;
    }

    /** The word of the rule language and of JSON: {@code allow} or {@code deny}. */
    public String text() {
        return text;
    }

    /** The action with that word; empty for any other word. */
    public static Optional<RuleAction> tryParse(String text) {
        for (RuleAction action : values()) {
            if (action.text.equals(text)) {
                return Optional.of(action);
            }
        }
        return Optional.empty();
    }
}
