package io.calico.dataplane.linux;

import io.calico.dataplane.linux.netlink.NetlinkEvent;
import io.calico.dataplane.linux.netlink.Route;
import io.calico.dataplane.linux.netlink.RouteType;
import io.calico.model.net.Cidr;
import io.calico.model.net.IpVersion;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The routes to other hosts and the blackholes that this process has written or is about to write, by destination.
 * Thread-safe.
 */
final class WrittenRoutes {
    private static final int DEFAULT_METRIC6 = 1024;

    private final Map<Cidr, Route> routes = new ConcurrentHashMap<>();

    Optional<Route> find(Cidr destination) {
        return Optional.ofNullable(routes.get(destination));
    }

    Collection<Route> all() {
        return List.copyOf(routes.values());
    }

    /** To be called before the kernel is told, so that its event about it is no news. */
    void set(Cidr destination, Optional<Route> route) {
        if (route.isPresent()) {
            routes.put(destination, route.get());
        } else {
            routes.remove(destination);
        }
    }

    /** Whether the event means that the kernel's routes may not be the written ones. */
    boolean isNews(NetlinkEvent.RouteChange event) {
        Route written = routes.get(event.route().destination());
        if (written == null) {
            return !event.isGone() && isOurs(event.route());
        }
        return event.isGone() == isSame(written, event.route());
    }

    /** Whether one of the routes leaves through this link. */
    boolean useLink(int linkIndex) {
        return routes.values().stream()
                .flatMap(route -> route.nextHops().stream())
                .anyMatch(hop -> hop.linkIndex() == linkIndex);
    }

    /** Whether a route of the main table is of the kind that is written here; those to workloads have no gateway. */
    static boolean isOurs(Route route) {
        return route.protocol() == WorkloadLinks.ROUTE_PROTOCOL
                && route.table() == Route.TABLE_MAIN
                && (route.type() != RouteType.UNICAST
                        || route.nextHops().stream()
                                .anyMatch(hop -> hop.gateway().isPresent()));
    }

    /** Whether the kernel has the route as it was written. */
    static boolean isSame(Route written, Route present) {
        return isOurs(present)
                && written.destination().equals(present.destination())
                && written.type() == present.type()
                // The kernel gives a blackhole of IPv6 the loopback as its link.
                && (written.type() != RouteType.UNICAST || written.nextHops().equals(present.nextHops()))
                && written.preferredSource().equals(present.preferredSource())
                && metric(written) == metric(present);
    }

    private static int metric(Route route) {
        return route.metric().orElse(route.destination().version() == IpVersion.V4 ? 0 : DEFAULT_METRIC6);
    }
}
