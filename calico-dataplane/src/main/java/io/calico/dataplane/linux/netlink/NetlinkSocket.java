package io.calico.dataplane.linux.netlink;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Optional;

/**
 * One netlink socket, in the network namespace of the thread that opened it. Confined to one thread at a time.
 */
final class NetlinkSocket implements AutoCloseable {
    /** The kernel never sends more in one datagram than the receiver offered last time, at least 8 and at most 32 KiB. */
    private static final int RECEIVE_BYTES = 64 << 10;
    /** The kernel answers before sendto returns, so only a lost answer makes anyone wait. */
    private static final int RECEIVE_SECONDS = 5;

    private final int descriptor;
    private final ByteBuffer received = ByteBuffer.allocateDirect(RECEIVE_BYTES).order(ByteOrder.nativeOrder());
    private final ByteBuffer sender = ByteBuffer.allocateDirect(12).order(ByteOrder.nativeOrder());
    private final ByteBuffer senderLength = ByteBuffer.allocateDirect(4).order(ByteOrder.nativeOrder());
    private boolean isClosed;

    private NetlinkSocket(int descriptor) {
        this.descriptor = descriptor;
    }

    /**
     * Opens and binds a socket.
     *
     * @param protocol the kernel's part, one of {@link Libc}'s {@code NETLINK_…}
     * @param groups the event groups to join, one bit each (bit {@code n - 1} for group {@code n}); 0 for none
     * @param receiveBytes how much may wait to be read before something is lost; a wish
     */
    static NetlinkSocket open(int protocol, int groups, int receiveBytes) {
        int descriptor = Libc.socket(Libc.AF_NETLINK, Libc.SOCK_RAW | Libc.SOCK_CLOEXEC, protocol);
        if (descriptor < 0) {
            throw NetlinkException.refused("open", "netlink socket", Libc.errno(), "");
        }
        NetlinkSocket socket = new NetlinkSocket(descriptor);
        try {
            socket.configure(groups, receiveBytes);
            return socket;
        } catch (RuntimeException e) {
            socket.close();
            throw e;
        }
    }

    private void configure(int groups, int receiveBytes) {
        // Wishes: an old kernel refuses some of them, and the answers are then read the old way.
        option(Libc.SOL_NETLINK, Libc.NETLINK_EXT_ACK, 1);
        option(Libc.SOL_NETLINK, Libc.NETLINK_CAP_ACK, 1);
        option(Libc.SOL_NETLINK, Libc.NETLINK_GET_STRICT_CHK, 1);
        if (!option(Libc.SOL_SOCKET, Libc.SO_RCVBUFFORCE, receiveBytes)) {
            option(Libc.SOL_SOCKET, Libc.SO_RCVBUF, receiveBytes);
        }
        ByteBuffer timeout = ByteBuffer.allocateDirect(16).order(ByteOrder.nativeOrder());
        timeout.putLong(0, RECEIVE_SECONDS);
        Libc.setsockopt(descriptor, Libc.SOL_SOCKET, Libc.SO_RCVTIMEO, timeout, 16);
        // struct sockaddr_nl: u16 family, u16 pad, u32 port (0: the kernel chooses), u32 groups.
        ByteBuffer address = ByteBuffer.allocateDirect(12).order(ByteOrder.nativeOrder());
        address.putShort(0, (short) Libc.AF_NETLINK).putInt(8, groups);
        if (Libc.bind(descriptor, address, 12) < 0) {
            throw NetlinkException.refused("bind", "netlink socket", Libc.errno(), "");
        }
    }

    private boolean option(int level, int option, int value) {
        ByteBuffer number =
                ByteBuffer.allocateDirect(4).order(ByteOrder.nativeOrder()).putInt(0, value);
        return Libc.setsockopt(descriptor, level, option, number, 4) == 0;
    }

    int descriptor() {
        return descriptor;
    }

    /** Hands the messages, a direct buffer's rest, to the kernel, which works them off before this returns. */
    void send(ByteBuffer messages, String operation, String object) {
        requireOpen();
        int length = messages.remaining();
        long sent;
        do {
            sent = Libc.sendto(descriptor, messages, length, 0, null, 0);
        } while (sent < 0 && Libc.errno() == Errno.EINTR.number());
        if (sent < 0) {
            throw NetlinkException.refused(operation, object, Libc.errno(), "");
        }
        if (sent != length) {
            throw NetlinkException.broken(
                    operation, object, sent + " of " + length + " bytes were taken by the socket");
        }
    }

    /** Waits for a datagram of the kernel, at most some seconds; the reader is valid until the next call. */
    MessageReader receive(String operation, String object) {
        while (true) {
            int result = read(0);
            if (result >= 0) {
                return new MessageReader(received, result);
            }
            int errno = Libc.errno();
            if (errno == Errno.EAGAIN.number()) {
                throw NetlinkException.broken(operation, object, "no answer within " + RECEIVE_SECONDS + " s");
            } else if (errno == Errno.ENOBUFS.number()) {
                throw NetlinkException.broken(operation, object, "answers were lost, the socket's buffer was full");
            } else if (errno != Errno.EINTR.number()) {
                throw NetlinkException.refused(operation, object, errno, "");
            }
        }
    }

    /**
     * The next datagram if one is waiting, else empty.
     *
     * @throws NetlinkException with {@link Errno#ENOBUFS} if some were lost since the last call
     */
    Optional<MessageReader> receiveNow(String operation, String object) {
        while (true) {
            int result = read(Libc.MSG_DONTWAIT);
            if (result >= 0) {
                return Optional.of(new MessageReader(received, result));
            }
            int errno = Libc.errno();
            if (errno == Errno.EAGAIN.number()) {
                return Optional.empty();
            } else if (errno != Errno.EINTR.number()) {
                throw NetlinkException.refused(operation, object, errno, "");
            }
        }
    }

    /** Length of the next datagram that the kernel itself sent, or -1 with errno set. */
    private int read(int flags) {
        requireOpen();
        while (true) {
            senderLength.putInt(0, 12);
            long length =
                    Libc.recvfrom(descriptor, received, RECEIVE_BYTES, flags | Libc.MSG_TRUNC, sender, senderLength);
            if (length > RECEIVE_BYTES) {
                throw NetlinkException.broken("read", "netlink answer", "a datagram of " + length + " bytes");
            }
            // Another process may write to this socket's port; only port 0 is the kernel.
            if (length < 0 || sender.getInt(4) == 0) {
                return (int) length;
            }
        }
    }

    private void requireOpen() {
        if (isClosed) {
            throw new IllegalStateException("the netlink socket is closed");
        }
    }

    /** Closes the socket; the second call does nothing. */
    @Override
    public void close() {
        if (!isClosed) {
            isClosed = true;
            Libc.close(descriptor);
        }
    }
}
