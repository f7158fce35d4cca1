package io.calico.dataplane.linux.netlink;

import java.util.Optional;

/** What happens to a packet that a route matches. */
public enum RouteType {
    /** It goes to the next hop. */
    UNICAST(1),
    /** It is for this host. */
    LOCAL(2),
    /** It is sent as a broadcast, and received here. */
    BROADCAST(3),
    /** It is for this host, which shares the address with others. */
    ANYCAST(4),
    /** It goes to a group. */
    MULTICAST(5),
    /** It disappears. */
    BLACKHOLE(6),
    /** It is dropped, and the sender is told 'unreachable'. */
    UNREACHABLE(7),
    /** It is dropped, and the sender is told 'prohibited'. */
    PROHIBIT(8),
    /** The next routing table is asked. */
    THROW(9);

    private final int number;

    RouteType(int number) {
        this.number = number;
    }

    /** As in {@code linux/rtnetlink.h}, {@code RTN_…}. */
    int number() {
        return number;
    }

    /** Whether a packet leaves through a next hop. */
    public boolean hasNextHop() {
        return switch (this) {
            case UNICAST, LOCAL, BROADCAST, ANYCAST, MULTICAST -> true;
            case BLACKHOLE, UNREACHABLE, PROHIBIT, THROW -> false;
        };
    }

    static Optional<RouteType> ofNumber(int number) {
        return number >= 1 && number <= values().length ? Optional.of(values()[number - 1]) : Optional.empty();
    }
}
