package io.calico.dataplane.linux;

import io.calico.dataplane.WorkloadInterface;
import io.calico.dataplane.linux.netlink.Link;
import io.calico.dataplane.linux.netlink.LinkAddress;
import io.calico.dataplane.linux.netlink.LinkSettings;
import io.calico.dataplane.linux.netlink.Neighbour;
import io.calico.dataplane.linux.netlink.Request;
import io.calico.dataplane.linux.netlink.Route;
import io.calico.model.net.IpAddress;
import io.calico.model.net.IpNet;
import io.calico.model.net.IpVersion;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/**
 * What is not as it shall be on the host side of one pair, and the way there. Only what differs is changed, so that what a
 * running workload sends goes on. Confined to one thread while it is made, then immutable.
 *
 * <p>The order of the parts is the kernel's: with its Ethernet address a link forgets its neighbours, and a link that is
 * down takes no routes.
 */
final class HostSideDiff {
    private final List<Request> requests = new ArrayList<>();
    private final List<Request> routeRequests = new ArrayList<>();
    private final List<String> words = new ArrayList<>();
    private final Set<IpAddress> released = new LinkedHashSet<>();
    private boolean settingsDiffer;

    private HostSideDiff() {}

    /**
     * Compares.
     *
     * @param link the host side as it is
     * @param snapshot has everything of the link
     * @param wantedRoutes those that shall lead through the link
     */
    static HostSideDiff of(WorkloadInterface workload, Link link, LinkSnapshot snapshot, List<Route> wantedRoutes) {
        HostSideDiff diff = new HostSideDiff();
        diff.compareSettings(link);
        boolean macDiffers = !link.mac().equals(Optional.of(WorkloadInterface.HOST_MAC));
        diff.compareLink(link, macDiffers);
        diff.compareAddresses(workload, link, snapshot.addressesOf(link));
        diff.compareNeighbours(workload, link, macDiffers ? List.of() : snapshot.neighboursOf(link));
        if (!link.isUp()) {
            diff.words.add("it was down");
            diff.requests.add(Request.changeLink(link.index(), LinkSettings.up(true)));
        }
        diff.compareRoutes(workload, snapshot.routesOf(link), wantedRoutes);
        return diff;
    }

    /** Whether a host side's own settings are as they shall be, as far as the kernel tells. */
    static boolean hasWantedSettings(Link link) {
        return is(link.forwarding4(), 1)
                && is(link.proxyArp(), 0)
                && is(link.forwarding6(), 1)
                && is(link.acceptRouterAdvertisements(), 0);
    }

    private static boolean is(OptionalInt value, int wanted) {
        return value.isEmpty() || value.getAsInt() == wanted;
    }

    private void compareSettings(Link link) {
        // A kernel that does not tell is asked by way of /proc.
        settingsDiffer = link.forwarding4().isEmpty() || !hasWantedSettings(link);
        if (!hasWantedSettings(link)) {
            words.add("settings of IP were changed");
        }
    }

    private void compareLink(Link link, boolean macDiffers) {
        if (macDiffers || link.group() != WorkloadLinks.LIVE_GROUP) {
            words.add(macDiffers ? "its MAC was changed" : "its group was changed");
            requests.add(Request.changeLink(
                    link.index(),
                    LinkSettings.builder()
                            .mac(WorkloadInterface.HOST_MAC)
                            .group(WorkloadLinks.LIVE_GROUP)
                            .build()));
        }
    }

    private void compareAddresses(WorkloadInterface workload, Link link, List<LinkAddress> present) {
        LinkAddress wanted = WorkloadLinks.gateway(link, workload);
        if (!present.contains(wanted)) {
            words.add("address " + workload.gateway4() + " was gone");
            requests.add(Request.addAddress(wanted));
        }
        for (LinkAddress address : present) {
            IpNet net = address.address();
            if (net.version() == IpVersion.V4 && !address.equals(wanted)) {
                words.add("it had address " + net);
                requests.add(Request.removeAddress(address));
            }
        }
    }

    private void compareNeighbours(WorkloadInterface workload, Link link, List<Neighbour> present) {
        Set<Neighbour> known = new HashSet<>(present);
        for (IpAddress address : workload.addresses()) {
            Neighbour wanted = new Neighbour(link.index(), address, Optional.of(workload.containerMac()), true);
            if (!known.contains(wanted)) {
                words.add("neighbour " + address + " was gone or another");
                requests.add(Request.setNeighbour(link.index(), address, workload.containerMac()));
            }
        }
        for (Neighbour neighbour : present) {
            if (neighbour.isPermanent() && !workload.addresses().contains(neighbour.address())) {
                words.add("it had neighbour " + neighbour.address());
                requests.add(Request.removeNeighbour(link.index(), neighbour.address()));
            }
        }
    }

    private void compareRoutes(WorkloadInterface workload, List<Route> present, List<Route> wanted) {
        for (Route route : present) {
            IpAddress address = route.destination().first();
            if (!route.destination().isSingleAddress() || !workload.addresses().contains(address)) {
                words.add("it had route " + route.destination());
                routeRequests.add(Request.deleteRoute(route));
                released.add(address);
            }
        }
        for (Route route : wanted) {
            if (present.stream().noneMatch(other -> isSame(route, other))) {
                words.add("route " + route.destination() + " was gone or another");
                routeRequests.add(Request.replaceRoute(route));
            }
        }
    }

    /** As far as we choose what a route is; the kernel adds a metric. */
    private static boolean isSame(Route wanted, Route present) {
        return wanted.destination().equals(present.destination())
                && wanted.type() == present.type()
                && wanted.scope().equals(present.scope())
                && wanted.preferredSource().equals(present.preferredSource())
                && present.nextHops().size() == 1
                && present.nextHops().get(0).linkIndex()
                        == wanted.nextHops().get(0).linkIndex()
                && present.nextHops().get(0).gateway().isEmpty();
    }

    boolean isEmpty() {
        return words.isEmpty() && !settingsDiffer;
    }

    /** Whether the settings below {@code /proc/sys} must be looked at, and written where they differ. */
    boolean settingsDiffer() {
        return settingsDiffer;
    }

    /** To be carried out in this order, before the routes. */
    List<Request> requests() {
        return requests;
    }

    List<Request> routeRequests() {
        return routeRequests;
    }

    /** What was not as it shall be, for an operator. */
    List<String> words() {
        return words;
    }

    /** Addresses that were routed to this link and shall not be. */
    Set<IpAddress> released() {
        return released;
    }
}
