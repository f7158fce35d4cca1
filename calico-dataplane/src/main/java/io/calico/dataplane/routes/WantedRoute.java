package io.calico.dataplane.routes;

/** What shall happen to packets to a block, or to a single address, that has no workload on this host. Immutable. */
public sealed interface WantedRoute {
    /** They disappear: the block is this host's, and the address is free. */
    record Blackhole() implements WantedRoute {}

    /**
     * They go to another host.
     *
     * @param host its name
     * @param encapsulation how they travel
     */
    record ToHost(String host, Encapsulation encapsulation) implements WantedRoute {}
}
