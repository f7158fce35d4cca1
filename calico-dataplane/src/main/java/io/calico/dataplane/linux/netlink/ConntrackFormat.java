package io.calico.dataplane.linux.netlink;

import io.calico.model.net.IpAddress;
import io.calico.model.net.IpVersion;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.IntBuffer;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashSet;
import java.util.Set;

/**
 * How entries of connection tracking are written in messages.
 *
 * <pre>
 * struct nfgenmsg   u8 family | u8 version | u16 resource
 * attributes        CTA_TUPLE_ORIG, CTA_TUPLE_REPLY { CTA_TUPLE_IP { source, destination }, CTA_TUPLE_PROTO {…} }
 *                   CTA_ID be32, CTA_ZONE be16
 * a filter          CTA_FILTER { CTA_FILTER_ORIG_FLAGS u32, CTA_FILTER_REPLY_FLAGS u32 }: which fields of the tuples
 *                   that are sent along must be equal
 * </pre>
 *
 * A table may hold some hundred thousand entries, so reading one makes no objects.
 */
final class ConntrackFormat {
    private ConntrackFormat() {}

    /** Where in an entry an address stands. */
    enum Place {
        SOURCE(Wire.CTA_TUPLE_ORIG, true),
        DESTINATION(Wire.CTA_TUPLE_ORIG, false),
        REPLY_SOURCE(Wire.CTA_TUPLE_REPLY, true),
        REPLY_DESTINATION(Wire.CTA_TUPLE_REPLY, false);

        private final int tuple;
        private final boolean isSource;

        Place(int tuple, boolean isSource) {
            this.tuple = tuple;
            this.isSource = isSource;
        }
    }

    /** Addresses to look for. */
    static final class Wanted {
        private final int[] v4;
        private final Set<V6> v6 = new HashSet<>();

        private record V6(int a, int b, int c, int d) {}

        /** The byte order is that of the messages. */
        Wanted(Collection<IpAddress> addresses, ByteOrder order) {
            for (IpAddress address : addresses) {
                if (address.isV6()) {
                    IntBuffer parts =
                            ByteBuffer.wrap(address.toBytes()).order(order).asIntBuffer();
                    v6.add(new V6(parts.get(0), parts.get(1), parts.get(2), parts.get(3)));
                }
            }
            v4 = addresses.stream()
                    .filter(IpAddress::isV4)
                    .mapToInt(address ->
                            ByteBuffer.wrap(address.toBytes()).order(order).getInt())
                    .sorted()
                    .toArray();
        }

        private boolean contains(MessageReader in, int at, int length) {
            if (length == 4) {
                return Arrays.binarySearch(v4, in.i32(at)) >= 0;
            }
            return length == 16
                    && !v6.isEmpty()
                    && v6.contains(new V6(in.i32(at), in.i32(at + 4), in.i32(at + 8), in.i32(at + 12)));
        }
    }

    /** Whether the entry that the reader stands at has one of the addresses, anywhere. */
    static boolean concerns(MessageReader in, Wanted wanted) {
        int from = in.content() + Wire.NFGENMSG_LENGTH;
        int to = in.content() + in.length();
        return tupleHas(in, find(in, from, to, Wire.CTA_TUPLE_ORIG), wanted)
                || tupleHas(in, find(in, from, to, Wire.CTA_TUPLE_REPLY), wanted);
    }

    private static boolean tupleHas(MessageReader in, int tuple, Wanted wanted) {
        int ip = tuple < 0 ? -1 : find(in, tuple + 4, tuple + in.u16(tuple), Wire.CTA_TUPLE_IP);
        if (ip < 0) {
            return false;
        }
        int end = ip + in.u16(ip);
        for (int at = ip + 4; end - at >= 4 && in.u16(at) >= 4; at += in.u16(at) + 3 & ~3) {
            if (wanted.contains(in, at + 4, in.u16(at) - 4)) {
                return true;
            }
        }
        return false;
    }

    /** Offset of the attribute's header; -1 if it is missing. */
    private static int find(MessageReader in, int from, int to, int type) {
        for (int at = from; to - at >= 4 && in.u16(at) >= 4; at += in.u16(at) + 3 & ~3) {
            if ((in.u16(at + 2) & Wire.NLA_TYPE_MASK) == type) {
                return at;
            }
        }
        return -1;
    }

    /** The request that deletes the entry that the reader stands at, and no later one of the same addresses and ports. */
    static Request deletion(MessageReader in) {
        int family = in.u8(in.content());
        int from = in.content() + Wire.NFGENMSG_LENGTH;
        int to = in.content() + in.length();
        byte[] tuple = value(in, find(in, from, to, Wire.CTA_TUPLE_ORIG));
        byte[] id = value(in, find(in, from, to, Wire.CTA_ID));
        byte[] zone = value(in, find(in, from, to, Wire.CTA_ZONE));
        // A deletion without a tuple would empty the whole table.
        if (tuple.length == 0) {
            throw NetlinkException.broken("list", "connections", "an entry without addresses");
        }
        return Request.netfilter(
                "delete", "connection", Wire.NFNL_SUBSYS_CTNETLINK, Wire.IPCTNL_MSG_CT_DELETE, 0, out -> {
                    out.u8(family).u8(0).u16(0);
                    out.attribute(Wire.CTA_TUPLE_ORIG | Wire.NLA_F_NESTED, tuple);
                    if (id.length > 0) {
                        out.attribute(Wire.CTA_ID, id);
                    }
                    if (zone.length > 0) {
                        out.attribute(Wire.CTA_ZONE, zone);
                    }
                });
    }

    private static byte[] value(MessageReader in, int attribute) {
        byte[] bytes = new byte[attribute < 0 ? 0 : in.u16(attribute) - 4];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) in.u8(attribute + 4 + i);
        }
        return bytes;
    }

    /** How many entries there are, in this network namespace. */
    static Request statistics() {
        return Request.netfilter(
                "count",
                "connections",
                Wire.NFNL_SUBSYS_CTNETLINK,
                Wire.IPCTNL_MSG_CT_GET_STATS,
                0,
                out -> out.u8(Wire.AF_UNSPEC).u8(0).u16(0));
    }

    /** What the answer to {@link #statistics} says. */
    static int entries(MessageReader in) {
        int from = in.content() + Wire.NFGENMSG_LENGTH;
        byte[] number = value(in, find(in, from, in.content() + in.length(), Wire.CTA_STATS_GLOBAL_ENTRIES));
        if (number.length != Integer.BYTES) {
            throw NetlinkException.broken("count", "connections", "no number of entries");
        }
        return ByteBuffer.wrap(number).getInt();
    }

    /** The entries of one IP version. */
    static Request list(IpVersion version) {
        return Request.netfilter(
                "list",
                "connections",
                Wire.NFNL_SUBSYS_CTNETLINK,
                Wire.IPCTNL_MSG_CT_GET,
                Wire.NLM_F_DUMP,
                out -> out.u8(AddressFormat.family(version)).u8(0).u16(0));
    }

    /** The entries with the IPv4 address in this place; all of its version from kernels before 5.8, which cannot filter. */
    static Request list(IpAddress address, Place place) {
        return Request.netfilter(
                "list",
                "connections of " + address,
                Wire.NFNL_SUBSYS_CTNETLINK,
                Wire.IPCTNL_MSG_CT_GET,
                Wire.NLM_F_DUMP,
                out -> writeFilter(out, address, place));
    }

    /**
     * The request that deletes all entries with the IPv4 address in this place. Kernels before 6.12 refuse it as invalid, since they
     * look for one entry, and the tuple says too little for that.
     */
    static Request deletion(IpAddress address, Place place) {
        return Request.netfilter(
                "delete",
                "connections of " + address,
                Wire.NFNL_SUBSYS_CTNETLINK,
                Wire.IPCTNL_MSG_CT_DELETE,
                0,
                out -> writeFilter(out, address, place));
    }

    private static void writeFilter(MessageWriter out, IpAddress address, Place place) {
        out.u8(AddressFormat.family(address.version())).u8(0).u16(0);
        int tuple = out.beginNested(place.tuple);
        int ip = out.beginNested(Wire.CTA_TUPLE_IP);
        out.attribute(place.isSource ? Wire.CTA_IP_V4_SRC : Wire.CTA_IP_V4_DST, address);
        out.endNested(ip);
        out.endNested(tuple);
        int filter = out.beginNested(Wire.CTA_FILTER);
        int fields = place.isSource ? Wire.CTA_FILTER_F_CTA_IP_SRC : Wire.CTA_FILTER_F_CTA_IP_DST;
        boolean isOriginal = place.tuple == Wire.CTA_TUPLE_ORIG;
        out.attribute(Wire.CTA_FILTER_ORIG_FLAGS, isOriginal ? fields : 0);
        out.attribute(Wire.CTA_FILTER_REPLY_FLAGS, isOriginal ? 0 : fields);
        out.endNested(filter);
    }
}
