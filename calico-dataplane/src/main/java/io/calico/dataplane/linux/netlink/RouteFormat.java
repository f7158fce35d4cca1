package io.calico.dataplane.linux.netlink;

import io.calico.model.net.Cidr;
import io.calico.model.net.IpAddress;
import io.calico.model.net.IpVersion;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * How routes are written in messages.
 *
 * <pre>
 * struct rtmsg      u8 family | u8 destination length | u8 source length | u8 tos
 *                   | u8 table (0 if above 255) | u8 protocol | u8 scope | u8 type | u32 flags
 * attributes        RTA_DST address (none for a default route), RTA_TABLE u32, RTA_PREFSRC address, RTA_PRIORITY u32
 * one next hop      RTA_OIF u32; RTA_GATEWAY address, or RTA_VIA { u16 family | address } for one of the other version;
 *                   flag RTNH_F_ONLINK in the fixed part
 * several           RTA_MULTIPATH { { u16 length | u8 flags | u8 weight - 1 | i32 link | RTA_GATEWAY or RTA_VIA }… }
 * </pre>
 */
final class RouteFormat {
    private RouteFormat() {}

    static void write(MessageWriter out, Route route, Scope scope) {
        IpVersion version = route.destination().version();
        List<NextHop> hops = route.nextHops();
        boolean one = hops.size() == 1;
        out.u8(AddressFormat.family(version)).u8(route.destination().prefixLength());
        out.u8(0).u8(0).u8(route.table() < 256 ? route.table() : 0).u8(route.protocol());
        out.u8(version == IpVersion.V4 ? scope.number() : 0).u8(route.type().number());
        out.u32(one && hops.get(0).isOnLink() ? Wire.RTNH_F_ONLINK : 0);
        if (route.destination().prefixLength() > 0) {
            out.attribute(Wire.RTA_DST, route.destination().first());
        }
        out.attribute(Wire.RTA_TABLE, route.table());
        route.preferredSource().ifPresent(source -> out.attribute(Wire.RTA_PREFSRC, source));
        route.metric().ifPresent(metric -> out.attribute(Wire.RTA_PRIORITY, metric));
        if (one) {
            if (hops.get(0).linkIndex() != 0) {
                out.attribute(Wire.RTA_OIF, hops.get(0).linkIndex());
            }
            writeGateway(out, hops.get(0), version);
        } else if (!hops.isEmpty()) {
            writeMultipath(out, hops, version);
        }
    }

    private static void writeMultipath(MessageWriter out, List<NextHop> hops, IpVersion version) {
        int all = out.beginNested(Wire.RTA_MULTIPATH);
        for (NextHop hop : hops) {
            int start = out.beginSized();
            out.u8(hop.isOnLink() ? Wire.RTNH_F_ONLINK : 0).u8(0).u32(hop.linkIndex());
            writeGateway(out, hop, version);
            out.endNested(start);
        }
        out.endNested(all);
    }

    private static void writeGateway(MessageWriter out, NextHop hop, IpVersion version) {
        if (hop.gateway().isEmpty()) {
            return;
        }
        IpAddress gateway = hop.gateway().get();
        if (gateway.version() == version) {
            out.attribute(Wire.RTA_GATEWAY, gateway);
        } else {
            out.attributeVia(Wire.RTA_VIA, AddressFormat.family(gateway.version()), gateway.toBytes());
        }
    }

    /** Reads an RTM_NEWROUTE or RTM_DELROUTE; empty for cached and multicast-routing entries. */
    static Optional<Route> read(MessageReader in) {
        int at = in.content();
        int family = in.u8(at);
        Optional<RouteType> type = RouteType.ofNumber(in.u8(at + 7));
        boolean isCached = (in.i32(at + 8) & Wire.RTM_F_CLONED) != 0;
        if (family != Wire.AF_INET && family != Wire.AF_INET6 || type.isEmpty() || isCached) {
            return Optional.empty();
        }
        MessageReader.Attributes attributes = in.attributes(Wire.RTMSG_LENGTH);
        IpAddress destination =
                attributes.address(Wire.RTA_DST).orElse(family == Wire.AF_INET ? IpAddress.v4(0) : IpAddress.v6(0, 0));
        return Optional.of(Route.builder()
                .destination(Cidr.of(destination, in.u8(at + 1)))
                .type(type.get())
                .nextHops(readNextHops(in, attributes, in.i32(at + 8)))
                .table(attributes.i32(Wire.RTA_TABLE, in.u8(at + 4)))
                .protocol(in.u8(at + 5))
                .scope(new Scope(in.u8(at + 6)))
                .preferredSource(attributes.address(Wire.RTA_PREFSRC))
                .metric(
                        attributes.has(Wire.RTA_PRIORITY)
                                ? OptionalInt.of(attributes.i32(Wire.RTA_PRIORITY, 0))
                                : OptionalInt.empty())
                .build());
    }

    private static List<NextHop> readNextHops(MessageReader in, MessageReader.Attributes attributes, int flags) {
        List<NextHop> hops = new ArrayList<>();
        int link = attributes.i32(Wire.RTA_OIF, 0);
        if (link != 0) {
            hops.add(readNextHop(attributes, link, flags));
        }
        if (attributes.has(Wire.RTA_MULTIPATH)) {
            int at = attributes.offset(Wire.RTA_MULTIPATH);
            int end = at + attributes.length(Wire.RTA_MULTIPATH);
            while (end - at >= Wire.RTNEXTHOP_LENGTH) {
                int length = in.u16(at);
                if (length < Wire.RTNEXTHOP_LENGTH || length > end - at) {
                    throw NetlinkException.broken("read", "route", "a next hop of " + length + " bytes");
                }
                MessageReader.Attributes inner = in.attributes(at + Wire.RTNEXTHOP_LENGTH, at + length);
                hops.add(readNextHop(inner, in.i32(at + 4), in.u8(at + 2)));
                at += length + 3 & ~3;
            }
        }
        return hops;
    }

    private static NextHop readNextHop(MessageReader.Attributes attributes, int link, int flags) {
        Optional<IpAddress> gateway = attributes
                .address(Wire.RTA_GATEWAY)
                .or(() -> attributes.has(Wire.RTA_VIA)
                        ? Optional.of(attributes.addressAfter(Wire.RTA_VIA, 2))
                        : Optional.empty());
        return new NextHop(link, gateway, (flags & Wire.RTNH_F_ONLINK) != 0);
    }
}
