package io.calico.dataplane.linux;

import io.calico.dataplane.linux.netlink.Link;
import io.calico.dataplane.linux.netlink.NetlinkEvent;
import io.calico.model.VxlanTunnel;
import io.calico.model.net.IpAddress;
import io.calico.model.net.MacAddress;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;

/** The other ends of the VXLAN link as this process has written them or is about to. Thread-safe. */
final class WrittenTunnel {
    private final Map<IpAddress, MacAddress> neighbours = new ConcurrentHashMap<>();
    private final Map<MacAddress, IpAddress> hosts = new ConcurrentHashMap<>();
    /** 0: there is none. */
    private volatile int linkIndex;

    /** The link has this number from now on, and nothing is written on it. */
    void reset(int newLinkIndex) {
        linkIndex = newLinkIndex;
        neighbours.clear();
        hosts.clear();
    }

    int linkIndex() {
        return linkIndex;
    }

    /** To be called before the kernel is told, so that its event about it is no news. */
    void add(VxlanTunnel end) {
        addresses(end).forEach(address -> neighbours.put(address, end.mac()));
        hosts.put(end.mac(), end.host());
    }

    /** To be called before the kernel is told. */
    void remove(VxlanTunnel end) {
        addresses(end).forEach(address -> neighbours.remove(address, end.mac()));
        hosts.remove(end.mac(), end.host());
    }

    static Stream<IpAddress> addresses(VxlanTunnel end) {
        return Stream.of(end.ipv4(), end.ipv6()).flatMap(Optional::stream);
    }

    Optional<MacAddress> mac(IpAddress address) {
        return Optional.ofNullable(neighbours.get(address));
    }

    Optional<IpAddress> host(MacAddress mac) {
        return Optional.ofNullable(hosts.get(mac));
    }

    boolean isNews(NetlinkEvent.NeighbourChange event) {
        MacAddress mac = neighbours.get(event.neighbour().address());
        if (event.neighbour().linkIndex() != linkIndex || mac == null) {
            return false;
        }
        boolean isSame =
                event.neighbour().isPermanent() && event.neighbour().mac().equals(Optional.of(mac));
        return event.isGone() || !isSame;
    }

    boolean isNews(NetlinkEvent.ForwardingChange event) {
        if (event.entry().linkIndex() != linkIndex) {
            return false;
        }
        IpAddress host = hosts.get(event.entry().mac());
        return event.isGone() ? host != null : !event.entry().host().equals(host);
    }

    boolean isNews(NetlinkEvent.LinkChange event) {
        Link link = event.link();
        return linkIndex != 0 && link.index() == linkIndex && (event.isGone() || !link.isUp());
    }
}
