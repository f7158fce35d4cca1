package io.calico.dataplane.linux;

import io.calico.dataplane.DataplaneException;
import io.calico.dataplane.WorkloadInterface;
import io.calico.dataplane.linux.netlink.Link;
import io.calico.dataplane.linux.netlink.LinkAddress;
import io.calico.dataplane.linux.netlink.LinkSettings;
import io.calico.dataplane.linux.netlink.NetlinkException;
import io.calico.dataplane.linux.netlink.NextHop;
import io.calico.dataplane.linux.netlink.Request;
import io.calico.dataplane.linux.netlink.Route;
import io.calico.dataplane.linux.netlink.RtNetlink;
import io.calico.dataplane.linux.netlink.Scope;
import io.calico.model.net.Cidr;
import io.calico.model.net.IpAddress;
import io.calico.model.net.IpNet;
import io.calico.model.net.IpVersion;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The veth pairs that connect workloads, with all that the host side needs.
 *
 * <pre>
 *   host                                                            workload's sandbox
 *   10.65.0.2/32 dev cali… scope link src 172.30.0.10 proto 80      (set up by whoever starts it)
 *        │
 *   cali0123456789a ───────────────── veth ───────────────── tmp0123456789a, later renamed
 *   02:ca:11:c0:00:01, up, group live                         ee:ee:ee:ee:ee:ee, left down
 *   169.254.1.1/32 scope link: the workload's next hop        10.65.0.2/32
 *   10.65.0.2 lladdr ee:ee:ee:ee:ee:ee permanent
 * </pre>
 *
 * The gateway is a real address of every host side, so it answers without proxy ARP and without a default route. It is
 * also why the routes name a source: without one the host would speak to its workloads as 169.254.1.1.
 *
 * <p>A link goes up only after its settings are made, and gets its routes only after it is up, since the kernel refuses
 * them before. Policy must be there before {@link #add}; this class knows none.
 *
 * <p>A removed link is down, and without routes, at once. It moves to the group of the dead, which a {@link LinkReaper}
 * deletes; the group of the living is never deleted. Links that a killed process left among the dead go at the next
 * start.
 *
 * <p>Bound to the network namespace of the thread that opened it; confined to one thread at a time, in that namespace.
 */
public final class WorkloadLinks implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(WorkloadLinks.class);

    /** Protocol number of every route written here; routes with it and without a workload are stale. */
    public static final int ROUTE_PROTOCOL = 80;

    /** The link group of host sides in use. */
    public static final int LIVE_GROUP = 0xca11c0;

    /** The link group of host sides that wait for deletion. */
    public static final int DEAD_GROUP = 0xca11c1;

    /**
     * Long enough for the engine to take back the other end of a link that was just removed. A deletion before that would save the
     * engine 15 ms, but it keeps what it could not take back among the interfaces of the container: after {@code docker
     * network disconnect} there are no more statistics of that container.
     */
    private static final Duration DELETION_DELAY = Duration.ofMillis(100);

    /** Up to so many links are asked for one by one; to list a thousand takes as long as to ask for some ten. */
    private static final int FEW = 8;

    private final RtNetlink netlink;
    private final Sysctls sysctls;
    private final LinkReaper reaper;
    private final Set<IpAddress> nodeAddresses;
    /**
     * Names of links that were handed to the reaper and not made again since: an engine asks for the removal of the same link
     * several times, and each look at it would wait for the deletion that is under way. Forgotten with each look at the host.
     */
    private final Set<String> dead = new HashSet<>();

    private Uplinks uplinks;

    private WorkloadLinks(RtNetlink netlink, Sysctls sysctls, LinkReaper reaper, Collection<IpAddress> nodeAddresses) {
        this.netlink = netlink;
        this.sysctls = sysctls;
        this.reaper = reaper;
        this.nodeAddresses = Set.copyOf(nodeAddresses);
        this.uplinks = Uplinks.read(netlink, nodeAddresses);
    }

    /**
     * Connects to the kernel and starts the thread that deletes dead links.
     *
     * @param nodeAddresses the addresses that other hosts know this one by; may be empty
     * @throws DataplaneException.Unavailable if the kernel or the native library cannot be reached
     */
    public static WorkloadLinks open(Collection<IpAddress> nodeAddresses) {
        List<RtNetlink> opened = new ArrayList<>();
        try {
            opened.add(RtNetlink.open());
            opened.add(RtNetlink.open());
            LinkReaper reaper = new LinkReaper(opened.get(1), DEAD_GROUP, DELETION_DELAY);
            WorkloadLinks links = new WorkloadLinks(opened.get(0), Sysctls.ofHost(), reaper, nodeAddresses);
            reaper.start();
            reaper.wake();
            return links;
        } catch (NetlinkException | LinkageError | UnsupportedOperationException e) {
            opened.forEach(RtNetlink::close);
            throw new DataplaneException.Unavailable("open", "rtnetlink", rootMessage(e), e);
        }
    }

    /** Why a class cannot be used is told by the innermost cause. */
    private static String rootMessage(Throwable error) {
        Throwable root = error;
        while (root.getCause() != null) {
            root = root.getCause();
        }
        return String.valueOf(root.getMessage());
    }

    /**
     * Connects a workload. If its pair is there already, what differs is made right; the container side only as long as
     * it has not been moved. All or nothing: after an exception nothing is left of a pair that this call made.
     *
     * <p>A route to one of the addresses over another link is replaced: the newest wins.
     *
     * @return the number of its host side
     * @throws DataplaneException.Refused if the kernel refuses a step, or a foreign interface has one of the names
     */
    public int add(WorkloadInterface workload) {
        dead.remove(workload.hostName());
        try {
            Optional<Link> created = createPair(workload);
            Optional<Link> existing = created.isPresent() ? created : netlink.findLink(workload.hostName());
            if (existing.isEmpty()) {
                // A dead one that is gone by now, or the other name is not free.
                created = createPair(workload);
                existing = created;
            }
            if (created.isPresent()) {
                return created.get().index();
            }
            if (existing.isEmpty()) {
                throw refused(
                        "connect workload",
                        workload.hostName(),
                        "another interface is called " + workload.containerName()
                                + ", as its container side should be");
            }
            Link link = existing.get();
            requireVeth(link);
            if (link.group() == DEAD_GROUP) {
                deleteDead(link);
                return createPair(workload)
                        .orElseThrow(() -> refused(
                                "connect workload", workload.hostName(), "its interface appears again and again"))
                        .index();
            }
            repairContainerSide(link, workload);
            repairHostSide(link, workload);
            return link.index();
        } catch (NetlinkException e) {
            throw refused("connect workload", workload.hostName(), e);
        }
    }

    /** Which the reaper may do at the same moment. */
    private void deleteDead(Link link) {
        try {
            netlink.execute(Request.deleteLink(link.index()));
        } catch (NetlinkException e) {
            if (!e.isAbsent()) {
                throw e;
            }
        }
    }

    /** Makes and configures the pair; or, if one of the names is in use, does nothing and returns nothing. */
    private Optional<Link> createPair(WorkloadInterface workload) {
        Link link;
        try {
            link = netlink.createVeth(hostSide(workload), containerSide(workload));
        } catch (NetlinkException e) {
            if (!e.isPresent()) {
                throw e;
            }
            return Optional.empty();
        }
        try {
            configure(link, workload);
            return Optional.of(link);
        } catch (RuntimeException e) {
            undo(link, e);
            throw e;
        }
    }

    private static LinkSettings hostSide(WorkloadInterface workload) {
        return LinkSettings.builder()
                .name(workload.hostName())
                .mac(WorkloadInterface.HOST_MAC)
                .mtuBytes(workload.mtuBytes())
                .group(LIVE_GROUP)
                .build();
    }

    private static LinkSettings containerSide(WorkloadInterface workload) {
        return LinkSettings.builder()
                .name(workload.containerName())
                .mac(workload.containerMac())
                .mtuBytes(workload.mtuBytes())
                .build();
    }

    private void configure(Link link, WorkloadInterface workload) {
        setSysctls(link);
        List<Request> requests = new ArrayList<>();
        requests.add(Request.addAddress(gateway(link, workload)));
        requests.addAll(neighbours(link, workload));
        requests.add(Request.changeLink(link.index(), LinkSettings.up(true)));
        netlink.execute(requests);
        replaceRoutes(link, workload);
    }

    private void undo(Link link, RuntimeException reason) {
        try {
            netlink.execute(Request.deleteLink(link.index()));
        } catch (NetlinkException e) {
            if (!e.isAbsent()) {
                reason.addSuppressed(e);
            }
        }
    }

    /**
     * Makes the host side of an existing pair right again. Never makes a pair, and leaves the container side alone.
     *
     * @return whether the pair exists
     * @throws DataplaneException.Refused if the kernel refuses a step, or a foreign interface has the name
     */
    public boolean repair(WorkloadInterface workload) {
        Repairs repairs = repairAll(List.of(workload));
        for (DataplaneException failure : repairs.failures().values()) {
            throw failure;
        }
        return repairs.indexes().containsKey(workload.hostName());
    }

    /**
     * What {@link #repairAll} met with; by host-side names.
     *
     * @param indexes the numbers of those that exist and are right now
     * @param differences what was not right of these, in words; only of those where something was not
     * @param failures why the others could not be made right; what does not exist is in none of the three
     * @param released addresses that were routed to one of them and should not have been
     */
    record Repairs(
            SortedMap<String, Integer> indexes,
            SortedMap<String, List<String>> differences,
            SortedMap<String, DataplaneException> failures,
            Set<IpAddress> released) {
        /** Of one of the workloads whether there is no such interface. */
        boolean isAbsent(String hostName) {
            return !indexes.containsKey(hostName) && !failures.containsKey(hostName);
        }
    }

    /**
     * Makes the host sides of existing pairs right again, each as {@link #repair} does; a failure of one does not keep the
     * others from it. Many are compared with one list of everything, a few are asked for one by one.
     *
     * @throws DataplaneException.Refused if the kernel does not list what there is
     */
    Repairs repairAll(Collection<WorkloadInterface> workloads) {
        Repairs repairs = new Repairs(new TreeMap<>(), new TreeMap<>(), new TreeMap<>(), new HashSet<>());
        Optional<LinkSnapshot> all = Optional.empty();
        if (workloads.size() > FEW) {
            try {
                all = Optional.of(LinkSnapshot.ofAll(netlink));
            } catch (NetlinkException e) {
                throw refused("look at", "all workloads", e);
            }
        }
        for (WorkloadInterface workload : workloads) {
            String name = workload.hostName();
            try {
                Optional<Link> link =
                        all.map(snapshot -> snapshot.links().get(name)).or(() -> netlink.findLink(name));
                if (link.isEmpty() || link.get().group() == DEAD_GROUP) {
                    continue;
                }
                requireVeth(link.get());
                repair(
                        workload,
                        link.get(),
                        all.isPresent() ? all.get() : LinkSnapshot.of(netlink, link.get()),
                        repairs);
                repairs.indexes().put(name, link.get().index());
            } catch (NetlinkException e) {
                // A look that is a moment old may show what is gone by now.
                if (!e.isAbsent() || netlink.findLink(name).isPresent()) {
                    repairs.failures().put(name, refused("repair workload", name, e));
                }
            } catch (DataplaneException e) {
                repairs.failures().put(name, e);
            }
        }
        return repairs;
    }

    private void repair(WorkloadInterface workload, Link link, LinkSnapshot snapshot, Repairs repairs) {
        HostSideDiff diff = HostSideDiff.of(workload, link, snapshot, wantedRoutes(link, workload));
        if (diff.isEmpty()) {
            return;
        }
        if (diff.settingsDiffer()) {
            setSysctls(link);
        }
        netlink.execute(diff.requests());
        if (!link.isUp()) {
            // Its routes went with it, although a list that is older may still have them.
            replaceRoutes(link, workload);
        } else {
            executeRoutes(diff.routeRequests(), link, workload);
        }
        repairs.released().addAll(diff.released());
        if (!diff.words().isEmpty()) {
            repairs.differences().put(workload.hostName(), diff.words());
        }
    }

    private void repairHostSide(Link link, WorkloadInterface workload) {
        Repairs repairs = new Repairs(new TreeMap<>(), new TreeMap<>(), new TreeMap<>(), new HashSet<>());
        repair(workload, link, LinkSnapshot.of(netlink, link), repairs);
    }

    private void repairContainerSide(Link link, WorkloadInterface workload) {
        if (link.isPairedElsewhere() || link.pairedIndex().isEmpty()) {
            return;
        }
        Optional<Link> peer = netlink.findLink(link.pairedIndex().getAsInt());
        if (peer.isPresent() && !peer.get().isUp()) {
            netlink.execute(Request.changeLink(peer.get().index(), containerSide(workload)));
        }
    }

    private void replaceRoutes(Link link, WorkloadInterface workload) {
        executeRoutes(replacements(link, workload), link, workload);
    }

    private void executeRoutes(List<Request> requests, Link link, WorkloadInterface workload) {
        try {
            netlink.execute(requests);
        } catch (NetlinkException e) {
            if (!e.isInvalid()) {
                throw e;
            }
            // The source is an address that the host has lost meanwhile.
            uplinks = Uplinks.read(netlink, nodeAddresses);
            netlink.execute(replacements(link, workload));
        }
    }

    private List<Request> replacements(Link link, WorkloadInterface workload) {
        return wantedRoutes(link, workload).stream().map(Request::replaceRoute).toList();
    }

    private List<Route> wantedRoutes(Link link, WorkloadInterface workload) {
        List<Route> routes = new ArrayList<>();
        for (IpAddress address : workload.addresses()) {
            routes.add(Route.builder()
                    .destination(Cidr.of(address))
                    .addNextHops(NextHop.link(link.index()))
                    .scope(address.isV4() ? Scope.LINK : Scope.GLOBAL)
                    .protocol(ROUTE_PROTOCOL)
                    .preferredSource(uplinks.source(address.version()))
                    .build());
        }
        return routes;
    }

    /** The address that the workload has as its next hop. */
    static LinkAddress gateway(Link link, WorkloadInterface workload) {
        return new LinkAddress(link.index(), IpNet.of(workload.gateway4(), 32), Scope.LINK);
    }

    private static List<Request> neighbours(Link link, WorkloadInterface workload) {
        List<Request> requests = new ArrayList<>();
        for (IpAddress address : workload.addresses()) {
            requests.add(Request.setNeighbour(link.index(), address, workload.containerMac()));
        }
        return requests;
    }

    private void setSysctls(Link link) {
        sysctls.setForLink(IpVersion.V4, link.name(), "forwarding", "1");
        sysctls.setForLink(IpVersion.V4, link.name(), "proxy_arp", "0");
        sysctls.setForLink(IpVersion.V6, link.name(), "forwarding", "1");
        // Even where IPv6 is not used: a workload must not configure the host.
        sysctls.setForLink(IpVersion.V6, link.name(), "accept_ra", "0");
    }

    /**
     * Cuts a workload off: its link is down and without routes when this returns, and deleted, with the other end
     * wherever that is, a little later. Nothing happens if there is no such interface.
     *
     * @throws IllegalArgumentException if the name is not one of a workload's host side
     * @throws DataplaneException.Refused if the kernel refuses, or a foreign interface has the name
     */
    public void remove(String hostName) {
        if (!WorkloadInterface.isHostName(hostName)) {
            throw new IllegalArgumentException("'" + hostName + "' is not the host side of a workload's interface");
        }
        if (dead.contains(hostName)) {
            return;
        }
        try {
            Optional<Link> link = netlink.findLink(hostName);
            if (link.isEmpty()) {
                return;
            }
            requireVeth(link.get());
            LinkSettings downAndDead =
                    LinkSettings.builder().up(false).group(DEAD_GROUP).build();
            netlink.execute(Request.changeLink(link.get().index(), downAndDead));
            dead.add(hostName);
            LOG.debug("interface {} is down and waits for deletion", hostName);
            reaper.wake();
        } catch (NetlinkException e) {
            if (!e.isAbsent()) {
                throw refused("disconnect workload", hostName, e);
            }
        }
    }

    /**
     * Takes the traffic from a workload: its link stays, but is down and therefore without routes, until {@link #repair}.
     * Nothing happens if there is no such interface.
     *
     * @throws DataplaneException.Refused if the kernel refuses, or a foreign interface has the name
     */
    public void suspend(String hostName) {
        try {
            Optional<Link> link = netlink.findLink(hostName);
            if (link.isPresent() && link.get().isUp()) {
                requireVeth(link.get());
                netlink.execute(Request.changeLink(link.get().index(), LinkSettings.up(false)));
            }
        } catch (NetlinkException e) {
            if (!e.isAbsent()) {
                throw refused("suspend workload", hostName, e);
            }
        }
    }

    /**
     * The host-side names of all workload interfaces that are alive, whoever made them. Also looks anew at the host's
     * own links and addresses.
     */
    public Set<String> present() {
        dead.clear();
        uplinks = Uplinks.read(netlink, nodeAddresses);
        Set<String> names = new TreeSet<>();
        for (Link link : netlink.links()) {
            if (WorkloadInterface.isHostName(link.name()) && link.kind().equals("veth") && link.group() != DEAD_GROUP) {
                names.add(link.name());
            }
        }
        return names;
    }

    /** The addresses that are routed to a link; none if it is not there, or removed. */
    Set<IpAddress> addressesRoutedTo(String hostName) {
        Set<IpAddress> addresses = new HashSet<>();
        if (dead.contains(hostName)) {
            return addresses;
        }
        try {
            netlink.findLink(hostName)
                    .map(link -> LinkSnapshot.of(netlink, link).routesOf(link))
                    .orElse(List.of())
                    .forEach(route -> addresses.add(route.destination().first()));
        } catch (NetlinkException e) {
            throw refused("look at workload", hostName, e);
        }
        return addresses;
    }

    /** The links that carry a default route or an address of the node, by name; looked up anew. */
    public Set<String> uplinks() {
        dead.clear();
        uplinks = Uplinks.read(netlink, nodeAddresses);
        return uplinks.names();
    }

    /** How the host is connected to others, as of the last look. */
    Uplinks lastLook() {
        return uplinks;
    }

    /**
     * The largest packet, in bytes, that leaves this host whole through whichever uplink, as far as known since the last
     * look: what a new workload's MTU should be.
     */
    public int mtuBytes() {
        return uplinks.mtuBytes();
    }

    /** Whether the host is a router of both versions, as far as it knows them. */
    boolean forwards() {
        return sysctls.findForHost("net/ipv4/ip_forward").orElse("1").equals("1")
                && sysctls.findForHost("net/ipv6/conf/all/forwarding")
                        .orElse("1")
                        .equals("1");
    }

    /**
     * Makes the host a router. Where it learns its own IPv6 default route from advertisements, it keeps doing so; where
     * an uplink's own network is link-local, it does not answer there for the workloads' gateway.
     *
     * @throws DataplaneException.Refused if the kernel refuses, for example because {@code /proc/sys} is read-only
     */
    public void enableForwarding() {
        uplinks = Uplinks.read(netlink, nodeAddresses);
        sysctls.setForHost("net/ipv4/ip_forward", "1");
        for (String link : uplinks.namesWithLinkLocalNetwork()) {
            sysctls.setForLink(IpVersion.V4, link, "arp_ignore", "1");
        }
        for (String link : uplinks.namesWithRouterAdvertisements()) {
            // A router ignores advertisements, unless told otherwise with a 2; who chose 0 keeps it.
            if (sysctls.findForLink(IpVersion.V6, link, "accept_ra").equals(Optional.of("1"))) {
                sysctls.setForLink(IpVersion.V6, link, "accept_ra", "2");
            }
        }
        sysctls.setForHost("net/ipv6/conf/all/forwarding", "1");
    }

    private static void requireVeth(Link link) {
        if (!link.kind().equals("veth")) {
            throw refused(
                    "use interface",
                    link.name(),
                    "it is not a veth pair but "
                            + (link.kind().isEmpty() ? "a device of another kind" : "a " + link.kind()));
        }
    }

    private static DataplaneException refused(String operation, String object, String reason) {
        return new DataplaneException.Refused(operation, object, 0, reason, null);
    }

    private static DataplaneException refused(String operation, String object, NetlinkException e) {
        return new DataplaneException.Refused(operation, object, e.errno(), String.valueOf(e.getMessage()), e);
    }

    /** Lets go of the kernel; living links stay as they are, dead ones are deleted if that takes less than a second. */
    @Override
    public void close() {
        reaper.close();
        netlink.close();
    }
}
