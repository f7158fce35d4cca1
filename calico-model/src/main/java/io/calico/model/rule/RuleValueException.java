package io.calico.model.rule;

import java.util.List;

/** The arguments follow the grammar, but some values are not allowed. */
public final class RuleValueException extends RuleException {
    private static final long serialVersionUID = 1L;

    private final List<String> messages;

    RuleValueException(List<String> messages) {
        super(String.join(" ", messages));
        this.messages = List.copyOf(messages);
    }

    /**
     * One sentence for each kind of value that is wrong, for the user as they are; in the order tag, CIDR, ICMP, ports, IP
     * versions.
     */
    public List<String> messages() {
        return messages;
    }
}
