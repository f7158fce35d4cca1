package io.calico.dataplane.linux.netlink;

import io.calico.model.net.Cidr;
import io.calico.model.net.IpAddress;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.Collectors;
import org.immutables.value.Value;

/** A route. Immutable. {@link #toString()} is close to what {@code ip route} prints. */
@Value.Immutable
public abstract class Route {
    /** The table that is asked for everything but the host's own addresses. */
    public static final int TABLE_MAIN = 254;
    /** The table of the host's own addresses. */
    public static final int TABLE_LOCAL = 255;

    /** The packets it is for; a prefix length of 0 is the default route. */
    public abstract Cidr destination();

    /** What happens to them. */
    @Value.Default
    public RouteType type() {
        return RouteType.UNICAST;
    }

    /** Where they go; one of several by a hash of the flow; none for a blackhole and its kin. */
    public abstract List<NextHop> nextHops();

    /** Number of the routing table, from 1. */
    @Value.Default
    public int table() {
        return TABLE_MAIN;
    }

    /** Who wrote the route, 0 to 255: 2 the kernel, 3 an administrator at boot, 4 static. */
    public abstract int protocol();

    /** An IPv4 route without gateway needs {@link Scope#LINK}; IPv6 knows only {@link Scope#GLOBAL}. */
    @Value.Default
    public Scope scope() {
        return Scope.GLOBAL;
    }

    /** The source address of packets that this host sends along the route; the kernel demands one of its own. */
    public abstract Optional<IpAddress> preferredSource();

    /** Of several routes to one destination the smallest wins; absent: 0, for IPv6 1024. */
    public abstract OptionalInt metric();

    @Override
    public final String toString() {
        return (type() == RouteType.UNICAST ? "" : name(type()) + " ")
                + destination()
                + nextHops().stream().map(hop -> " " + hop).collect(Collectors.joining(" nexthop"))
                + (table() == TABLE_MAIN ? "" : " table " + table())
                + " proto " + protocol()
                + (scope().equals(Scope.GLOBAL) ? "" : " scope " + scope())
                + preferredSource().map(source -> " src " + source).orElse("")
                + (metric().isPresent() ? " metric " + metric().getAsInt() : "");
    }

    static String name(RouteType type) {
        return type.name().toLowerCase(Locale.ROOT);
    }

    /** Builds a route; destination and protocol must be set. */
    public static Builder builder() {
        return new Builder();
    }

    /** The builder. */
    public static final class Builder extends ImmutableRoute.Builder {}
}
