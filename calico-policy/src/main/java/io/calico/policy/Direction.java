package io.calico.policy;

/** Which of a profile's two rule lists is meant, as the workload sees it. */
public enum Direction {
    /** Towards the workload. */
    INBOUND("inbound"),
    /** From the workload. */
    OUTBOUND("outbound");

    private final String text;

    Direction(String text) {
        this.text = text;
    }

    /** The name in lower case, as operators write it. */
    @Override
    public String toString() {
        return text;
    }
}
