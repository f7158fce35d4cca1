package io.calico.policy.testkit;

/** What it takes to run a row. */
public enum RowKind {
    /** One packet and the policy decide: an evaluator can answer, and a dataplane must answer the same. */
    POLICY("policy"),
    /** Earlier packets of the flow matter, or the packet is broken. */
    CONNECTION_TRACKING("connection tracking"),
    /** The address that is seen before or after translation matters. */
    ADDRESS_TRANSLATION("address translation"),
    /** A tunnel device of the host is needed. */
    TUNNELS("tunnels"),
    /** What other filters of the host do, Docker's above all, matters. */
    OTHER_FILTERS("other filters of the host");

    private final String text;

    RowKind(String text) {
        this.text = text;
    }

    /** Whether the row can be run in full with real packets only. */
    public boolean needsKernel() {
        return this != POLICY;
    }

    @Override
    public String toString() {
        return text;
    }
}
