package io.calico.policy;

/**
 * The way of a packet through one host. Interfaces are named as the host names them; which of them are workloads' is
 * told by their name ({@link CompiledEndpoint#INTERFACE_PREFIX}).
 */
public sealed interface Path {
    /** From one interface to another one, or back out of the same. */
    static Path forwarded(String in, String out) {
        return new Forwarded(in, out);
    }

    /** To an address of the host itself. */
    static Path toHost(String in) {
        return new ToHost(in);
    }

    /** From a process of the host. */
    static Path fromHost(String out) {
        return new FromHost(out);
    }

    /**
     * A packet that is passed on.
     *
     * @param in the interface on which it comes in
     * @param out the interface on which it goes out
     */
    record Forwarded(String in, String out) implements Path {}

    /**
     * A packet to the host itself.
     *
     * @param in the interface on which it comes in
     */
    record ToHost(String in) implements Path {}

    /**
     * A packet of the host itself.
     *
     * @param out the interface on which it goes out
     */
    record FromHost(String out) implements Path {}
}
