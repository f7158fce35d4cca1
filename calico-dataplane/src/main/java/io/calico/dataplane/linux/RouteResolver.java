package io.calico.dataplane.linux;

import io.calico.dataplane.linux.netlink.NextHop;
import io.calico.dataplane.linux.netlink.Route;
import io.calico.dataplane.linux.netlink.RouteType;
import io.calico.dataplane.routes.Encapsulation;
import io.calico.dataplane.routes.Peer;
import io.calico.dataplane.routes.WantedRoute;
import io.calico.model.VxlanTunnel;
import io.calico.model.net.Cidr;
import io.calico.model.net.IpAddress;
import io.calico.model.net.IpVersion;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * Turns a wanted route into the kernel's, or tells why there is none. Immutable.
 *
 * <pre>
 *   on link                              block via host-address dev uplink
 *   VXLAN                                block via tunnel-address dev vxlan.calico onlink
 *   IP-in-IP                             block via host-address dev tunl0 onlink
 *   of this host                         blackhole block
 * </pre>
 */
final class RouteResolver {
    private final Uplinks uplinks;
    private final TunnelLink vxlan;
    private final TunnelLink ipIp;

    /**
     * A tunnel of this host.
     *
     * @param linkIndex its link; empty if it has none
     * @param underlay version of the addresses of the hosts that it connects; empty if it has no link
     * @param whyNot why it has no link, in words; empty text if it has one
     * @param isRefused the host does not allow it, or not now
     */
    record TunnelLink(OptionalInt linkIndex, Optional<IpVersion> underlay, String whyNot, boolean isRefused) {
        static TunnelLink of(int linkIndex, IpVersion underlay) {
            return new TunnelLink(OptionalInt.of(linkIndex), Optional.of(underlay), "", false);
        }

        static TunnelLink none(String whyNot) {
            return new TunnelLink(OptionalInt.empty(), Optional.empty(), whyNot, false);
        }

        static TunnelLink refused(String whyNot) {
            return new TunnelLink(OptionalInt.empty(), Optional.empty(), whyNot, true);
        }
    }

    /** A route, or else why there is none, in words that are the same for many hosts. */
    record Resolution(Optional<Route> route, String whyNot) {
        private static Resolution none(String whyNot) {
            return new Resolution(Optional.empty(), whyNot);
        }
    }

    RouteResolver(Uplinks uplinks, TunnelLink vxlan, TunnelLink ipIp) {
        this.uplinks = uplinks;
        this.vxlan = vxlan;
        this.ipIp = ipIp;
    }

    /** @param peer the host that the route leads to; of no effect for a blackhole */
    Resolution resolve(Cidr destination, WantedRoute wanted, Peer peer) {
        if (wanted instanceof WantedRoute.ToHost to) {
            return resolve(destination, to.encapsulation(), peer);
        }
        Route blackhole = Route.builder()
                .destination(destination)
                .type(RouteType.BLACKHOLE)
                .protocol(WorkloadLinks.ROUTE_PROTOCOL)
                .build();
        return new Resolution(Optional.of(blackhole), "");
    }

    private Resolution resolve(Cidr destination, Encapsulation encapsulation, Peer peer) {
        if (encapsulation.allowsDirect()) {
            Optional<IpAddress> address = peer.address(destination.version());
            if (address.isPresent()) {
                if (uplinks.isOwn(address.get())) {
                    return Resolution.none("their address in the datastore is one of this host");
                }
                OptionalInt link = uplinks.onLink(address.get());
                if (link.isPresent()) {
                    return route(destination, NextHop.via(address.get(), link.getAsInt()));
                }
            }
            if (encapsulation == Encapsulation.NONE) {
                return Resolution.none(
                        address.isPresent()
                                ? "not on link, and the pool has no tunnel: unreachable without BGP or tunnel"
                                : "no IPv" + destination.version().number() + " address in the datastore");
            }
        }
        return encapsulation.allowsVxlan() ? throughVxlan(destination, peer) : throughIpIp(destination, peer);
    }

    private Resolution throughVxlan(Cidr destination, Peer peer) {
        if (vxlan.linkIndex().isEmpty()) {
            return Resolution.none(vxlan.whyNot());
        }
        int link = vxlan.linkIndex().getAsInt();
        Optional<IpAddress> host = peer.vxlan().map(VxlanTunnel::host);
        if (host.isPresent() && !host.map(IpAddress::version).equals(vxlan.underlay())) {
            return Resolution.none("their VXLAN record has a host address of the other IP version");
        }
        if (host.filter(uplinks::isOwn).isPresent()) {
            return Resolution.none("the host address of their VXLAN record is one of this host");
        }
        return peer.vxlan()
                .flatMap(tunnel -> tunnel.address(destination.version()))
                .map(address -> route(destination, NextHop.via(address, link).onLink()))
                .orElseGet(() -> Resolution.none("no VXLAN address of IPv"
                        + destination.version().number() + " in the datastore; does the node run?"));
    }

    private Resolution throughIpIp(Cidr destination, Peer peer) {
        if (ipIp.linkIndex().isEmpty()) {
            return Resolution.none(ipIp.whyNot());
        }
        int link = ipIp.linkIndex().getAsInt();
        return peer.ipv4()
                .map(address -> route(destination, NextHop.via(address, link).onLink()))
                .orElseGet(() -> Resolution.none("no IPv4 address in the datastore"));
    }

    private static Resolution route(Cidr destination, NextHop hop) {
        Route route = Route.builder()
                .destination(destination)
                .addNextHops(hop)
                .protocol(WorkloadLinks.ROUTE_PROTOCOL)
                .build();
        return new Resolution(Optional.of(route), "");
    }
}
