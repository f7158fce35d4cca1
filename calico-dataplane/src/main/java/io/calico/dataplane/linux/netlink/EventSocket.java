package io.calico.dataplane.linux.netlink;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;

/**
 * A netlink socket that listens to groups of events, and a way to end the waiting from outside. Reading is confined to one
 * thread at a time; {@link #wake()} and {@link #close()} may come from any.
 */
final class EventSocket implements AutoCloseable {
    /** So that a flood does not keep the reader from its other work. */
    private static final int MAX_DATAGRAMS = 4096;
    /** struct pollfd: i32 descriptor, i16 events asked for, i16 events seen. */
    private static final int POLLFD_LENGTH = 8;

    private final NetlinkSocket socket;
    private final int wakeup;
    private final ByteBuffer polled =
            ByteBuffer.allocateDirect(2 * POLLFD_LENGTH).order(ByteOrder.nativeOrder());
    private final ByteBuffer one =
            ByteBuffer.allocateDirect(8).order(ByteOrder.nativeOrder()).putLong(0, 1);
    private final ByteBuffer counter = ByteBuffer.allocateDirect(8);
    /** Orders waking and closing: a closed descriptor's number may already be somebody else's. */
    private final ReentrantLock lock = new ReentrantLock();

    private volatile boolean isClosed;
    private boolean isReading;

    private EventSocket(NetlinkSocket socket, int wakeup) {
        this.socket = socket;
        this.wakeup = wakeup;
    }

    /**
     * Begins to listen.
     *
     * @param family a {@code NETLINK_…} of {@code linux/netlink.h}
     * @param groups one bit each (bit {@code n - 1} for group {@code n})
     * @param receiveBytes how much may wait to be read before something is lost; a wish
     * @throws NetlinkException if the kernel refuses the socket
     */
    static EventSocket open(int family, int groups, int receiveBytes) {
        NetlinkSocket socket = NetlinkSocket.open(family, groups, receiveBytes);
        int wakeup = Libc.eventfd(0, Libc.EFD_CLOEXEC);
        if (wakeup < 0) {
            int errno = Libc.errno();
            socket.close();
            throw NetlinkException.refused("open", "event descriptor", errno, "");
        }
        return new EventSocket(socket, wakeup);
    }

    /**
     * Hands on the messages that have come since the last call, in order; waits until there is one, but not longer than
     * the given time, and not when {@link #wake()} or {@link #close()} is called.
     *
     * @param overrun told when some were lost
     * @return whether there was something
     * @throws IllegalStateException if it is closed
     */
    boolean await(Duration timeout, Consumer<MessageReader> messages, Runnable overrun) {
        begin();
        try {
            polled.putInt(0, socket.descriptor()).putShort(4, Libc.POLLIN).putShort(6, (short) 0);
            polled.putInt(8, wakeup).putShort(12, Libc.POLLIN).putShort(14, (short) 0);
            int millis = (int) Math.min(timeout.toMillis(), Integer.MAX_VALUE);
            // Interrupted by a signal: the caller waits again.
            if (Libc.poll(polled, 2, millis) <= 0) {
                return false;
            }
            if (polled.getShort(14) != 0) {
                Libc.read(wakeup, counter, 8);
            }
            if (polled.getShort(6) == 0 || isClosed) {
                return false;
            }
            drain(messages, overrun);
            return true;
        } finally {
            end();
        }
    }

    private void begin() {
        lock.lock();
        try {
            if (isClosed) {
                throw new IllegalStateException("the event socket is closed");
            }
            isReading = true;
        } finally {
            lock.unlock();
        }
    }

    private void end() {
        lock.lock();
        try {
            isReading = false;
            if (isClosed) {
                closeDescriptors();
            }
        } finally {
            lock.unlock();
        }
    }

    private void drain(Consumer<MessageReader> messages, Runnable overrun) {
        for (int i = 0; i < MAX_DATAGRAMS; i++) {
            try {
                Optional<MessageReader> datagram = socket.receiveNow("read", "netlink events");
                if (datagram.isEmpty()) {
                    return;
                }
                MessageReader in = datagram.get();
                while (in.next()) {
                    if (in.type() == Wire.NLMSG_OVERRUN) {
                        overrun.run();
                    } else {
                        messages.accept(in);
                    }
                }
            } catch (NetlinkException e) {
                if (e.errno() != Errno.ENOBUFS.number()) {
                    throw e;
                }
                overrun.run();
            }
        }
    }

    /** Makes the {@link #await} that is under way, or else the next one, return at once. */
    void wake() {
        lock.lock();
        try {
            if (!isClosed) {
                Libc.write(wakeup, one, 8);
            }
        } finally {
            lock.unlock();
        }
    }

    /** Ends the listening; an {@link #await} that is under way returns. The second call does nothing. */
    @Override
    public void close() {
        lock.lock();
        try {
            if (!isClosed) {
                wake();
                isClosed = true;
                if (!isReading) {
                    closeDescriptors();
                }
            }
        } finally {
            lock.unlock();
        }
    }

    private void closeDescriptors() {
        socket.close();
        Libc.close(wakeup);
    }
}
