package io.calico.dataplane.linux.netlink;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/**
 * Looks at the outside of iptables-legacy's table {@code filter} of one IP version, in the network namespace of the thread
 * that opened it: how many rules, how large, where the chains begin. The kernel tells nobody when such a table changes,
 * and this question costs a few microseconds instead of a process. Confined to one thread at a time.
 *
 * <pre>
 * struct ipt_getinfo   char name[32] | u32 hooks | u32 hook_entry[5] | u32 underflow[5] | u32 entries | u32 size
 * </pre>
 */
public final class LegacyFilterTable implements AutoCloseable {
    private static final int NAME_LENGTH = 32;
    private static final int LENGTH = NAME_LENGTH + 4 * 13;

    private final int descriptor;
    private final int level;
    private boolean isClosed;

    private LegacyFilterTable(int descriptor, int level) {
        this.descriptor = descriptor;
        this.level = level;
    }

    /**
     * Opens a socket to ask with.
     *
     * @param isV6 whether the table of IPv6 is meant
     * @throws NetlinkException if the kernel refuses (CAP_NET_RAW is needed)
     */
    public static LegacyFilterTable open(boolean isV6) {
        int descriptor =
                Libc.socket(isV6 ? Libc.AF_INET6 : Libc.AF_INET, Libc.SOCK_RAW | Libc.SOCK_CLOEXEC, Libc.IPPROTO_RAW);
        if (descriptor < 0) {
            throw NetlinkException.refused("open", "raw socket", Libc.errno(), "");
        }
        return new LegacyFilterTable(descriptor, isV6 ? Libc.SOL_IPV6 : Libc.SOL_IP);
    }

    /**
     * A text that changes when rules are added or removed; empty if there is no such table. Where rules are replaced by as
     * many of the same size it stays the same. To be asked only if the table is known to exist: the question makes it.
     */
    public Optional<String> shape() {
        if (isClosed) {
            throw new IllegalStateException("the socket is closed");
        }
        ByteBuffer info = ByteBuffer.allocateDirect(LENGTH).order(ByteOrder.nativeOrder());
        info.put("filter".getBytes(StandardCharsets.US_ASCII)).rewind();
        ByteBuffer length =
                ByteBuffer.allocateDirect(4).order(ByteOrder.nativeOrder()).putInt(0, LENGTH);
        if (Libc.getsockopt(descriptor, level, Libc.IPT_SO_GET_INFO, info, length) != 0) {
            return Optional.empty();
        }
        StringBuilder text = new StringBuilder();
        for (int at = NAME_LENGTH; at < LENGTH; at += 4) {
            text.append(info.getInt(at)).append(' ');
        }
        return Optional.of(text.toString());
    }

    /** Closes the socket; the second call does nothing. */
    @Override
    public void close() {
        if (!isClosed) {
            isClosed = true;
            Libc.close(descriptor);
        }
    }
}
