package io.calico.libnetwork.reconcile;

/**
 * Something that is not as it should be.
 *
 * @param text what, and what is to be done if it is for an operator; one line
 */
public record Finding(State state, String text) {
    /** What has become of it. */
    public enum State {
        /** It was mended. */
        MENDED,
        /** It can be mended, and was not: nobody asked for it, or it failed. */
        TO_MEND,
        /** It may belong to a container that is being started or stopped. */
        YOUNG,
        /** It is for an operator. */
        REPORTED
    }
}
