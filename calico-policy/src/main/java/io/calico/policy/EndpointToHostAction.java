package io.calico.policy;

/** What happens to a packet from a workload to its own host that no fixed exception has let through. */
public enum EndpointToHostAction {
    /** It is dropped; outbound rules are not asked. */
    DROP,
    /** Outbound rules decide; what they allow is left to the host's own filter. */
    RETURN,
    /** Outbound rules decide. In a table of our own this is the same as {@link #RETURN}. */
    ACCEPT
}
