package io.calico.dataplane.packets;

import com.sun.jna.LastErrorException;
import com.sun.jna.Native;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Optional;

/** Sends and receives whole Ethernet frames (packet(7)) in the network namespace of the thread that opened it. */
final class PacketSocket implements AutoCloseable {
    private static final int AF_PACKET = 17;
    private static final int AF_NETLINK = 16;
    private static final int SOCK_RAW = 3;
    private static final int NETLINK_NETFILTER = 12;
    private static final int ETH_P_ALL = 3;
    private static final int SOL_SOCKET = 1;
    private static final int SO_RCVTIMEO = 20;
    private static final int SO_RCVBUFFORCE = 33;
    private static final byte PACKET_OUTGOING = 4;

    private final int descriptor;

    /** The C library. */
    private static final class Libc {
        static {
            Native.register(Libc.class, "c");
        }

        private Libc() {}

        static native int socket(int domain, int type, int protocol) throws LastErrorException;

        static native int setsockopt(int fd, int level, int option, byte[] value, int length) throws LastErrorException;

        static native long sendto(int fd, byte[] data, long length, int flags, byte[] address, int addressLength)
                throws LastErrorException;

        static native long recvfrom(int fd, byte[] data, long length, int flags, byte[] address, byte[] addressLength);

        static native int close(int fd);
    }

    private PacketSocket(int descriptor) {
        this.descriptor = descriptor;
    }

    /**
     * A frame as it came in.
     *
     * @param interfaceIndex of the interface on which it came
     */
    @SuppressWarnings("ArrayRecordComponent") // Never compared.
    record Received(int interfaceIndex, byte[] bytes) {}

    static PacketSocket open() {
        PacketSocket socket =
                new PacketSocket(Libc.socket(AF_PACKET, SOCK_RAW, Short.toUnsignedInt(bigEndian(ETH_P_ALL))));
        // 100 ms, as seconds and microseconds.
        byte[] timeout = buffer(16).putLong(0).putLong(100_000).array();
        Libc.setsockopt(socket.descriptor, SOL_SOCKET, SO_RCVTIMEO, timeout, 16);
        Libc.setsockopt(
                socket.descriptor,
                SOL_SOCKET,
                SO_RCVBUFFORCE,
                buffer(4).putInt(4 << 20).array(),
                4);
        return socket;
    }

    private static ByteBuffer buffer(int size) {
        return ByteBuffer.allocate(size).order(ByteOrder.nativeOrder());
    }

    private static short bigEndian(int value) {
        return ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN ? Short.reverseBytes((short) value) : (short) value;
    }

    void send(int interfaceIndex, byte[] frame) {
        byte[] address = buffer(20)
                .putShort((short) AF_PACKET)
                .putShort((short) 0)
                .putInt(interfaceIndex)
                .array();
        Libc.sendto(descriptor, frame, frame.length, 0, address, address.length);
    }

    /** The next frame that an interface received; empty if none came within 100 ms, or if it was one that was sent. */
    Optional<Received> receive() {
        byte[] data = new byte[2048];
        byte[] address = new byte[20];
        long length = Libc.recvfrom(
                descriptor, data, data.length, 0, address, buffer(4).putInt(20).array());
        if (length <= 0 || address[10] == PACKET_OUTGOING) {
            return Optional.empty();
        }
        int index = ByteBuffer.wrap(address).order(ByteOrder.nativeOrder()).getInt(4);
        return Optional.of(new Received(index, Arrays.copyOf(data, (int) length)));
    }

    /** Forgets all tracked flows of the thread's network namespace (linux/netfilter/nfnetlink_conntrack.h). */
    static void forgetFlows() {
        int socket = Libc.socket(AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER);
        try {
            int ctnetlink = 1 << 8;
            int delete = 2;
            int requestWithAnswer = 1 | 4;
            byte[] message = buffer(20)
                    .putInt(20)
                    .putShort((short) (ctnetlink | delete))
                    .putShort((short) requestWithAnswer)
                    .array();
            byte[] kernel = buffer(12).putShort((short) AF_NETLINK).array();
            Libc.sendto(socket, message, message.length, 0, kernel, kernel.length);
            byte[] answer = new byte[256];
            long length = Libc.recvfrom(
                    socket,
                    answer,
                    answer.length,
                    0,
                    new byte[12],
                    buffer(4).putInt(12).array());
            int error = ByteBuffer.wrap(answer).order(ByteOrder.nativeOrder()).getInt(16);
            if (length < 20 || error != 0) {
                throw new IllegalStateException("flows cannot be forgotten: error " + error);
            }
        } finally {
            Libc.close(socket);
        }
    }

    @Override
    public void close() {
        Libc.close(descriptor);
    }
}
