package io.calico.dataplane.linux.netlink;

import io.calico.model.net.IpAddress;
import io.calico.model.net.IpVersion;
import io.calico.model.net.MacAddress;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Consumer;

/**
 * One change asked of the kernel, not sent yet. Several are sent together by {@link RtNetlink#execute}. Immutable.
 *
 * <p>The kernel carries out each request completely or not at all. Links are named by their number wherever the caller
 * knows it: a name may meanwhile belong to another link, a number does not.
 */
public final class Request {
    private final String operation;
    private final String object;
    private final int type;
    private final int flags;
    private final Consumer<MessageWriter> body;

    Request(String operation, String object, int type, int flags, Consumer<MessageWriter> body) {
        this.operation = operation;
        this.object = object;
        this.type = type;
        this.flags = flags;
        this.body = body;
    }

    /**
     * A pair of virtual Ethernet links, each the other's wire. Fails (EEXIST) if one of the names or chosen indexes is
     * in use; then nothing is created.
     *
     * @throws IllegalArgumentException if a name is missing, or the peer is to be up: the kernel refuses that
     */
    public static Request createVeth(LinkSettings link, LinkSettings peer) {
        String name = link.name().orElseThrow(() -> new IllegalArgumentException("a new link needs a name: " + link));
        String peerName =
                peer.name().orElseThrow(() -> new IllegalArgumentException("a new link needs a name: " + peer));
        if (peer.up().isPresent()) {
            throw new IllegalArgumentException("the second end of a new pair cannot be set up or down: " + peer);
        }
        return new Request(
                "create veth pair",
                name + " (peer " + peerName + ")",
                Wire.RTM_NEWLINK,
                Wire.NLM_F_CREATE | Wire.NLM_F_EXCL,
                out -> LinkFormat.writeVeth(out, link, peer));
    }

    /**
     * A VXLAN link. Fails (EEXIST) if the name, or a link with the same identifier and port, is in use.
     *
     * @throws IllegalArgumentException if the name is missing
     */
    public static Request createVxlan(LinkSettings link, VxlanSettings vxlan) {
        return create("vxlan", link, vxlan.toString(), out -> LinkFormat.writeVxlan(out, link, vxlan));
    }

    /**
     * An IP-in-IP link; the kernel loads what it needs for it. Fails with EOPNOTSUPP if it cannot, EEXIST if the name is in
     * use.
     *
     * @throws IllegalArgumentException if the name is missing
     */
    public static Request createIpIp(LinkSettings link) {
        return create("ipip", link, "", out -> LinkFormat.writeKind(out, link, "ipip"));
    }

    private static Request create(String kind, LinkSettings link, String details, Consumer<MessageWriter> body) {
        String name = link.name().orElseThrow(() -> new IllegalArgumentException("a new link needs a name: " + link));
        return new Request(
                "create " + kind + " link",
                (name + " " + details).trim(),
                Wire.RTM_NEWLINK,
                Wire.NLM_F_CREATE | Wire.NLM_F_EXCL,
                body);
    }

    /** Changes a link; absent settings stay as they are. A new name needs a link that is down. */
    public static Request changeLink(int index, LinkSettings settings) {
        requireNoIndex(settings);
        return new Request("change link", index + " " + describe(settings), Wire.RTM_SETLINK, 0, out -> {
            LinkFormat.writeHeader(out, index, LinkFormat.up(settings));
            LinkFormat.writeSettings(out, settings);
        });
    }

    /** Changes whatever link has this name when the kernel reads the request; it cannot be renamed this way. */
    public static Request changeLink(String name, LinkSettings settings) {
        requireNoIndex(settings);
        if (settings.name().isPresent()) {
            throw new IllegalArgumentException("a link is renamed by its index, not by name: " + name);
        }
        return new Request("change link", name + " " + describe(settings), Wire.RTM_SETLINK, 0, out -> {
            LinkFormat.writeHeader(out, 0, LinkFormat.up(settings));
            out.attribute(Wire.IFLA_IFNAME, name);
            LinkFormat.writeSettings(out, settings);
        });
    }

    private static void requireNoIndex(LinkSettings settings) {
        if (settings.index().isPresent()) {
            throw new IllegalArgumentException("a link's index cannot be changed: " + settings);
        }
    }

    private static String describe(LinkSettings settings) {
        StringBuilder text = new StringBuilder();
        settings.name().ifPresent(name -> text.append("name ").append(name).append(' '));
        settings.up().ifPresent(up -> text.append(up ? "up " : "down "));
        settings.mac().ifPresent(mac -> text.append("address ").append(mac).append(' '));
        append(text, "mtu ", settings.mtuBytes());
        append(text, "group ", settings.group());
        append(text, "netns of process ", settings.namespaceOfProcess());
        append(text, "netns of descriptor ", settings.namespaceDescriptor());
        return text.toString().trim();
    }

    private static void append(StringBuilder text, String what, OptionalInt value) {
        value.ifPresent(number -> text.append(what).append(number).append(' '));
    }

    /** Deletes a link; of a veth pair both ends, wherever the other is. Takes the kernel 15 ms or more. */
    public static Request deleteLink(int index) {
        return new Request(
                "delete link",
                Integer.toString(index),
                Wire.RTM_DELLINK,
                0,
                out -> LinkFormat.writeHeader(out, index, -1));
    }

    /** Deletes the link that has this name when the kernel reads the request. */
    public static Request deleteLink(String name) {
        return new Request("delete link", name, Wire.RTM_DELLINK, 0, out -> {
            LinkFormat.writeHeader(out, 0, -1);
            out.attribute(Wire.IFLA_IFNAME, name);
        });
    }

    /**
     * Deletes every link of a group at once: 30 pairs cost hardly more than one. Fails with ENODEV if there is none, and
     * without any effect if one of them cannot be deleted (hardware).
     *
     * @throws IllegalArgumentException for group 0, which holds everything that nobody put elsewhere
     */
    public static Request deleteGroup(int group) {
        if (group == 0) {
            throw new IllegalArgumentException("group 0 holds all links of the host");
        }
        return new Request("delete links of group", Integer.toString(group), Wire.RTM_DELLINK, 0, out -> {
            LinkFormat.writeHeader(out, 0, -1);
            out.attribute(Wire.IFLA_GROUP, group);
        });
    }

    /** Assigns an address; fails (EEXIST) if the link has it. IPv6: without looking for duplicates first. */
    public static Request addAddress(LinkAddress address) {
        return new Request(
                "add address",
                address.toString(),
                Wire.RTM_NEWADDR,
                Wire.NLM_F_CREATE | Wire.NLM_F_EXCL,
                out -> AddressFormat.write(out, address));
    }

    /** Takes an address away; fails (EADDRNOTAVAIL) if the link does not have it. */
    public static Request removeAddress(LinkAddress address) {
        return new Request(
                "remove address", address.toString(), Wire.RTM_DELADDR, 0, out -> AddressFormat.write(out, address));
    }

    /**
     * Adds a route; fails (EEXIST) if there is one to this destination with this metric. The link must be up.
     *
     * @throws IllegalArgumentException if no kernel takes it: next hops too many or too few, a source of the other version
     */
    public static Request addRoute(Route route) {
        return route("add route", Wire.RTM_NEWROUTE, Wire.NLM_F_CREATE | Wire.NLM_F_EXCL, route, route.scope());
    }

    /** Puts a route in the place of the one with this destination and metric, or adds it. The link must be up. */
    public static Request replaceRoute(Route route) {
        return route("replace route", Wire.RTM_NEWROUTE, Wire.NLM_F_CREATE | Wire.NLM_F_REPLACE, route, route.scope());
    }

    /** Removes a route; fails (ESRCH) if there is none like this in destination, table, protocol, metric and next hop. */
    public static Request deleteRoute(Route route) {
        return route("delete route", Wire.RTM_DELROUTE, 0, route, new Scope(Wire.RT_SCOPE_NOWHERE));
    }

    private static Request route(String operation, int type, int flags, Route route, Scope scope) {
        requirePossible(route);
        return new Request(operation, route.toString(), type, flags, out -> RouteFormat.write(out, route, scope));
    }

    private static void requirePossible(Route route) {
        if (route.type() == RouteType.UNICAST && route.nextHops().isEmpty()) {
            throw new IllegalArgumentException("route " + route.destination() + " has no next hop");
        }
        if (!route.type().hasNextHop() && !route.nextHops().isEmpty()) {
            throw new IllegalArgumentException(
                    "a " + Route.name(route.type()) + " route has no next hop: " + route.destination());
        }
        route.preferredSource().ifPresent(source -> {
            if (source.version() != route.destination().version()) {
                throw new IllegalArgumentException("route " + route.destination() + " with source " + source);
            }
        });
        if (route.protocol() < 0 || route.protocol() > 255) {
            throw new IllegalArgumentException("a route's protocol is 0 to 255: " + route.protocol());
        }
    }

    /** Writes a permanent neighbour entry, in place of the one for this address if there is one. */
    public static Request setNeighbour(int linkIndex, IpAddress address, MacAddress mac) {
        return new Request(
                "set neighbour",
                new Neighbour(linkIndex, address, Optional.of(mac), true).toString(),
                Wire.RTM_NEWNEIGH,
                Wire.NLM_F_CREATE | Wire.NLM_F_REPLACE,
                out -> AddressFormat.writeNeighbour(out, linkIndex, address, Optional.of(mac)));
    }

    /** Forgets a neighbour; fails (ENOENT) if it is not known. */
    public static Request removeNeighbour(int linkIndex, IpAddress address) {
        return new Request(
                "remove neighbour",
                address + " dev " + linkIndex,
                Wire.RTM_DELNEIGH,
                0,
                out -> AddressFormat.writeNeighbour(out, linkIndex, address, Optional.empty()));
    }

    /** Writes a permanent entry of a VXLAN link's forwarding table, in place of the one for this Ethernet address if there is one. */
    public static Request setForwarding(ForwardingEntry entry) {
        return new Request(
                "set forwarding entry",
                entry.toString(),
                Wire.RTM_NEWNEIGH,
                Wire.NLM_F_CREATE | Wire.NLM_F_REPLACE,
                out -> AddressFormat.writeForwarding(out, entry, true));
    }

    /** Removes an entry of a VXLAN link's forwarding table; fails (ENOENT) if there is none. */
    public static Request removeForwarding(ForwardingEntry entry) {
        return new Request(
                "remove forwarding entry",
                entry.toString(),
                Wire.RTM_DELNEIGH,
                0,
                out -> AddressFormat.writeForwarding(out, entry, false));
    }

    static Request listForwarding(int linkIndex) {
        return new Request("list forwarding entries", of(linkIndex), Wire.RTM_GETNEIGH, Wire.NLM_F_DUMP, out -> {
            out.u8(Wire.AF_BRIDGE).u8(0).u16(0).u32(linkIndex).u16(0).u8(0).u8(0);
        });
    }

    /** A request to a part of netfilter: its number and the message's make the type. */
    static Request netfilter(
            String operation, String object, int subsystem, int message, int flags, Consumer<MessageWriter> body) {
        return new Request(operation, object, subsystem << 8 | message, flags, body);
    }

    static Request getLink(int index) {
        return new Request("get link", Integer.toString(index), Wire.RTM_GETLINK, 0, out -> {
            LinkFormat.writeHeader(out, index, -1);
            out.attribute(Wire.IFLA_EXT_MASK, Wire.RTEXT_FILTER_SKIP_STATS);
        });
    }

    static Request getLink(String name) {
        return new Request("get link", name, Wire.RTM_GETLINK, 0, out -> {
            LinkFormat.writeHeader(out, 0, -1);
            out.attribute(Wire.IFLA_IFNAME, name);
            out.attribute(Wire.IFLA_EXT_MASK, Wire.RTEXT_FILTER_SKIP_STATS);
        });
    }

    static Request listLinks() {
        return new Request("list", "links", Wire.RTM_GETLINK, Wire.NLM_F_DUMP, out -> {
            LinkFormat.writeHeader(out, 0, -1);
            out.attribute(Wire.IFLA_EXT_MASK, Wire.RTEXT_FILTER_SKIP_STATS);
        });
    }

    /** Addresses of all links if the index is 0. */
    static Request listAddresses(int linkIndex) {
        return new Request(
                "list addresses",
                of(linkIndex),
                Wire.RTM_GETADDR,
                Wire.NLM_F_DUMP,
                out -> out.u8(Wire.AF_UNSPEC).u8(0).u8(0).u8(0).u32(linkIndex));
    }

    static Request listRoutes(RouteFilter filter) {
        return new Request("list routes", filter.toString(), Wire.RTM_GETROUTE, Wire.NLM_F_DUMP, out -> {
            out.u8(AddressFormat.family(filter.version())).u8(0).u8(0).u8(0);
            out.u8(filter.table() < 256 ? filter.table() : 0)
                    .u8(filter.protocol())
                    .u8(0)
                    .u8(0)
                    .u32(0);
            if (filter.table() != 0) {
                out.attribute(Wire.RTA_TABLE, filter.table());
            }
            if (filter.linkIndex() != 0) {
                out.attribute(Wire.RTA_OIF, filter.linkIndex());
            }
        });
    }

    static Request listNeighbours(int linkIndex, IpVersion version) {
        return new Request("list neighbours", of(linkIndex), Wire.RTM_GETNEIGH, Wire.NLM_F_DUMP, out -> {
            out.u8(AddressFormat.family(version))
                    .u8(0)
                    .u16(0)
                    .u32(0)
                    .u16(0)
                    .u8(0)
                    .u8(0);
            if (linkIndex != 0) {
                out.attribute(Wire.NDA_IFINDEX, linkIndex);
            }
        });
    }

    private static String of(int linkIndex) {
        return linkIndex == 0 ? "of all links" : "of link " + linkIndex;
    }

    String operation() {
        return operation;
    }

    String object() {
        return object;
    }

    /** Appends the message, with an acknowledgement asked for. */
    void write(MessageWriter out, int sequence) {
        write(out, sequence, true);
    }

    /** Appends the message; without an acknowledgement only a refusal is answered. */
    void write(MessageWriter out, int sequence, boolean acknowledged) {
        int acknowledgement = acknowledged ? Wire.NLM_F_ACK : 0;
        out.beginMessage(type, Wire.NLM_F_REQUEST | acknowledgement | flags, sequence);
        body.accept(out);
        out.endMessage();
    }

    @Override
    public String toString() {
        return operation + " " + object;
    }
}
