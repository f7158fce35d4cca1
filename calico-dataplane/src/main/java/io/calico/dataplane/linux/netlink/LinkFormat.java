package io.calico.dataplane.linux.netlink;

import io.calico.model.net.MacAddress;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * How links are written in messages.
 *
 * <pre>
 * struct ifinfomsg   u8 family | u8 pad | u16 device type | i32 index | u32 flags | u32 which flags to change
 * attributes         IFLA_IFNAME text, IFLA_ADDRESS 6 bytes, IFLA_MTU u32, IFLA_GROUP u32,
 *                    IFLA_NET_NS_PID u32 or IFLA_NET_NS_FD u32, IFLA_LINKINFO {kind, data}
 *                    IFLA_AF_SPEC {AF_INET {IFLA_INET_CONF u32…}, AF_INET6 {IFLA_INET6_CONF u32…}}
 * a veth's data      VETH_INFO_PEER { struct ifinfomsg of the other end, its attributes }
 * a VXLAN's data     IFLA_VXLAN_ID u32, _LINK u32, _LOCAL or _LOCAL6 address, _PORT u16 in network order, _LEARNING u8
 * </pre>
 */
final class LinkFormat {
    private LinkFormat() {}

    /** The fixed part; {@code up} is -1 to leave the state as it is. */
    static void writeHeader(MessageWriter out, int index, int up) {
        out.u8(Wire.AF_UNSPEC).u8(0).u16(0).u32(index);
        out.u32(up > 0 ? Wire.IFF_UP : 0).u32(up < 0 ? 0 : Wire.IFF_UP);
    }

    static void writeSettings(MessageWriter out, LinkSettings settings) {
        settings.name().ifPresent(name -> out.attribute(Wire.IFLA_IFNAME, name));
        settings.mac().map(MacAddress::toBytes).ifPresent(mac -> out.attribute(Wire.IFLA_ADDRESS, mac));
        write(out, Wire.IFLA_MTU, settings.mtuBytes());
        write(out, Wire.IFLA_GROUP, settings.group());
        write(out, Wire.IFLA_NET_NS_PID, settings.namespaceOfProcess());
        write(out, Wire.IFLA_NET_NS_FD, settings.namespaceDescriptor());
    }

    private static void write(MessageWriter out, int type, OptionalInt value) {
        value.ifPresent(number -> out.attribute(type, number));
    }

    static void writeVeth(MessageWriter out, LinkSettings link, LinkSettings peer) {
        writeHeader(out, link.index().orElse(0), up(link));
        writeSettings(out, link);
        int info = out.beginNested(Wire.IFLA_LINKINFO);
        out.attribute(Wire.IFLA_INFO_KIND, "veth");
        int data = out.beginNested(Wire.IFLA_INFO_DATA);
        int other = out.beginNested(Wire.VETH_INFO_PEER);
        writeHeader(out, peer.index().orElse(0), -1);
        writeSettings(out, peer);
        out.endNested(other);
        out.endNested(data);
        out.endNested(info);
    }

    static void writeVxlan(MessageWriter out, LinkSettings link, VxlanSettings vxlan) {
        writeHeader(out, link.index().orElse(0), up(link));
        writeSettings(out, link);
        int info = out.beginNested(Wire.IFLA_LINKINFO);
        out.attribute(Wire.IFLA_INFO_KIND, "vxlan");
        int data = out.beginNested(Wire.IFLA_INFO_DATA);
        out.attribute(Wire.IFLA_VXLAN_ID, vxlan.id());
        out.attribute(Wire.IFLA_VXLAN_LINK, vxlan.underlayIndex());
        out.attribute(vxlan.local().isV4() ? Wire.IFLA_VXLAN_LOCAL : Wire.IFLA_VXLAN_LOCAL6, vxlan.local());
        out.attribute(Wire.IFLA_VXLAN_PORT, new byte[] {(byte) (vxlan.port() >> 8), (byte) vxlan.port()});
        out.attribute(Wire.IFLA_VXLAN_LEARNING, new byte[] {0});
        out.endNested(data);
        out.endNested(info);
    }

    /** A link that needs nothing but a kind. */
    static void writeKind(MessageWriter out, LinkSettings link, String kind) {
        writeHeader(out, link.index().orElse(0), up(link));
        writeSettings(out, link);
        int info = out.beginNested(Wire.IFLA_LINKINFO);
        out.attribute(Wire.IFLA_INFO_KIND, kind);
        out.endNested(info);
    }

    /** Of a VXLAN link that is made as ours are: with a local address, and not learning; empty for all others. */
    private static Optional<VxlanSettings> readVxlan(MessageReader in, MessageReader.Attributes info) {
        MessageReader.Attributes data = info.nested(Wire.IFLA_INFO_DATA);
        if (!info.text(Wire.IFLA_INFO_KIND).equals("vxlan") || !data.has(Wire.IFLA_VXLAN_PORT)) {
            return Optional.empty();
        }
        int at = data.offset(Wire.IFLA_VXLAN_PORT);
        int port = in.u8(at) << 8 | in.u8(at + 1);
        boolean isLearning = data.has(Wire.IFLA_VXLAN_LEARNING) && in.u8(data.offset(Wire.IFLA_VXLAN_LEARNING)) != 0;
        return data.address(Wire.IFLA_VXLAN_LOCAL)
                .or(() -> data.address(Wire.IFLA_VXLAN_LOCAL6))
                .filter(local -> !isLearning && port != 0)
                .map(local -> new VxlanSettings(
                        data.i32(Wire.IFLA_VXLAN_ID, 0), port, local, data.i32(Wire.IFLA_VXLAN_LINK, 0)));
    }

    static int up(LinkSettings settings) {
        return settings.up().map(up -> up ? 1 : 0).orElse(-1);
    }

    /** Reads the message that the reader stands at, an RTM_NEWLINK or RTM_DELLINK. */
    static Link read(MessageReader in) {
        int flags = in.i32(in.content() + 8);
        MessageReader.Attributes attributes = in.attributes(Wire.IFINFOMSG_LENGTH);
        MessageReader.Attributes settings = attributes.nested(Wire.IFLA_AF_SPEC);
        MessageReader.Attributes settings4 = settings.nested(Wire.AF_INET);
        MessageReader.Attributes settings6 = settings.nested(Wire.AF_INET6);
        return Link.builder()
                .index(in.i32(in.content() + 4))
                .name(attributes.text(Wire.IFLA_IFNAME))
                .isUp((flags & Wire.IFF_UP) != 0)
                .hasCarrier((flags & Wire.IFF_LOWER_UP) != 0)
                .mac(attributes.mac(Wire.IFLA_ADDRESS))
                .mtuBytes(attributes.i32(Wire.IFLA_MTU, 0))
                .group(attributes.i32(Wire.IFLA_GROUP, 0))
                .kind(attributes.nested(Wire.IFLA_LINKINFO).text(Wire.IFLA_INFO_KIND))
                .vxlan(readVxlan(in, attributes.nested(Wire.IFLA_LINKINFO)))
                .pairedIndex(optional(attributes, Wire.IFLA_LINK))
                .isPairedElsewhere(attributes.has(Wire.IFLA_LINK_NETNSID))
                .master(optional(attributes, Wire.IFLA_MASTER))
                .forwarding4(settings4.element(Wire.IFLA_INET_CONF, 0))
                .proxyArp(settings4.element(Wire.IFLA_INET_CONF, 2))
                .forwarding6(settings6.element(Wire.IFLA_INET6_CONF, 0))
                .acceptRouterAdvertisements(settings6.element(Wire.IFLA_INET6_CONF, 3))
                .build();
    }

    private static OptionalInt optional(MessageReader.Attributes attributes, int type) {
        return attributes.has(type) ? OptionalInt.of(attributes.i32(type, 0)) : OptionalInt.empty();
    }
}
