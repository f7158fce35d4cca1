package io.calico.dataplane.linux;

import io.calico.dataplane.linux.netlink.ForwardingEntry;
import io.calico.dataplane.linux.netlink.Link;
import io.calico.dataplane.linux.netlink.LinkAddress;
import io.calico.dataplane.linux.netlink.LinkSettings;
import io.calico.dataplane.linux.netlink.Neighbour;
import io.calico.dataplane.linux.netlink.NetlinkException;
import io.calico.dataplane.linux.netlink.Request;
import io.calico.dataplane.linux.netlink.RtNetlink;
import io.calico.dataplane.linux.netlink.Scope;
import io.calico.dataplane.linux.netlink.VxlanSettings;
import io.calico.model.VxlanTunnel;
import io.calico.model.net.IpAddress;
import io.calico.model.net.IpNet;
import io.calico.model.net.IpVersion;
import io.calico.policy.AddressSet;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * The link {@value #NAME}, this host's end of the VXLAN tunnel, and what it knows of the other ends.
 *
 * <pre>
 *   for each other end    neighbour   10.65.2.0 lladdr 66:… permanent          the next hop of its host's blocks
 *                         forwarding  66:… dst 172.30.0.2 self permanent       the host that has it
 * </pre>
 *
 * The link learns nothing from packets. Packets that this host itself sends into the tunnel have the link's address as
 * their source, which is one of a pool and so is routed back through the tunnel. Confined to one thread, except {@link
 * #written}.
 */
final class VxlanDevice {
    static final String NAME = "vxlan.calico";

    private final RtNetlink netlink;
    private final Sysctls sysctls;
    private final WrittenTunnel written = new WrittenTunnel();
    /** Of all other hosts, also those that cannot be written now: this host's own end may change. */
    private final Map<String, VxlanTunnel> ends = new HashMap<>();

    private final List<Request> late = new ArrayList<>();
    /** Version of the hosts' addresses between which the link sends; empty until there is one. */
    private Optional<IpVersion> underlayVersion = Optional.empty();

    VxlanDevice(RtNetlink netlink, Sysctls sysctls) {
        this.netlink = netlink;
        this.sysctls = sysctls;
    }

    /** Bytes of each packet that the tunnel takes, by the version of the hosts' addresses. */
    static int overheadBytes(IpVersion version) {
        return version == IpVersion.V4 ? 50 : 70;
    }

    /** What is written; for whoever listens to the kernel. */
    WrittenTunnel written() {
        return written;
    }

    /**
     * Makes the link, or makes it right; its other ends are not there yet if it is new.
     *
     * @return the link's number
     * @throws NetlinkException if the kernel refuses
     */
    int ensure(VxlanTunnel own, Link underlay) {
        VxlanSettings settings = new VxlanSettings(VxlanTunnel.NETWORK, VxlanTunnel.PORT, own.host(), underlay.index());
        int mtu = underlay.mtuBytes() - overheadBytes(own.host().version());
        Optional<Link> present = netlink.findLink(NAME);
        if (present.isPresent() && !isAs(present.get(), settings, own)) {
            netlink.execute(Request.deleteLink(present.get().index()));
            present = Optional.empty();
        }
        Link link = present.orElseGet(() -> create(settings, own, mtu));
        if (link.index() != written.linkIndex()) {
            written.reset(link.index());
            late.clear();
        }
        underlayVersion = Optional.of(own.host().version());
        List<Request> requests = new ArrayList<>();
        if (!link.isUp() || link.mtuBytes() != mtu) {
            requests.add(Request.changeLink(
                    link.index(), LinkSettings.builder().mtuBytes(mtu).up(true).build()));
        }
        addAddresses(own, link, requests);
        netlink.execute(requests);
        return link.index();
    }

    private static boolean isAs(Link link, VxlanSettings settings, VxlanTunnel own) {
        return link.vxlan().equals(Optional.of(settings)) && link.mac().equals(Optional.of(own.mac()));
    }

    private Link create(VxlanSettings settings, VxlanTunnel own, int mtu) {
        LinkSettings link =
                LinkSettings.builder().name(NAME).mac(own.mac()).mtuBytes(mtu).build();
        netlink.execute(Request.createVxlan(link, settings));
        sysctls.setForLink(IpVersion.V6, NAME, "accept_ra", "0");
        return netlink.findLink(NAME)
                .orElseThrow(() -> new IllegalStateException(NAME + " was deleted as soon as it was made"));
    }

    /** Exactly these; the link-local one that IPv6 gives itself stays. */
    private void addAddresses(VxlanTunnel own, Link link, List<Request> requests) {
        Set<LinkAddress> wanted = WrittenTunnel.addresses(own)
                .map(address -> new LinkAddress(
                        link.index(), IpNet.of(address, address.version().bits()), Scope.GLOBAL))
                .collect(Collectors.toSet());
        for (LinkAddress address : netlink.addresses(link.index())) {
            if (!wanted.remove(address) && address.scope().equals(Scope.GLOBAL)) {
                requests.add(Request.removeAddress(address));
            }
        }
        wanted.forEach(address -> requests.add(Request.addAddress(address)));
    }

    /** Another host's end is this from now on; empty: it has none. What that means for the link is added to the requests. */
    void setEnd(String host, Optional<VxlanTunnel> end, List<Request> requests) {
        Optional<VxlanTunnel> before = Optional.ofNullable(
                        end.isPresent() ? ends.put(host, end.get()) : ends.remove(host))
                .filter(this::isReachable);
        Optional<VxlanTunnel> now = end.filter(this::isReachable);
        if (before.equals(now)) {
            return;
        }
        before.ifPresent(written::remove);
        now.ifPresent(written::add);
        before.ifPresent(gone -> {
            WrittenTunnel.addresses(gone).forEach(this::removeLater);
            removeLater(new ForwardingEntry(written.linkIndex(), gone.mac(), gone.host()));
        });
        now.ifPresent(added -> requests.addAll(set(added)));
    }

    private boolean isReachable(VxlanTunnel end) {
        return underlayVersion.equals(Optional.of(end.host().version()));
    }

    private void removeLater(IpAddress address) {
        if (written.mac(address).isEmpty()) {
            late.add(Request.removeNeighbour(written.linkIndex(), address));
        }
    }

    private void removeLater(ForwardingEntry entry) {
        if (!written.host(entry.mac()).equals(Optional.of(entry.host()))) {
            late.add(Request.removeForwarding(entry));
        }
    }

    private List<Request> set(VxlanTunnel end) {
        List<Request> requests = new ArrayList<>();
        int index = written.linkIndex();
        WrittenTunnel.addresses(end).forEach(address -> requests.add(Request.setNeighbour(index, address, end.mac())));
        requests.add(Request.setForwarding(new ForwardingEntry(index, end.mac(), end.host())));
        return requests;
    }

    /** Adds to the requests what makes all other ends right on the link, whatever it has. */
    void compare(List<Request> requests) {
        int index = written.linkIndex();
        Set<Neighbour> neighbours = new HashSet<>(netlink.neighbours(index));
        Set<ForwardingEntry> entries = new HashSet<>(netlink.forwardingEntries(index));
        List<VxlanTunnel> reachable =
                ends.values().stream().filter(this::isReachable).toList();
        reachable.forEach(written::add);
        for (VxlanTunnel end : reachable) {
            boolean isThere = WrittenTunnel.addresses(end)
                            .allMatch(address ->
                                    neighbours.contains(new Neighbour(index, address, Optional.of(end.mac()), true)))
                    && entries.contains(new ForwardingEntry(index, end.mac(), end.host()));
            if (!isThere) {
                requests.addAll(set(end));
            }
        }
        neighbours.stream().filter(Neighbour::isPermanent).forEach(neighbour -> removeLater(neighbour.address()));
        entries.forEach(this::removeLater);
    }

    /** What removes entries for ends that are no more, since the last call; for when the routes through them are gone. */
    List<Request> takeLate() {
        List<Request> taken = List.copyOf(late);
        late.clear();
        return taken;
    }

    /** The hosts that the link knows, whoever told it; none if there is no such link. */
    static AddressSet hosts(RtNetlink netlink) {
        return netlink.findLink(NAME)
                .filter(VxlanDevice::isVxlan)
                .map(link -> AddressSet.copyOf(netlink.forwardingEntries(link.index()).stream()
                        .map(ForwardingEntry::host)
                        .toList()))
                .orElse(AddressSet.empty());
    }

    private static boolean isVxlan(Link link) {
        return link.kind().equals("vxlan");
    }

    /** Deletes the link, if there is one. */
    void delete() {
        written.reset(0);
        late.clear();
        underlayVersion = Optional.empty();
        delete(netlink);
    }

    static void delete(RtNetlink netlink) {
        netlink.findLink(NAME)
                .filter(VxlanDevice::isVxlan)
                .ifPresent(link -> netlink.execute(Request.deleteLink(link.index())));
    }
}
