package io.calico.dataplane.linux.netlink;

import io.calico.model.net.IpAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/**
 * Writes netlink messages one after another into one direct buffer, which grows as needed.
 *
 * <pre>
 * message    u32 length | u16 type | u16 flags | u32 sequence | u32 port (0 = kernel) | fixed part | attributes…
 * attribute  u16 length (header and value, without padding) | u16 type | value | padding to 4 bytes
 * </pre>
 *
 * Numbers are in the machine's byte order, addresses in network order. Lengths are filled in by {@link #endMessage} and
 * {@link #endNested}. Confined to one thread.
 */
final class MessageWriter {
    private final ByteOrder order;
    private ByteBuffer buffer;
    private int messageStart = -1;

    MessageWriter() {
        this(ByteOrder.nativeOrder());
    }

    /** With a byte order other than the machine's, only for looking at the bytes. */
    MessageWriter(ByteOrder order) {
        this.order = order;
        this.buffer = ByteBuffer.allocateDirect(4096).order(order);
    }

    /** Forgets everything written. */
    void clear() {
        buffer.clear();
        messageStart = -1;
    }

    /** Ends the writing: the direct buffer itself, from its position 0 to its limit; valid until {@link #clear}. */
    ByteBuffer finish() {
        return buffer.flip();
    }

    void beginMessage(int type, int flags, int sequence) {
        if (messageStart >= 0) {
            throw new IllegalStateException("the message before is not ended");
        }
        room(Wire.NLMSG_HDRLEN);
        messageStart = buffer.position();
        buffer.putInt(0)
                .putShort((short) type)
                .putShort((short) flags)
                .putInt(sequence)
                .putInt(0);
    }

    void endMessage() {
        buffer.putInt(messageStart, buffer.position() - messageStart);
        messageStart = -1;
    }

    MessageWriter u8(int value) {
        room(1);
        buffer.put((byte) value);
        return this;
    }

    MessageWriter u16(int value) {
        room(2);
        buffer.putShort((short) value);
        return this;
    }

    MessageWriter u32(int value) {
        room(4);
        buffer.putInt(value);
        return this;
    }

    MessageWriter attribute(int type, int value) {
        attributeHeader(type, 4);
        buffer.putInt(value);
        return this;
    }

    MessageWriter attribute(int type, byte[] value) {
        attributeHeader(type, value.length);
        buffer.put(value);
        pad();
        return this;
    }

    MessageWriter attribute(int type, IpAddress address) {
        return attribute(type, address.toBytes());
    }

    /** A 16-bit number and bytes right behind it: an address with its family. */
    MessageWriter attributeVia(int type, int family, byte[] address) {
        attributeHeader(type, 2 + address.length);
        buffer.putShort((short) family).put(address);
        pad();
        return this;
    }

    /** The text in UTF-8 with its terminating zero. */
    MessageWriter attribute(int type, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        attributeHeader(type, bytes.length + 1);
        buffer.put(bytes).put((byte) 0);
        pad();
        return this;
    }

    /** Begins an attribute that contains attributes; the result is for {@link #endNested}. */
    int beginNested(int type) {
        int start = buffer.position();
        attributeHeader(type | Wire.NLA_F_NESTED, 0);
        return start;
    }

    void endNested(int start) {
        buffer.putShort(start, (short) (buffer.position() - start));
    }

    /** Begins something whose first two bytes are its own length, such as a next hop; ends with {@link #endNested}. */
    int beginSized() {
        int start = buffer.position();
        u16(0);
        return start;
    }

    private void attributeHeader(int type, int valueLength) {
        room(4 + valueLength + 3);
        buffer.putShort((short) (4 + valueLength)).putShort((short) type);
    }

    private void pad() {
        while ((buffer.position() - messageStart & 3) != 0) {
            buffer.put((byte) 0);
        }
    }

    private void room(int bytes) {
        if (buffer.remaining() < bytes) {
            ByteBuffer larger = ByteBuffer.allocateDirect(Math.max(buffer.capacity() * 2, buffer.position() + bytes))
                    .order(order);
            larger.put(buffer.flip());
            buffer = larger;
        }
    }
}
