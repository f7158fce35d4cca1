package io.calico.policy;

/** What happens to a packet. */
public enum Verdict {
    ALLOW("allow"),
    DENY("deny");

    private final String text;

    Verdict(String text) {
        this.text = text;
    }

    /** The name in lower case, as operators write it. */
    @Override
    public String toString() {
        return text;
    }
}
