package io.calico.dataplane.linux.netlink;

import io.calico.model.net.IpVersion;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.Function;

/**
 * What changes in one network namespace, that of the thread that opened it, from then on. Reading is confined to one
 * thread at a time; {@link #wake()} and {@link #close()} may come from any.
 *
 * <p>Who wants a complete picture opens this first and lists afterwards: what changes in between is told, too.
 */
public final class NetlinkEvents implements AutoCloseable {
    private static final int RECEIVE_BUFFER = 2 << 20;

    private final EventSocket socket;

    /** What can be told of. */
    public enum Topic {
        /** Links: made, changed, up, down, gone. */
        LINKS(group(Wire.RTNLGRP_LINK)),
        /** Addresses of links. */
        ADDRESSES(group(Wire.RTNLGRP_IPV4_IFADDR) | group(Wire.RTNLGRP_IPV6_IFADDR)),
        /** Routes of all tables. */
        ROUTES(group(Wire.RTNLGRP_IPV4_ROUTE) | group(Wire.RTNLGRP_IPV6_ROUTE)),
        /** Neighbour entries. */
        NEIGHBOURS(group(Wire.RTNLGRP_NEIGH)),
        /** Settings below {@code /proc/sys/net/ipv?/conf}, as far as the kernel tells of them. */
        SETTINGS(group(Wire.RTNLGRP_IPV4_NETCONF) | group(Wire.RTNLGRP_IPV6_NETCONF));

        private final int groups;

        Topic(int groups) {
            this.groups = groups;
        }

        private static int group(int number) {
            return 1 << number - 1;
        }
    }

    private NetlinkEvents(EventSocket socket) {
        this.socket = socket;
    }

    /**
     * Begins to listen.
     *
     * @throws NetlinkException if the kernel refuses the socket
     */
    public static NetlinkEvents open(Set<Topic> topics) {
        int groups = topics.stream().mapToInt(topic -> topic.groups).reduce(0, (a, b) -> a | b);
        return new NetlinkEvents(EventSocket.open(Libc.NETLINK_ROUTE, groups, RECEIVE_BUFFER));
    }

    /**
     * What has happened since the last call, in order; waits until there is something, but not longer than the given
     * time, and not when {@link #wake()} or {@link #close()} is called. Empty after a wait without events.
     *
     * @throws IllegalStateException if it is closed
     */
    public List<NetlinkEvent> await(Duration timeout) {
        List<NetlinkEvent> events = new ArrayList<>();
        socket.await(
                timeout,
                in -> in.decode(NetlinkEvents::read).ifPresent(events::add),
                () -> events.add(new NetlinkEvent.Overrun()));
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
                                neighbour ->
                                        new NetlinkEvent.NeighbourChange(neighbour, in.type() == Wire.RTM_DELNEIGH))
                        .or(() -> event(
                                AddressFormat.readForwarding(in),
                                entry -> new NetlinkEvent.ForwardingChange(entry, in.type() == Wire.RTM_DELNEIGH)));
            case Wire.RTM_NEWNETCONF -> Optional.of(readSettings(in));
            case Wire.NLMSG_OVERRUN -> Optional.of(new NetlinkEvent.Overrun());
            default -> Optional.empty();
        };
    }

    private static NetlinkEvent readSettings(MessageReader in) {
        MessageReader.Attributes attributes = in.attributes(Wire.NETCONFMSG_LENGTH);
        IpVersion version = in.u8(in.content()) == Wire.AF_INET ? IpVersion.V4 : IpVersion.V6;
        return new NetlinkEvent.SettingsChange(
                version,
                attributes.i32(Wire.NETCONFA_IFINDEX, 0),
                setting(attributes, Wire.NETCONFA_FORWARDING),
                setting(attributes, Wire.NETCONFA_PROXY_NEIGH));
    }

    private static OptionalInt setting(MessageReader.Attributes attributes, int type) {
        return attributes.has(type) ? OptionalInt.of(attributes.i32(type, 0)) : OptionalInt.empty();
    }

    private static <T> Optional<NetlinkEvent> event(Optional<T> subject, Function<T, NetlinkEvent> event) {
        return subject.map(event);
    }

    /** Makes the {@link #await} that is under way, or else the next one, return at once. */
    public void wake() {
        socket.wake();
    }

    /** Ends the listening; an {@link #await} that is under way returns. The second call does nothing. */
    @Override
    public void close() {
        socket.close();
    }
}
