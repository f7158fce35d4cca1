package io.calico.dataplane.linux.netlink;

import com.sun.jna.Native;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * The system calls used here, mapped directly. Results are the C library's: -1 is an error, and {@link #errno()} then
 * says which. Buffers are direct; JNA hands on their address plus their position. {@code size_t} and
 * {@code ssize_t} are {@code long}: only 64-bit machines are supported.
 */
final class Libc {
    static final int AF_UNIX = 1;
    static final int AF_INET = 2;
    static final int AF_INET6 = 10;
    static final int AF_NETLINK = 16;
    static final int SOCK_DGRAM = 2;
    static final int SOCK_RAW = 3;
    static final int SOCK_CLOEXEC = 0x80000;
    static final int NETLINK_ROUTE = 0;
    static final int NETLINK_NETFILTER = 12;
    static final int IPPROTO_RAW = 255;
    static final int SOL_IP = 0;
    static final int SOL_IPV6 = 41;
    /** The same number for both IP versions. */
    static final int IPT_SO_GET_INFO = 64;

    static final int SOL_SOCKET = 1;
    static final int SO_SNDBUF = 7;
    static final int SO_RCVBUF = 8;
    static final int SO_RCVTIMEO = 20;
    static final int SO_SNDBUFFORCE = 32;
    static final int SO_RCVBUFFORCE = 33;
    static final int SOL_NETLINK = 270;
    static final int NETLINK_CAP_ACK = 10;
    static final int NETLINK_EXT_ACK = 11;
    static final int NETLINK_GET_STRICT_CHK = 12;
    static final int MSG_TRUNC = 0x20;
    static final int MSG_DONTWAIT = 0x40;
    static final int EFD_CLOEXEC = 0x80000;
    static final short POLLIN = 1;
    static final int O_RDONLY = 0;
    static final int O_CLOEXEC = 0x80000;

    static {
        if (Native.POINTER_SIZE != 8) {
            throw new UnsupportedOperationException("a 64-bit machine is needed, this JVM has "
                    + 8 * Native.POINTER_SIZE + "-bit pointers (os.arch " + System.getProperty("os.arch") + ")");
        }
        Native.register(Libc.class, "c");
    }

    private Libc() {}

    /** The error of the last call that this thread made and that returned -1. */
    static int errno() {
        return Native.getLastError();
    }

    static native int socket(int domain, int type, int protocol);

    static native int bind(int fd, ByteBuffer address, int length);

    static native int getsockname(int fd, ByteBuffer address, ByteBuffer length);

    static native int setsockopt(int fd, int level, int option, ByteBuffer value, int length);

    static native int getsockopt(int fd, int level, int option, ByteBuffer value, ByteBuffer length);

    static native long sendto(
            int fd, ByteBuffer data, long length, int flags, @Nullable ByteBuffer address, int addressLength);

    static native long recvfrom(
            int fd, ByteBuffer data, long length, int flags, ByteBuffer address, ByteBuffer addressLength);

    static native int poll(ByteBuffer descriptors, long count, int timeoutMillis);

    static native int eventfd(int initial, int flags);

    static native long read(int fd, ByteBuffer data, long length);

    static native long write(int fd, ByteBuffer data, long length);

    static native int open(String path, int flags);

    static native int close(int fd);
}
