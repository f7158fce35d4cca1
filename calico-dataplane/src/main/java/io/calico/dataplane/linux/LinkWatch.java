package io.calico.dataplane.linux;

import io.calico.dataplane.WorkloadInterface;
import io.calico.dataplane.linux.netlink.Link;
import io.calico.dataplane.linux.netlink.LinkAddress;
import io.calico.dataplane.linux.netlink.Neighbour;
import io.calico.dataplane.linux.netlink.NetlinkEvent;
import io.calico.dataplane.linux.netlink.NetlinkException;
import io.calico.dataplane.linux.netlink.Route;
import io.calico.dataplane.linux.netlink.Scope;
import io.calico.model.net.Cidr;
import io.calico.model.net.IpVersion;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;

/**
 * Tells which events of rtnetlink mean that something of a workload's host side, or of the host's own links, is not as it
 * was made. What a container's start and end bring about by themselves means nothing: an interface is wanted only after it
 * is complete, and no more before it is taken away; and events of it that come late are compared with what there is now.
 * Confined to one thread.
 */
final class LinkWatch implements NetlinkEvent.Visitor {
    /** IPv6's own network on each link. */
    private static final Cidr LINK_LOCAL = Cidr.parse("fe80::/10");

    private final WantedLinks wanted;
    private final LinkQuery query;
    private final Suspicions suspicions;
    private final Supplier<Set<String>> uplinks;
    private final WrittenRoutes routes;
    private final WrittenTunnel tunnel;
    private final Map<Integer, String> hostLinks = new HashMap<>();

    /**
     * @param uplinks the names of the host's own links that lead to the rest of the world
     * @param routes those to other hosts
     * @param tunnel its other ends
     */
    LinkWatch(
            WantedLinks wanted,
            LinkQuery query,
            Supplier<Set<String>> uplinks,
            WrittenRoutes routes,
            WrittenTunnel tunnel,
            Suspicions suspicions) {
        this.uplinks = uplinks;
        this.routes = routes;
        this.tunnel = tunnel;
        this.wanted = wanted;
        this.query = query;
        this.suspicions = suspicions;
    }

    private void suspect(WantedLinks.Entry entry) {
        suspicions.add(found -> found.links.add(entry.workload().hostName()));
    }

    @Override
    public void link(NetlinkEvent.LinkChange event) {
        if (tunnel.isNews(event)) {
            suspicions.add(found -> found.routes = true);
        }
        // By number: it may have been renamed.
        Optional<WantedLinks.Entry> entry = wanted.find(event.link().index());
        if (entry.isPresent()) {
            String name = entry.get().workload().hostName();
            if ((event.isGone() || !isRight(event.link(), name)) && !isRightNow(entry.get())) {
                suspect(entry.get());
            }
        } else if (!isWorkload(event.link()) && isNews(event)) {
            suspicions.add(found -> found.uplinks = true);
        }
    }

    /** Of the host's own links the MTU matters, and whether they are there and up; not what else changes all the time. */
    private boolean isNews(NetlinkEvent.LinkChange event) {
        Link link = event.link();
        if (!Uplinks.isHardware(link.name()) && !uplinks.get().contains(link.name()) && !routes.useLink(link.index())) {
            return false;
        }
        String state = event.isGone() ? null : link.name() + " " + link.mtuBytes() + " " + link.isUp();
        return !Objects.equals(
                state, state == null ? hostLinks.remove(link.index()) : hostLinks.put(link.index(), state));
    }

    private static boolean isWorkload(Link link) {
        return link.name().startsWith(WorkloadInterface.PREFIX)
                || link.name().startsWith(WorkloadInterface.CONTAINER_PREFIX);
    }

    private static boolean isRight(Link link, String name) {
        return link.name().equals(name)
                && link.isUp()
                && link.group() == WorkloadLinks.LIVE_GROUP
                && link.mac().equals(Optional.of(WorkloadInterface.HOST_MAC));
    }

    private boolean isRightNow(WantedLinks.Entry entry) {
        String name = entry.workload().hostName();
        try {
            return query.find(name)
                    .filter(link -> link.index() == entry.index() && isRight(link, name))
                    .isPresent();
        } catch (NetlinkException e) {
            return false;
        }
    }

    @Override
    public void address(NetlinkEvent.AddressChange event) {
        LinkAddress address = event.address();
        Optional<WantedLinks.Entry> entry = wanted.find(address.linkIndex());
        if (entry.isPresent()) {
            boolean isGateway =
                    address.address().address().equals(entry.get().workload().gateway4());
            if (address.address().version() == IpVersion.V4 && isGateway == event.isGone()) {
                suspect(entry.get());
            }
        } else if (address.scope().equals(Scope.GLOBAL)) {
            suspicions.add(found -> found.uplinks = true);
        }
    }

    @Override
    public void route(NetlinkEvent.RouteChange event) {
        Route route = event.route();
        if (route.table() != Route.TABLE_MAIN) {
            return;
        }
        if (routes.isNews(event)) {
            suspicions.add(found -> found.routes = true);
        }
        if (mayLeadToOthers(route)) {
            suspicions.add(found -> found.uplinks = true);
        }
        if (route.destination().isSingleAddress()) {
            wanted.find(route.destination().first())
                    .filter(entry -> event.isGone() == isOurs(route, entry.index()))
                    .ifPresent(this::suspect);
        }
    }

    /** The default route, and whatever else decides over which link another host is reached. */
    private boolean mayLeadToOthers(Route route) {
        return route.protocol() != WorkloadLinks.ROUTE_PROTOCOL
                && !LINK_LOCAL.contains(route.destination())
                && route.nextHops().stream()
                        .noneMatch(hop -> wanted.find(hop.linkIndex()).isPresent());
    }

    private static boolean isOurs(Route route, int index) {
        return route.protocol() == WorkloadLinks.ROUTE_PROTOCOL
                && route.nextHops().size() == 1
                && route.nextHops().get(0).linkIndex() == index;
    }

    @Override
    public void neighbour(NetlinkEvent.NeighbourChange event) {
        if (tunnel.isNews(event)) {
            suspicions.add(found -> found.routes = true);
        }
        Neighbour neighbour = event.neighbour();
        wanted.find(neighbour.linkIndex())
                .filter(entry -> entry.workload().addresses().contains(neighbour.address()))
                .filter(entry -> event.isGone() || !isRight(neighbour, entry.workload()))
                .ifPresent(this::suspect);
    }

    private static boolean isRight(Neighbour neighbour, WorkloadInterface workload) {
        return neighbour.isPermanent() && neighbour.mac().equals(Optional.of(workload.containerMac()));
    }

    @Override
    public void forwarding(NetlinkEvent.ForwardingChange event) {
        if (tunnel.isNews(event)) {
            suspicions.add(found -> found.routes = true);
        }
    }

    @Override
    public void settings(NetlinkEvent.SettingsChange event) {
        boolean forwardsNoMore = event.forwarding().orElse(1) == 0;
        if (event.linkIndex() == NetlinkEvent.SettingsChange.HOST) {
            if (forwardsNoMore) {
                suspicions.add(found -> found.forwarding = true);
            }
            return;
        }
        boolean isProxy =
                event.version() == IpVersion.V4 && event.proxyNeighbours().orElse(0) != 0;
        if (forwardsNoMore || isProxy) {
            wanted.find(event.linkIndex()).ifPresent(this::suspect);
        }
    }

    @Override
    public void overrun() {
        suspicions.add(found -> {
            found.uplinks = true;
            found.forwarding = true;
            found.allLinks = true;
            found.routes = true;
        });
    }
}
