package io.calico.dataplane.linux;

import io.calico.dataplane.DataplaneException;
import io.calico.dataplane.linux.netlink.NetlinkException;
import io.calico.dataplane.linux.netlink.Request;
import io.calico.dataplane.linux.netlink.Route;
import io.calico.dataplane.linux.netlink.RouteFilter;
import io.calico.dataplane.linux.netlink.RtNetlink;
import io.calico.dataplane.routes.OwnTunnels;
import io.calico.dataplane.routes.Peer;
import io.calico.dataplane.routes.RouteChanges;
import io.calico.dataplane.routes.WantedRoute;
import io.calico.model.VxlanTunnel;
import io.calico.model.net.Cidr;
import io.calico.model.net.IpAddress;
import io.calico.model.net.IpVersion;
import io.calico.policy.AddressSet;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The routes to other hosts' blocks and the blackholes of this host's own, in the main table, with protocol {@value
 * WorkloadLinks#ROUTE_PROTOCOL}. What a former process wrote is recognised by that number and having a gateway or being a
 * blackhole, and stays unless it is not wanted: traffic goes on over a restart.
 *
 * <p>Changes are written as differences, many in one message to the kernel; a look at everything lists the kernel's routes
 * once. Confined to one thread at a time, except {@link #written} and {@link #problems}.
 *
 * <p>Which hosts may send through the VXLAN tunnel follows from the same records. Whoever filters is told before this host
 * can be reached by a new one's replies, and after a former one was let go.
 */
final class HostRoutes implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(HostRoutes.class);
    /** So many are named in a line of the log or of the status. */
    private static final int MOST_NAMED = 5;

    private final RtNetlink netlink;
    private final WrittenRoutes written = new WrittenRoutes();
    private final Map<Cidr, WantedRoute> wanted = new TreeMap<>();
    private final Map<String, Set<Cidr>> byHost = new HashMap<>();
    private final Map<String, Peer> peers = new HashMap<>();
    /** Hosts to which a route is wanted and cannot be, by the reason. */
    private final Map<Cidr, String> unreachable = new HashMap<>();

    private final Tunnels tunnels;
    /** Until the first records come: what a former process left, so that its hosts' packets go on. */
    private AddressSet tunnelHosts;

    private Uplinks uplinks;
    private OwnTunnels ownTunnels = OwnTunnels.NONE;
    private boolean isFirst = true;
    private boolean allAreDue = true;
    private volatile List<String> problems = List.of();

    HostRoutes(RtNetlink netlink, Sysctls sysctls, Uplinks uplinks) {
        this.netlink = netlink;
        this.tunnels = new Tunnels(netlink, sysctls);
        this.uplinks = uplinks;
        this.tunnelHosts = VxlanDevice.hosts(netlink);
    }

    /** The hosts that may send through the VXLAN tunnel at present. */
    AddressSet tunnelHosts() {
        return tunnelHosts;
    }

    /** What is written; for whoever listens to the kernel. */
    WrittenRoutes written() {
        return written;
    }

    /** What is written on the VXLAN link; for whoever listens to the kernel. */
    WrittenTunnel writtenTunnel() {
        return tunnels.written();
    }

    /** The host's own links, addresses or routes may have changed. */
    void setUplinks(Uplinks now) {
        uplinks = now;
        allAreDue = true;
    }

    /**
     * Writes what has changed.
     *
     * @param areSuspected another program may have changed what was written
     * @param filter takes the hosts that may send through the tunnel. If it refuses, routes are written all the same
     * @throws DataplaneException if the kernel or the filter refuses something
     */
    void apply(RouteChanges changes, boolean areSuspected, Consumer<AddressSet> filter) {
        Set<Cidr> touched = fold(changes);
        boolean isLookDue = areSuspected || allAreDue;
        if (touched.isEmpty()
                && changes.peers().isEmpty()
                && !isLookDue
                && changes.tunnels().equals(ownTunnels)) {
            return;
        }
        boolean areAllTouched = allAreDue;
        // Until it is done, the next call must look at everything.
        allAreDue = true;
        ownTunnels = changes.tunnels();
        AddressSet wantedHosts = wantedTunnelHosts();
        Optional<DataplaneException> refusal = tell(filter, union(tunnelHosts, wantedHosts));
        try {
            areAllTouched |= tunnels.prepare(changes.tunnels(), changes.peers(), uplinks, isLookDue);
            if (areAllTouched) {
                touched.addAll(wanted.keySet());
            }
            Plan plan = resolve(touched);
            execute(isLookDue ? compare(areSuspected) : plan);
            tunnels.finish();
        } catch (NetlinkException e) {
            throw new DataplaneException.Refused(
                    "write routes", "to other hosts", e.errno(), String.valueOf(e.getMessage()), e);
        } finally {
            problems = describeProblems();
        }
        if (refusal.isEmpty()) {
            refusal = tell(filter, wantedHosts);
        }
        if (refusal.isPresent()) {
            throw refusal.get();
        }
        isFirst = false;
        allAreDue = false;
    }

    private AddressSet wantedTunnelHosts() {
        if (!ownTunnels.usesVxlan()) {
            return AddressSet.empty();
        }
        // Also one that this host has no way to: what it sends is as good as that of others.
        return AddressSet.copyOf(peers.values().stream()
                .flatMap(peer -> peer.vxlan().stream())
                .map(VxlanTunnel::host)
                .toList());
    }

    private static AddressSet union(AddressSet before, AddressSet added) {
        AddressSet all = before;
        for (IpAddress address : added) {
            all = all.with(address);
        }
        return all;
    }

    private Optional<DataplaneException> tell(Consumer<AddressSet> filter, AddressSet hosts) {
        if (hosts.equals(tunnelHosts)) {
            return Optional.empty();
        }
        try {
            filter.accept(hosts);
            tunnelHosts = hosts;
            return Optional.empty();
        } catch (DataplaneException e) {
            return Optional.of(e);
        }
    }

    private Set<Cidr> fold(RouteChanges changes) {
        Set<Cidr> touched = new HashSet<>(changes.routes().keySet());
        changes.routes().forEach((destination, now) -> {
            WantedRoute before = now.isPresent() ? wanted.put(destination, now.get()) : wanted.remove(destination);
            if (before instanceof WantedRoute.ToHost to) {
                byHost.computeIfPresent(to.host(), (host, all) -> {
                    all.remove(destination);
                    return all.isEmpty() ? null : all;
                });
            }
            if (now.isPresent() && now.get() instanceof WantedRoute.ToHost to) {
                byHost.computeIfAbsent(to.host(), host -> new TreeSet<>()).add(destination);
            }
        });
        changes.peers().forEach((host, now) -> {
            now.ifPresentOrElse(peer -> peers.put(host, peer), () -> peers.remove(host));
            touched.addAll(byHost.getOrDefault(host, Set.of()));
        });
        return touched;
    }

    /** Changes in the order in which they are made. Of what is deleted it is no matter if it is gone already. */
    private record Plan(List<Request> deletions, List<Request> replacements, List<Request> lateDeletions) {
        Plan() {
            this(new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
        }
    }

    /** Notes what shall be, and returns what brings the kernel there if it has what was written. */
    private Plan resolve(Set<Cidr> destinations) {
        RouteResolver resolver = new RouteResolver(uplinks, tunnels.vxlan(), tunnels.ipIp());
        Plan plan = new Plan();
        for (Cidr destination : destinations) {
            Optional<Route> before = written.find(destination);
            Optional<Route> now = resolve(resolver, destination);
            if (!now.equals(before)) {
                written.set(destination, now);
                boolean differsInType = before.isPresent()
                        && now.isPresent()
                        && before.get().type() != now.get().type();
                if (before.isPresent() && (now.isEmpty() || differsInType)) {
                    plan.deletions().add(Request.deleteRoute(before.get()));
                }
                now.ifPresent(route -> plan.replacements().add(Request.replaceRoute(route)));
            }
        }
        return plan;
    }

    private Optional<Route> resolve(RouteResolver resolver, Cidr destination) {
        unreachable.remove(destination);
        WantedRoute want = wanted.get(destination);
        if (want == null) {
            return Optional.empty();
        }
        Peer peer = want instanceof WantedRoute.ToHost to ? peers.getOrDefault(to.host(), Peer.UNKNOWN) : Peer.UNKNOWN;
        RouteResolver.Resolution resolution = resolver.resolve(destination, want, peer);
        if (resolution.route().isEmpty()) {
            unreachable.put(destination, resolution.whyNot());
        }
        return resolution.route();
    }

    /** What brings the kernel from what it has to what is noted. */
    private Plan compare(boolean isDrift) {
        Set<Cidr> present = new HashSet<>();
        List<Route> stale = new ArrayList<>();
        for (Route route : ownRoutes(netlink)) {
            Optional<Route> shall = written.find(route.destination());
            if (shall.isPresent() && WrittenRoutes.isSame(shall.get(), route)) {
                present.add(route.destination());
            } else {
                stale.add(route);
            }
        }
        List<Route> missing = written.all().stream()
                .filter(route -> !present.contains(route.destination()))
                .toList();
        report(missing, stale, isDrift);
        Plan plan = new Plan();
        // One of another type is not replaced but joined by the new one, and a later deletion might hit either.
        stale.forEach(route -> (isReplaced(route) ? plan.lateDeletions() : plan.deletions()).add(deletion(route)));
        missing.forEach(route -> plan.replacements().add(Request.replaceRoute(route)));
        return plan;
    }

    private boolean isReplaced(Route stale) {
        return written.find(stale.destination())
                .filter(route -> route.type() == stale.type())
                .isPresent();
    }

    /** IPv6's blackholes are listed with the loopback as their link. */
    private static Request deletion(Route route) {
        return Request.deleteRoute(
                route.type().hasNextHop()
                        ? route
                        : Route.builder().from(route).nextHops(List.of()).build());
    }

    private void report(List<Route> missing, List<Route> stale, boolean isDrift) {
        if (isFirst) {
            LOG.info(
                    "{} routes to other hosts and blackholes: {} are missing, {} of a former process are not wanted",
                    written.all().size(),
                    missing.size(),
                    stale.size());
        } else if (isDrift && !(missing.isEmpty() && stale.isEmpty())) {
            LOG.warn(
                    "routes to other hosts were changed by another program, or went with a link, and are made right: {} missing {}, {} not wanted {}",
                    missing.size(),
                    some(missing),
                    stale.size(),
                    some(stale));
        }
    }

    private static List<?> some(Collection<?> all) {
        return all.stream().limit(MOST_NAMED).toList();
    }

    private void execute(Plan plan) {
        delete(netlink, plan.deletions());
        netlink.execute(plan.replacements());
        delete(netlink, plan.lateDeletions());
    }

    /** Of what is gone already it is no matter. */
    static void delete(RtNetlink netlink, List<Request> deletions) {
        for (NetlinkException failure : netlink.tryExecute(deletions)) {
            if (!failure.isAbsent()) {
                throw failure;
            }
        }
    }

    private static List<Route> ownRoutes(RtNetlink netlink) {
        List<Route> routes = new ArrayList<>();
        for (IpVersion version : IpVersion.values()) {
            netlink.routes(RouteFilter.main(version).ofProtocol(WorkloadLinks.ROUTE_PROTOCOL)).stream()
                    .filter(WrittenRoutes::isOurs)
                    .forEach(routes::add);
        }
        return routes;
    }

    /** Removes all routes of this kind and the VXLAN link, whoever made them. */
    static void removeAll(RtNetlink netlink) {
        delete(netlink, ownRoutes(netlink).stream().map(HostRoutes::deletion).toList());
        VxlanDevice.delete(netlink);
    }

    private List<String> describeProblems() {
        Map<String, Set<String>> hosts = new TreeMap<>();
        unreachable.forEach((destination, reason) -> {
            if (wanted.get(destination) instanceof WantedRoute.ToHost to) {
                hosts.computeIfAbsent(reason, key -> new TreeSet<>()).add(to.host());
            }
        });
        List<String> lines = new ArrayList<>(tunnels.problems());
        hosts.forEach(
                (reason, names) -> lines.add("no route to " + names.size() + (names.size() == 1 ? " host " : " hosts ")
                        + some(names) + (names.size() > MOST_NAMED ? " and others" : "") + ": " + reason));
        return List.copyOf(lines);
    }

    /** Which hosts cannot be reached, and why, in words for an operator. From any thread. */
    List<String> problems() {
        return problems;
    }

    @Override
    public void close() {
        netlink.close();
    }
}
