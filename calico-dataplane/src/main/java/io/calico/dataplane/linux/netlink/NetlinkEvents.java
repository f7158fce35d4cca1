package io.calico.dataplane.linux.netlink;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;

/**
 * What changes in one network namespace, that of the thread that opened it, from then on. Reading is confined to one
 * thread at a time; {@link #wake()} and {@link #close()} may come from any.
 *
 * <p>Who wants a complete picture opens this first and lists afterwards: what changes in between is told, too.
 */
public final class NetlinkEvents implements AutoCloseable {
    private static final int RECEIVE_BUFFER = 2 << 20;
    private static final int MAX_EVENTS = 4096;
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

    /** What can be told of. */
    public enum Topic {
        /** Links: made, changed, up, down, gone. */
        LINKS(group(Wire.RTNLGRP_LINK)),
        /** Addresses of links. */
        ADDRESSES(group(Wire.RTNLGRP_IPV4_IFADDR) | group(Wire.RTNLGRP_IPV6_IFADDR)),
        /** Routes of all tables. */
        ROUTES(group(Wire.RTNLGRP_IPV4_ROUTE) | group(Wire.RTNLGRP_IPV6_ROUTE)),
        /** Neighbour entries. */
        NEIGHBOURS(group(Wire.RTNLGRP_NEIGH));

        private final int groups;

        Topic(int groups) {
            this.groups = groups;
        }

        private static int group(int number) {
            return 1 << number - 1;
        }
    }

    private NetlinkEvents(NetlinkSocket socket, int wakeup) {
        this.socket = socket;
        this.wakeup = wakeup;
    }

    /**
     * Begins to listen.
     *
     * @throws NetlinkException if the kernel refuses the socket
     */
    public static NetlinkEvents open(Set<Topic> topics) {
        int groups = topics.stream().mapToInt(topic -> topic.groups).reduce(0, (a, b) -> a | b);
        NetlinkSocket socket = NetlinkSocket.open(Libc.NETLINK_ROUTE, groups, RECEIVE_BUFFER);
        int wakeup = Libc.eventfd(0, Libc.EFD_CLOEXEC);
        if (wakeup < 0) {
            int errno = Libc.errno();
            socket.close();
            throw NetlinkException.refused("open", "event descriptor", errno, "");
        }
        return new NetlinkEvents(socket, wakeup);
    }

    /**
     * What has happened since the last call, in order; waits until there is something, but not longer than the given
     * time, and not when {@link #wake()} or {@link #close()} is called. Empty after a wait without events.
     *
     * @throws IllegalStateException if it is closed
     */
    public List<NetlinkEvent> await(Duration timeout) {
        begin();
        try {
            polled.putInt(0, socket.descriptor()).putShort(4, Libc.POLLIN).putShort(6, (short) 0);
            polled.putInt(8, wakeup).putShort(12, Libc.POLLIN).putShort(14, (short) 0);
            int millis = (int) Math.min(timeout.toMillis(), Integer.MAX_VALUE);
            // Interrupted by a signal: the caller waits again.
            if (Libc.poll(polled, 2, millis) <= 0) {
                return List.of();
            }
            if (polled.getShort(14) != 0) {
                Libc.read(wakeup, counter, 8);
            }
            return polled.getShort(6) == 0 || isClosed ? List.of() : drain();
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

    private List<NetlinkEvent> drain() {
        List<NetlinkEvent> events = new ArrayList<>();
        while (events.size() < MAX_EVENTS) {
            try {
                Optional<MessageReader> datagram = socket.receiveNow("read", "netlink events");
                if (datagram.isEmpty()) {
                    break;
                }
                MessageReader in = datagram.get();
                while (in.next()) {
                    in.decode(NetlinkEvents::read).ifPresent(events::add);
                }
            } catch (NetlinkException e) {
                if (e.errno() != Errno.ENOBUFS.number()) {
                    throw e;
                }
                events.add(new NetlinkEvent.Overrun());
            }
        }
        return events;
    }

    static Optional<NetlinkEvent> read(MessageReader in) {
        return switch (in.type()) {
            case Wire.RTM_NEWLINK, Wire.RTM_DELLINK ->
                // A bridge tells of its ports in messages of its own family, which describe no link.
                in.u8(in.content()) == Wire.AF_UNSPEC
                        ? Optional.of(new NetlinkEvent.LinkChange(LinkFormat.read(in), in.type() == Wire.RTM_DELLINK))
                        : Optional.empty();
            case Wire.RTM_NEWADDR, Wire.RTM_DELADDR ->
                event(
                        AddressFormat.readAddress(in),
                        address -> new NetlinkEvent.AddressChange(address, in.type() == Wire.RTM_DELADDR));
            case Wire.RTM_NEWROUTE, Wire.RTM_DELROUTE ->
                event(
                        RouteFormat.read(in),
                        route -> new NetlinkEvent.RouteChange(route, in.type() == Wire.RTM_DELROUTE));
            case Wire.RTM_NEWNEIGH, Wire.RTM_DELNEIGH ->
                event(
                        AddressFormat.readNeighbour(in),
                        neighbour -> new NetlinkEvent.NeighbourChange(neighbour, in.type() == Wire.RTM_DELNEIGH));
            case Wire.NLMSG_OVERRUN -> Optional.of(new NetlinkEvent.Overrun());
            default -> Optional.empty();
        };
    }

    private static <T> Optional<NetlinkEvent> event(Optional<T> subject, Function<T, NetlinkEvent> event) {
        return subject.map(event);
    }

    /** Makes the {@link #await} that is under way, or else the next one, return at once. */
    public void wake() {
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
