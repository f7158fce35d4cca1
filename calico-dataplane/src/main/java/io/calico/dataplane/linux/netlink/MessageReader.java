package io.calico.dataplane.linux.netlink;

import io.calico.model.net.IpAddress;
import io.calico.model.net.MacAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * Walks over the messages of one received datagram, and over the attributes inside each. The layouts are drawn at
 * {@link MessageWriter}. Lengths are checked against the datagram: a wrong one is a {@link NetlinkException}, never a
 * read outside. Confined to one thread; valid until the buffer is used for the next datagram.
 */
final class MessageReader {
    /** Attributes with a higher number are of no interest here and are skipped. */
    private static final int MAX_ATTRIBUTE = 64;

    private final ByteBuffer data;
    private final int end;
    private int start;
    private int next;

    /** The datagram is the first {@code length} bytes; the buffer's byte order is the messages'. */
    MessageReader(ByteBuffer data, int length) {
        this.data = data;
        this.end = length;
    }

    /** Goes to the next message; false if there is none. */
    boolean next() {
        if (next >= end) {
            return false;
        }
        start = next;
        if (end - start < Wire.NLMSG_HDRLEN) {
            throw malformed("a message header is cut off after " + (end - start) + " bytes");
        }
        int length = data.getInt(start);
        if (length < Wire.NLMSG_HDRLEN || length > end - start) {
            throw malformed("a message of " + length + " bytes where " + (end - start) + " are left");
        }
        next = start + length + 3 & ~3;
        return true;
    }

    int type() {
        return data.getShort(start + 4) & 0xffff;
    }

    int flags() {
        return data.getShort(start + 6) & 0xffff;
    }

    int sequence() {
        return data.getInt(start + 8);
    }

    /** Where the message's content begins, as an offset for {@link #u8}, {@link #u16}, {@link #i32}. */
    int content() {
        return start + Wire.NLMSG_HDRLEN;
    }

    /** Length of the message's content in bytes. */
    int length() {
        return messageEnd() - content();
    }

    private int messageEnd() {
        return start + data.getInt(start);
    }

    int u8(int offset) {
        return data.get(checked(offset, 1)) & 0xff;
    }

    int u16(int offset) {
        return data.getShort(checked(offset, 2)) & 0xffff;
    }

    /** Port of the socket whose request caused an event; 0 if the kernel itself did, or does not say. */
    int port() {
        return data.getInt(start + 12);
    }

    int i32(int offset) {
        return data.getInt(checked(offset, 4));
    }

    private int checked(int offset, int size) {
        if (offset + size > messageEnd()) {
            throw malformed("message type " + type() + " ends after " + (messageEnd() - content()) + " bytes");
        }
        return offset;
    }

    /** The message's attributes, which follow a fixed part of this many bytes. */
    Attributes attributes(int fixedLength) {
        return new Attributes(content() + (fixedLength + 3 & ~3), messageEnd());
    }

    /** The attributes between two offsets, such as those of a next hop. */
    Attributes attributes(int from, int to) {
        return new Attributes(from, to);
    }

    /**
     * What the parser makes of the current message.
     *
     * @throws NetlinkException also where the parser meets a value that cannot be, such as a /33
     */
    <T> T decode(Function<MessageReader, T> parser) {
        try {
            return parser.apply(this);
        } catch (IllegalArgumentException e) {
            throw malformed("message type " + type() + ": " + e.getMessage());
        }
    }

    private NetlinkException malformed(String what) {
        return NetlinkException.broken("read", "netlink answer", what);
    }

    /** The attributes of a message or of a nested attribute; of several with one number the last counts. */
    final class Attributes {
        private final short[] lengths = new short[MAX_ATTRIBUTE];
        private final int[] offsets = new int[MAX_ATTRIBUTE];

        private Attributes(int from, int to) {
            int at = from;
            while (to - at >= 4) {
                int length = data.getShort(at) & 0xffff;
                int type = data.getShort(at + 2) & Wire.NLA_TYPE_MASK;
                if (length < 4 || length > to - at) {
                    throw malformed("attribute " + type + " of " + length + " bytes where " + (to - at) + " are left");
                }
                if (type < MAX_ATTRIBUTE) {
                    offsets[type] = at + 4;
                    lengths[type] = (short) (length - 4);
                }
                at += length + 3 & ~3;
            }
        }

        boolean has(int type) {
            return offsets[type] != 0;
        }

        int length(int type) {
            return lengths[type] & 0xffff;
        }

        /** Where the value begins; it is there. */
        int offset(int type) {
            return offsets[type];
        }

        /** A 32-bit number; the default if the attribute is missing. */
        int i32(int type, int absent) {
            return has(type) ? data.getInt(atLeast(type, 4)) : absent;
        }

        /** A number in network order; the given one if the attribute is missing. */
        int be32(int type, int absent) {
            int number = i32(type, absent);
            return has(type) && data.order() == ByteOrder.LITTLE_ENDIAN ? Integer.reverseBytes(number) : number;
        }

        /** Number {@code index} of an attribute that is an array of u32; empty if it is missing or shorter. */
        OptionalInt element(int type, int index) {
            return has(type) && length(type) >= 4 * (index + 1)
                    ? OptionalInt.of(data.getInt(offset(type) + 4 * index))
                    : OptionalInt.empty();
        }

        int u16(int type) {
            return data.getShort(atLeast(type, 2)) & 0xffff;
        }

        /** A zero-terminated text; empty if the attribute is missing. */
        String text(int type) {
            if (!has(type)) {
                return "";
            }
            byte[] bytes = bytes(type, 0);
            int length = bytes.length;
            while (length > 0 && bytes[length - 1] == 0) {
                length--;
            }
            return new String(bytes, 0, length, StandardCharsets.UTF_8);
        }

        /** An address of 4 or 16 bytes; empty if the attribute is missing. */
        Optional<IpAddress> address(int type) {
            return has(type) ? Optional.of(addressAfter(type, 0)) : Optional.empty();
        }

        /** The address that fills the attribute after the first {@code skip} bytes. */
        IpAddress addressAfter(int type, int skip) {
            int length = length(type) - skip;
            if (length != 4 && length != 16) {
                throw malformed("attribute " + type + " holds an address of " + length + " bytes");
            }
            return IpAddress.ofBytes(bytes(type, skip));
        }

        /** An Ethernet address; empty if the attribute is missing or holds a link address of another kind. */
        Optional<MacAddress> mac(int type) {
            if (!has(type) || length(type) != 6) {
                return Optional.empty();
            }
            long bits = 0;
            for (byte b : bytes(type, 0)) {
                bits = bits << 8 | b & 0xff;
            }
            return Optional.of(MacAddress.of(bits));
        }

        /** The attributes inside this one; none if it is missing. */
        Attributes nested(int type) {
            return has(type) ? new Attributes(offset(type), offset(type) + length(type)) : new Attributes(0, 0);
        }

        /** Hands over the attributes inside each of those inside this one, such as the elements of a list; none if it is missing. */
        void each(int type, Consumer<Attributes> each) {
            int at = offset(type);
            int to = at + length(type);
            while (to - at >= 4) {
                int length = data.getShort(at) & 0xffff;
                if (length < 4 || length > to - at) {
                    throw malformed("an element of " + length + " bytes where " + (to - at) + " are left");
                }
                each.accept(new Attributes(at + 4, at + length));
                at += length + 3 & ~3;
            }
        }

        /** The value as it is; empty if the attribute is missing. */
        byte[] bytes(int type) {
            return bytes(type, 0);
        }

        private byte[] bytes(int type, int skip) {
            byte[] bytes = new byte[length(type) - skip];
            data.get(offsets[type] + skip, bytes);
            return bytes;
        }

        private int atLeast(int type, int size) {
            if (length(type) < size) {
                throw malformed("attribute " + type + " has " + length(type) + " bytes instead of " + size);
            }
            return offsets[type];
        }
    }
}
