package io.calico.dataplane.packets;

import io.calico.model.net.IpAddress;
import io.calico.model.net.MacAddress;
import io.calico.model.rule.Protocol;
import io.calico.policy.Packet;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * Ethernet frames with an IP packet.
 *
 * <pre>
 *   0   6   12    14            34 (IPv6: 54)
 *   dst src type  IP header     TCP 20 | UDP 8 | ICMP 8 | nothing, then the payload
 * </pre>
 */
final class Frame {
    static final int FIN = 1;
    static final int SYN = 2;
    static final int RST = 4;
    static final int PSH = 8;
    static final int ACK = 16;

    private static final int ETHERNET = 14;
    private static final int IPV4 = 20;
    private static final int IPV6 = 40;

    private Frame() {}

    /**
     * TCP's own fields.
     *
     * @param flags sum of the constants of this class
     */
    record Tcp(int flags, int sequence, int acknowledgement) {
        static final Tcp SYN_ONLY = new Tcp(SYN, 1000, 0);
    }

    /** The frame for a packet; of TCP, one that opens a flow. */
    static byte[] of(MacAddress to, MacAddress from, Packet packet, byte[] payload) {
        return of(to, from, packet, Tcp.SYN_ONLY, payload);
    }

    static byte[] of(MacAddress to, MacAddress from, Packet packet, Tcp tcp, byte[] payload) {
        byte[] transport = transport(packet, tcp, payload);
        boolean isV4 = packet.source().isV4();
        ByteBuffer frame = ByteBuffer.allocate(ETHERNET + (isV4 ? IPV4 : IPV6) + transport.length);
        frame.put(to.toBytes()).put(from.toBytes()).putShort((short) (isV4 ? 0x0800 : 0x86dd));
        int protocol = packet.protocol().number();
        if (isV4) {
            byte[] header = ByteBuffer.allocate(IPV4)
                    .putShort((short) 0x4500)
                    .putShort((short) (IPV4 + transport.length))
                    .putInt(0)
                    .put((byte) 64)
                    .put((byte) protocol)
                    .putShort((short) 0)
                    .put(packet.source().toBytes())
                    .put(packet.destination().toBytes())
                    .array();
            putChecksum(header, 10, header);
            frame.put(header);
        } else {
            frame.putInt(0x60000000)
                    .putShort((short) transport.length)
                    .put((byte) protocol)
                    .put((byte) 255)
                    .put(packet.source().toBytes())
                    .put(packet.destination().toBytes());
        }
        return frame.put(transport).array();
    }

    private static byte[] transport(Packet packet, Tcp tcp, byte[] payload) {
        int protocol = packet.protocol().number();
        int length;
        int checksumAt;
        ByteBuffer buffer = ByteBuffer.allocate(20 + payload.length);
        if (packet.protocol().equals(Protocol.TCP)) {
            buffer.putShort((short) packet.sourcePort().orElseThrow())
                    .putShort((short) packet.destinationPort().orElseThrow())
                    .putInt(tcp.sequence())
                    .putInt(tcp.acknowledgement())
                    .putShort((short) (5 << 12 | tcp.flags()))
                    .putShort((short) 64000)
                    .putInt(0);
            checksumAt = 16;
        } else if (packet.protocol().equals(Protocol.UDP)) {
            buffer.putShort((short) packet.sourcePort().orElseThrow())
                    .putShort((short) packet.destinationPort().orElseThrow())
                    .putShort((short) (8 + payload.length))
                    .putShort((short) 0);
            checksumAt = 6;
        } else if (packet.icmpType().isPresent()) {
            buffer.put((byte) packet.icmpType().getAsInt())
                    .put((byte) packet.icmpCode().orElse(0))
                    .putShort((short) 0)
                    .putInt(0);
            checksumAt = 2;
        } else {
            return payload;
        }
        buffer.put(payload);
        length = buffer.position();
        byte[] bytes = Arrays.copyOf(buffer.array(), length);
        byte[] summed = bytes;
        if (!packet.protocol().equals(Protocol.ICMP)) {
            byte[] source = packet.source().toBytes();
            summed = ByteBuffer.allocate(2 * source.length + 8 + length)
                    .put(source)
                    .put(packet.destination().toBytes())
                    .putInt(length)
                    .putInt(protocol)
                    .put(bytes)
                    .array();
        }
        putChecksum(bytes, checksumAt, summed);
        return bytes;
    }

    /** RFC 1071. */
    private static void putChecksum(byte[] bytes, int at, byte[] summed) {
        long sum = 0;
        for (int i = 0; i < summed.length; i += 2) {
            sum += (summed[i] & 0xff) << 8 | (i + 1 < summed.length ? summed[i + 1] & 0xff : 0);
        }
        while (sum >>> 16 != 0) {
            sum = (sum & 0xffff) + (sum >>> 16);
        }
        ByteBuffer.wrap(bytes).putShort(at, (short) ~sum);
    }

    /** The packet in a frame; empty if there is none of IP. */
    static Optional<Packet> packet(byte[] frame) {
        if (frame.length < ETHERNET + IPV4) {
            return Optional.empty();
        }
        ByteBuffer buffer = ByteBuffer.wrap(frame);
        int type = Short.toUnsignedInt(buffer.getShort(12));
        if (type != 0x0800 && (type != 0x86dd || frame.length < ETHERNET + IPV6)) {
            return Optional.empty();
        }
        boolean isV4 = type == 0x0800;
        int addressBytes = isV4 ? 4 : 16;
        int sourceAt = ETHERNET + (isV4 ? 12 : 8);
        int transportAt = ETHERNET + (isV4 ? (frame[ETHERNET] & 15) * 4 : IPV6);
        Protocol protocol = Protocol.of(Math.max(1, frame[ETHERNET + (isV4 ? 9 : 6)] & 0xff));
        boolean hasPorts = protocol.hasPorts() && frame.length >= transportAt + 4;
        boolean isIcmp = protocol.equals(isV4 ? Protocol.ICMP : Protocol.ICMPV6) && frame.length >= transportAt + 2;
        return Optional.of(new Packet(
                IpAddress.ofBytes(Arrays.copyOfRange(frame, sourceAt, sourceAt + addressBytes)),
                IpAddress.ofBytes(Arrays.copyOfRange(frame, sourceAt + addressBytes, sourceAt + 2 * addressBytes)),
                protocol,
                hasPorts ? OptionalInt.of(Short.toUnsignedInt(buffer.getShort(transportAt))) : OptionalInt.empty(),
                hasPorts ? OptionalInt.of(Short.toUnsignedInt(buffer.getShort(transportAt + 2))) : OptionalInt.empty(),
                isIcmp ? OptionalInt.of(frame[transportAt] & 0xff) : OptionalInt.empty(),
                isIcmp ? OptionalInt.of(frame[transportAt + 1] & 0xff) : OptionalInt.empty(),
                Optional.empty()));
    }

    /** The IP packet of a frame, without the Ethernet header. */
    static byte[] ipBytes(byte[] frame) {
        return Arrays.copyOfRange(frame, ETHERNET, frame.length);
    }
}
