package io.calico.model.rule;

/** The arguments do not follow the grammar of rules: a usage error. The message says what was found where. */
public final class RuleSyntaxException extends RuleException {
    private static final long serialVersionUID = 1L;

    RuleSyntaxException(String message) {
        super(message);
    }
}
