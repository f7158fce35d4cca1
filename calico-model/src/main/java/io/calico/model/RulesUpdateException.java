package io.calico.model;

import java.util.List;

/** JSON that an operator wanted to put in place of a profile's rules, and that is refused. Nothing was changed. */
public final class RulesUpdateException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final List<String> messages;

    RulesUpdateException(List<String> messages) {
        super(String.join(" ", messages));
        this.messages = List.copyOf(messages);
    }

    /** One line for each thing that is wrong, for the user as they are; at least one. */
    public List<String> messages() {
        return messages;
    }
}
