package io.calico.dataplane.linux;

import io.calico.dataplane.linux.netlink.Link;
import io.calico.dataplane.linux.netlink.LinkAddress;
import io.calico.dataplane.linux.netlink.Neighbour;
import io.calico.dataplane.linux.netlink.Route;
import io.calico.dataplane.linux.netlink.RouteFilter;
import io.calico.dataplane.linux.netlink.RtNetlink;
import io.calico.model.net.IpVersion;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * What the kernel knows of links, at one moment: of all of them from one list of each kind, which takes a thousand links
 * some milliseconds, or of a single one.
 *
 * @param links by name
 * @param addresses by the link's number
 * @param neighbours by the link's number
 * @param routes ours, by the number of the first next hop's link
 */
record LinkSnapshot(
        Map<String, Link> links,
        Map<Integer, List<LinkAddress>> addresses,
        Map<Integer, List<Neighbour>> neighbours,
        Map<Integer, List<Route>> routes) {

    /** Of everything. */
    static LinkSnapshot ofAll(RtNetlink netlink) {
        return of(netlink.links(), netlink.addresses(), netlink.neighbours(), ownRoutes(netlink, 0));
    }

    /** Of this link, which the caller has just looked at. */
    static LinkSnapshot of(RtNetlink netlink, Link link) {
        return of(
                List.of(link),
                netlink.addresses(link.index()),
                netlink.neighbours(link.index()),
                ownRoutes(netlink, link.index()));
    }

    private static LinkSnapshot of(
            List<Link> links, List<LinkAddress> addresses, List<Neighbour> neighbours, List<Route> routes) {
        return new LinkSnapshot(
                links.stream().collect(Collectors.toMap(Link::name, Function.identity(), (a, b) -> b)),
                addresses.stream().collect(Collectors.groupingBy(LinkAddress::linkIndex)),
                neighbours.stream().collect(Collectors.groupingBy(Neighbour::linkIndex)),
                routes.stream()
                        .filter(route -> !route.nextHops().isEmpty())
                        .collect(Collectors.groupingBy(
                                route -> route.nextHops().get(0).linkIndex())));
    }

    private static List<Route> ownRoutes(RtNetlink netlink, int linkIndex) {
        List<Route> routes = new ArrayList<>();
        for (IpVersion version : IpVersion.values()) {
            RouteFilter ours = RouteFilter.main(version).ofProtocol(WorkloadLinks.ROUTE_PROTOCOL);
            routes.addAll(netlink.routes(ours.throughLink(linkIndex)));
        }
        return routes;
    }

    List<LinkAddress> addressesOf(Link link) {
        return addresses.getOrDefault(link.index(), List.of());
    }

    List<Neighbour> neighboursOf(Link link) {
        return neighbours.getOrDefault(link.index(), List.of());
    }

    List<Route> routesOf(Link link) {
        return routes.getOrDefault(link.index(), List.of());
    }
}
