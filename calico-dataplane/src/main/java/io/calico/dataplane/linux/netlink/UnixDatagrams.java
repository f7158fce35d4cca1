package io.calico.dataplane.linux.netlink;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/** Datagrams to Unix sockets, which the JDK does not have: what systemd is told is sent as such. */
public final class UnixDatagrams {
    /** {@code sun_path} of unix(7). */
    private static final int MAX_PATH_BYTES = 108;

    private UnixDatagrams() {}

    /**
     * Sends one datagram; does not wait for a receiver that does not read.
     *
     * @param address path of the socket; one that begins with {@code @} is a name in the abstract namespace
     * @param text sent as UTF-8
     * @throws IOException if there is no such socket, or it does not take the datagram
     * @throws IllegalArgumentException if the address is too long
     */
    public static void send(String address, String text) throws IOException {
        ByteBuffer name = socketName(address);
        ByteBuffer data = direct(text.getBytes(StandardCharsets.UTF_8));
        int descriptor = Libc.socket(Libc.AF_UNIX, Libc.SOCK_DGRAM | Libc.SOCK_CLOEXEC, 0);
        if (descriptor < 0) {
            throw new IOException("no Unix socket can be opened: error " + Libc.errno());
        }
        try {
            long sent = Libc.sendto(descriptor, data, data.remaining(), Libc.MSG_DONTWAIT, name, name.remaining());
            if (sent != data.remaining()) {
                throw new IOException("socket " + address + " did not take a datagram: error " + Libc.errno());
            }
        } finally {
            Libc.close(descriptor);
        }
    }

    /** {@code struct sockaddr_un}: family (2 bytes), then a path that ends with a NUL or an abstract name that begins with one. */
    static ByteBuffer socketName(String address) {
        byte[] path = address.getBytes(StandardCharsets.UTF_8);
        boolean isAbstract = path.length > 0 && path[0] == '@';
        if (path.length == 0 || path.length >= MAX_PATH_BYTES) {
            throw new IllegalArgumentException("'" + address + "' is not the address of a Unix socket");
        }
        if (isAbstract) {
            path[0] = 0;
        }
        ByteBuffer name = ByteBuffer.allocateDirect(2 + path.length + (isAbstract ? 0 : 1))
                .order(ByteOrder.nativeOrder());
        name.putShort((short) Libc.AF_UNIX).put(path);
        return name.rewind();
    }

    private static ByteBuffer direct(byte[] bytes) {
        return ByteBuffer.allocateDirect(bytes.length).put(bytes).flip();
    }
}
