package io.calico.dataplane.linux;

import io.calico.dataplane.WorkloadInterface;
import io.calico.dataplane.linux.netlink.Link;
import io.calico.dataplane.linux.netlink.LinkAddress;
import io.calico.dataplane.linux.netlink.NextHop;
import io.calico.dataplane.linux.netlink.Route;
import io.calico.dataplane.linux.netlink.RouteFilter;
import io.calico.dataplane.linux.netlink.RouteType;
import io.calico.dataplane.linux.netlink.RtNetlink;
import io.calico.dataplane.linux.netlink.Scope;
import io.calico.model.net.IpAddress;
import io.calico.model.net.IpVersion;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * How this host is connected to the rest of the world, as it was at one moment: which links lead there, and which
 * addresses it has of its own. Immutable.
 */
final class Uplinks {
    /** Wired, wireless, mobile, serial and InfiniBand hardware, under the names that Linux gives. */
    private static final Pattern HARDWARE = Pattern.compile("((en|wl|ww|sl|ib)[opsx].*|(eth|wlan|wwan).*)");

    private static final Set<String> TUNNELS = Set.of(VxlanDevice.NAME, IpIpDevice.NAME);

    private static final int DEFAULT_MTU = 1500;

    private final Map<Integer, Link> links;
    private final List<LinkAddress> addresses;
    /** Of the main table, except our own. */
    private final List<Route> routes;

    private final List<Route> defaultRoutes;
    private final Set<IpAddress> nodeAddresses;
    private final Map<IpVersion, Optional<IpAddress>> sources;

    /**
     * From what the kernel says.
     *
     * @param nodeAddresses the addresses that other hosts know this one by; those that are not here are of no effect
     */
    Uplinks(
            Collection<Link> links,
            Collection<LinkAddress> addresses,
            Collection<Route> routes,
            Collection<IpAddress> nodeAddresses) {
        this.links = links.stream().collect(Collectors.toUnmodifiableMap(Link::index, Function.identity()));
        this.addresses = List.copyOf(addresses);
        this.routes = routes.stream()
                .filter(route -> route.protocol() != WorkloadLinks.ROUTE_PROTOCOL)
                .toList();
        this.defaultRoutes = this.routes.stream()
                .filter(route -> route.destination().prefixLength() == 0)
                .filter(route -> !route.nextHops().isEmpty())
                .sorted(Comparator.comparingInt(route -> route.metric().orElse(0)))
                .toList();
        this.nodeAddresses = Set.copyOf(nodeAddresses);
        this.sources = Map.of(IpVersion.V4, findSource(IpVersion.V4), IpVersion.V6, findSource(IpVersion.V6));
    }

    /** Whether the name is one that Linux gives to network hardware. */
    static boolean isHardware(String name) {
        return HARDWARE.matcher(name).matches();
    }

    /** Asks the kernel. */
    static Uplinks read(RtNetlink netlink, Collection<IpAddress> nodeAddresses) {
        List<Route> routes = Stream.of(IpVersion.values())
                .flatMap(version -> netlink.routes(RouteFilter.main(version)).stream())
                .toList();
        return new Uplinks(netlink.links(), netlink.addresses(), routes, nodeAddresses);
    }

    /** The links that a default route uses or that carry an address of the node, by name. */
    Set<String> names() {
        return uplinks().map(Link::name).collect(Collectors.toCollection(TreeSet::new));
    }

    private Stream<Link> uplinks() {
        Stream<Integer> byRoute = defaultRoutes.stream()
                .flatMap(route -> route.nextHops().stream())
                .map(NextHop::linkIndex);
        Stream<Integer> byAddress = addresses.stream()
                .filter(address -> nodeAddresses.contains(address.address().address()))
                .map(LinkAddress::linkIndex);
        return Stream.concat(byRoute, byAddress)
                .distinct()
                .flatMap(index -> Optional.ofNullable(links.get(index)).stream());
    }

    /** Those whose IPv6 default route was learnt from a router advertisement, by name. */
    Set<String> namesWithRouterAdvertisements() {
        return defaultRoutes.stream()
                .filter(route -> route.destination().version() == IpVersion.V6 && isAdvertised(route))
                .flatMap(route -> route.nextHops().stream())
                .flatMap(hop -> Optional.ofNullable(links.get(hop.linkIndex())).stream())
                .map(Link::name)
                .collect(Collectors.toCollection(TreeSet::new));
    }

    /** RTPROT_RA if something in user space listens to advertisements, RTPROT_KERNEL or RTPROT_RA if the kernel does. */
    private static boolean isAdvertised(Route route) {
        return route.protocol() == 9 || route.protocol() == 2;
    }

    /** The uplinks with an IPv4 address of which the link-local network 169.254.0.0/16 is a part, by name. */
    Set<String> namesWithLinkLocalNetwork() {
        Set<Integer> indexes = addresses.stream()
                .filter(address -> address.address().network().toString().startsWith("169.254."))
                .map(LinkAddress::linkIndex)
                .collect(Collectors.toSet());
        return uplinks()
                .filter(link -> indexes.contains(link.index()))
                .map(Link::name)
                .collect(Collectors.toCollection(TreeSet::new));
    }

    /**
     * The source address that this host uses towards its workloads: its node address if it has that; else the one that
     * it uses towards the rest of the world; else any that is valid beyond one link; else empty.
     */
    Optional<IpAddress> source(IpVersion version) {
        return sources.getOrDefault(version, Optional.empty());
    }

    private Optional<IpAddress> findSource(IpVersion version) {
        List<LinkAddress> candidates = addresses.stream()
                .filter(address -> address.address().version() == version)
                .filter(address -> address.scope().equals(Scope.GLOBAL))
                .filter(address -> !isOurs(address.linkIndex()))
                .toList();
        Set<IpAddress> own = candidates.stream().map(Uplinks::ip).collect(Collectors.toSet());
        List<Route> routes = defaultRoutes.stream()
                .filter(route -> route.destination().version() == version)
                .toList();
        Stream<IpAddress> preferred = routes.stream()
                .flatMap(route -> route.preferredSource().stream())
                .filter(own::contains);
        Stream<IpAddress> onUplink = routes.stream()
                .flatMap(route -> route.nextHops().stream())
                .flatMap(hop -> candidates.stream().filter(address -> address.linkIndex() == hop.linkIndex()))
                .map(Uplinks::ip);
        return Stream.of(
                        candidates.stream().map(Uplinks::ip).filter(nodeAddresses::contains),
                        preferred,
                        onUplink,
                        candidates.stream().map(Uplinks::ip))
                .flatMap(Function.identity())
                .findFirst();
    }

    /** Whether the address is one of this host. */
    boolean isOwn(IpAddress address) {
        return addresses.stream().anyMatch(own -> ip(own).equals(address));
    }

    /** The link that has the address. */
    Optional<Link> linkOf(IpAddress address) {
        return addresses.stream()
                .filter(own -> ip(own).equals(address))
                .flatMap(own -> Optional.ofNullable(links.get(own.linkIndex())).stream())
                .findFirst();
    }

    /**
     * The link on which a neighbour with that address is, by the longest match in the main table; empty if a router leads
     * there, or nothing.
     */
    OptionalInt onLink(IpAddress address) {
        return routes.stream()
                .filter(route -> route.destination().contains(address))
                .min(Comparator.<Route>comparingInt(
                                route -> -route.destination().prefixLength())
                        .thenComparingInt(route -> route.metric().orElse(0)))
                .filter(route ->
                        route.type() == RouteType.UNICAST && route.nextHops().size() == 1)
                .map(route -> route.nextHops().get(0))
                .filter(hop -> hop.gateway().isEmpty() && !isOurs(hop.linkIndex()))
                .map(hop -> OptionalInt.of(hop.linkIndex()))
                .orElse(OptionalInt.empty());
    }

    private static IpAddress ip(LinkAddress address) {
        return address.address().address();
    }

    /** Whether the link is a workload's or a tunnel of ours. */
    private boolean isOurs(int index) {
        Link link = links.get(index);
        return link != null && (link.name().startsWith(WorkloadInterface.PREFIX) || TUNNELS.contains(link.name()));
    }

    /**
     * The largest packet that leaves this host whole through whichever uplink, in bytes: the smallest MTU of the uplinks
     * and of all network hardware that is up; 1500 if there is none.
     */
    int mtuBytes() {
        Stream<Link> hardware = links.values().stream().filter(link -> link.isUp() && isHardware(link.name()));
        return Stream.concat(uplinks(), hardware).mapToInt(Link::mtuBytes).min().orElse(DEFAULT_MTU);
    }
}
