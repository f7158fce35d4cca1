package io.calico.dataplane.linux.netlink;

import io.calico.model.net.IpAddress;
import io.calico.model.net.IpNet;
import io.calico.model.net.IpVersion;
import io.calico.model.net.MacAddress;
import java.util.Optional;

/**
 * How addresses and neighbours are written in messages.
 *
 * <pre>
 * struct ifaddrmsg   u8 family | u8 prefix length | u8 flags | u8 scope | u32 link
 * attributes         IFA_LOCAL the address, IFA_ADDRESS the same or, on a point-to-point link, the other side's
 *                    (IPv6 has IFA_LOCAL only in the latter case), IFA_FLAGS u32
 *
 * struct ndmsg       u8 family | u8 pad | u16 pad | i32 link | u16 state | u8 flags | u8 type
 * attributes         NDA_DST the address, NDA_LLADDR its Ethernet address; in a VXLAN link's forwarding table, which has
 *                    family AF_BRIDGE and flag NTF_SELF, NDA_DST is the host that has the Ethernet address
 * </pre>
 */
final class AddressFormat {
    private AddressFormat() {}

    static int family(IpVersion version) {
        return version == IpVersion.V4 ? Wire.AF_INET : Wire.AF_INET6;
    }

    static void write(MessageWriter out, LinkAddress address) {
        IpAddress ip = address.address().address();
        out.u8(family(ip.version())).u8(address.address().network().prefixLength());
        out.u8(0).u8(address.scope().number()).u32(address.linkIndex());
        out.attribute(Wire.IFA_LOCAL, ip).attribute(Wire.IFA_ADDRESS, ip);
        if (ip.isV6()) {
            // The caller owns what it assigns; until a duplicate is ruled out the address could not be used.
            out.attribute(Wire.IFA_FLAGS, Wire.IFA_F_NODAD);
        }
    }

    /** Reads an RTM_NEWADDR or RTM_DELADDR; empty if it is not about an IP address. */
    static Optional<LinkAddress> readAddress(MessageReader in) {
        int at = in.content();
        MessageReader.Attributes attributes = in.attributes(Wire.IFADDRMSG_LENGTH);
        return attributes
                .address(Wire.IFA_LOCAL)
                .or(() -> attributes.address(Wire.IFA_ADDRESS))
                .map(ip -> new LinkAddress(in.i32(at + 4), IpNet.of(ip, in.u8(at + 1)), new Scope(in.u8(at + 3))));
    }

    static void writeNeighbour(MessageWriter out, int linkIndex, IpAddress address, Optional<MacAddress> mac) {
        out.u8(family(address.version())).u8(0).u16(0).u32(linkIndex);
        out.u16(mac.isPresent() ? Wire.NUD_PERMANENT : 0).u8(0).u8(0);
        out.attribute(Wire.NDA_DST, address);
        mac.ifPresent(value -> out.attribute(Wire.NDA_LLADDR, value.toBytes()));
    }

    static void writeForwarding(MessageWriter out, ForwardingEntry entry, boolean isNew) {
        out.u8(Wire.AF_BRIDGE).u8(0).u16(0).u32(entry.linkIndex());
        out.u16(isNew ? Wire.NUD_PERMANENT : 0).u8(Wire.NTF_SELF).u8(0);
        out.attribute(Wire.NDA_DST, entry.host());
        out.attribute(Wire.NDA_LLADDR, entry.mac().toBytes());
    }

    /** Reads an RTM_NEWNEIGH or RTM_DELNEIGH about a VXLAN link's forwarding table; empty for all others. */
    static Optional<ForwardingEntry> readForwarding(MessageReader in) {
        int at = in.content();
        if (in.u8(at) != Wire.AF_BRIDGE) {
            return Optional.empty();
        }
        MessageReader.Attributes attributes = in.attributes(Wire.NDMSG_LENGTH);
        return attributes
                .mac(Wire.NDA_LLADDR)
                .flatMap(mac ->
                        attributes.address(Wire.NDA_DST).map(host -> new ForwardingEntry(in.i32(at + 4), mac, host)));
    }

    /** Reads an RTM_NEWNEIGH or RTM_DELNEIGH; empty for a bridge's entries and the like. */
    static Optional<Neighbour> readNeighbour(MessageReader in) {
        int at = in.content();
        int family = in.u8(at);
        if (family != Wire.AF_INET && family != Wire.AF_INET6) {
            return Optional.empty();
        }
        MessageReader.Attributes attributes = in.attributes(Wire.NDMSG_LENGTH);
        boolean isPermanent = (in.u16(at + 8) & Wire.NUD_PERMANENT) != 0;
        return attributes
                .address(Wire.NDA_DST)
                .map(ip -> new Neighbour(in.i32(at + 4), ip, attributes.mac(Wire.NDA_LLADDR), isPermanent));
    }
}
