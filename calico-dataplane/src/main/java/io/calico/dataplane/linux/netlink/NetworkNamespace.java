package io.calico.dataplane.linux.netlink;

import java.nio.file.Path;

/** An open handle of a network namespace; keeps the namespace alive until it is closed. Confined to one thread at a time. */
public final class NetworkNamespace implements AutoCloseable {
    private final int descriptor;
    private boolean isClosed;

    private NetworkNamespace(int descriptor) {
        this.descriptor = descriptor;
    }

    /**
     * Opens the namespace that a file stands for, such as {@code /run/netns/NAME} or {@code /proc/PID/ns/net}.
     *
     * @throws NetlinkException if the file cannot be opened; whether it is a namespace shows when it is used
     */
    public static NetworkNamespace open(Path file) {
        int descriptor = Libc.open(file.toString(), Libc.O_RDONLY | Libc.O_CLOEXEC);
        if (descriptor < 0) {
            throw NetlinkException.refused("open", "network namespace " + file, Libc.errno(), "");
        }
        return new NetworkNamespace(descriptor);
    }

    /** Its number for {@link LinkSettings#namespaceDescriptor()}; valid until {@link #close()}. */
    public int descriptor() {
        if (isClosed) {
            throw new IllegalStateException("the network namespace is closed");
        }
        return descriptor;
    }

    /** Lets go of the namespace; the second call does nothing. */
    @Override
    public void close() {
        if (!isClosed) {
            isClosed = true;
            Libc.close(descriptor);
        }
    }
}
