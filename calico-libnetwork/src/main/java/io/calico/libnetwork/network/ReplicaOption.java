package io.calico.libnetwork.network;

/**
 * The driver option that makes a network of one host's engine a copy of a network of another host. Its value is the
 * canonical id: that of the network on the host where it was made.
 */
public final class ReplicaOption {
    public static final String NAME = "io.calico.network";

    private ReplicaOption() {}
}
