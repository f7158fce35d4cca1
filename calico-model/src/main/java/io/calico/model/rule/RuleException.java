package io.calico.model.rule;

/** The arguments of a rule could not be made a rule. */
public abstract sealed class RuleException extends RuntimeException permits RuleSyntaxException, RuleValueException {
    private static final long serialVersionUID = 1L;

    RuleException(String message) {
        super(message);
    }
}
