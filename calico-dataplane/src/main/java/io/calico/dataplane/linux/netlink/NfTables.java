package io.calico.dataplane.linux.netlink;

import java.util.ArrayList;
import java.util.List;

/**
 * A connection to the kernel's nftables: changes elements of sets in one network namespace, that of the thread that opened
 * it. Tables, chains, rules and sets themselves are not its business. Confined to one thread at a time; needs CAP_NET_ADMIN.
 *
 * <pre>
 * begin     ┐
 * element 1 │                 ┌ the kernel checks all; one refused element undoes everything,
 * element 2 ├─ one sendto ──▶ │ else all take effect at once
 * end       ┘                 └─▶ an error for each refused element, an acknowledgement for the last element
 * </pre>
 *
 * Only the last element is acknowledged: the kernel delivers errors in the order of messages and only after it has decided,
 * so that answer is the last. Only if the batch as a whole is refused (no right to, no nftables) it may be missing; then there is
 * an error for the first message.
 */
public final class NfTables implements AutoCloseable {
    private static final int RECEIVE_BUFFER = 1 << 20;
    /** What the kernel gives a socket unasked, with some room. */
    private static final int USUAL_SEND_BUFFER = 100_000;

    private final NetlinkSocket socket;
    private final int portId;
    private final MessageWriter out = new MessageWriter();
    private int sequence;

    private NfTables(NetlinkSocket socket) {
        this.socket = socket;
        this.portId = socket.portId();
    }

    /**
     * Opens a connection.
     *
     * @throws NetlinkException if the kernel refuses the socket
     * @throws LinkageError if JNA's native library cannot be loaded
     */
    public static NfTables open() {
        NetlinkSocket socket = NetlinkSocket.open(Libc.NETLINK_NETFILTER, 0, RECEIVE_BUFFER);
        try {
            return new NfTables(socket);
        } catch (RuntimeException e) {
            socket.close();
            throw e;
        }
    }

    /** The number that events of changes made through this connection carry as their maker's port. */
    public int portId() {
        return portId;
    }

    /**
     * Makes all changes at once, or none. Nothing happens if there are none.
     *
     * @throws NetlinkException what the first refused element met with; those of the others are attached as suppressed.
     *     Nothing took effect then. With EPROTO the answer was not understood or did not come, and all or nothing took effect
     */
    public void commit(List<ElementChange> changes) {
        if (changes.isEmpty()) {
            return;
        }
        List<Request> requests = new ArrayList<>(changes.size() + 2);
        requests.add(boundary("begin", Wire.NFNL_MSG_BATCH_BEGIN));
        changes.forEach(change -> requests.add(change.request()));
        requests.add(boundary("end", Wire.NFNL_MSG_BATCH_END));
        int first = sequence + 1;
        int last = changes.size();
        out.clear();
        for (int i = 0; i < requests.size(); i++) {
            requests.get(i).write(out, ++sequence, i == last);
        }
        var messages = out.finish();
        if (messages.remaining() > USUAL_SEND_BUFFER) {
            socket.reserveForSending(messages.remaining());
        }
        socket.send(messages, "change", changes.size() + " elements");
        throwFirst(answers(requests, first, last));
    }

    private static Request boundary(String which, int type) {
        return new Request(
                which,
                "a transaction on tables",
                type,
                0,
                out -> out.u8(Wire.AF_UNSPEC)
                        .u8(0)
                        .u8(Wire.NFNL_SUBSYS_NFTABLES >> 8)
                        .u8(Wire.NFNL_SUBSYS_NFTABLES & 0xff));
    }

    /** Reads to the answer to the last element, or to the whole; returns the errors. */
    private List<NetlinkException> answers(List<Request> requests, int first, int last) {
        List<NetlinkException> failures = new ArrayList<>();
        while (true) {
            MessageReader in = socket.receive("change", requests.size() - 2 + " elements");
            while (in.next()) {
                int number = in.sequence() - first;
                // Others are late answers to a call that gave up.
                if (number >= 0 && number < requests.size() && in.type() == Wire.NLMSG_ERROR) {
                    Acknowledgement.failure(in, requests.get(number)).ifPresent(failures::add);
                    if (number == 0 || number == last) {
                        return failures;
                    }
                }
            }
        }
    }

    private static void throwFirst(List<NetlinkException> failures) {
        if (!failures.isEmpty()) {
            NetlinkException first = failures.get(0);
            failures.stream().skip(1).forEach(first::addSuppressed);
            throw first;
        }
    }

    /**
     * Whether there is a table of family {@code inet} and this name.
     *
     * @throws NetlinkException if the kernel does not say
     */
    public boolean tableExists(String name) {
        Request get = new Request("look for", "table inet " + name, Wire.NFT_MSG_GETTABLE, 0, out -> {
            out.u8(Wire.NFPROTO_INET).u8(0).u16(0);
            out.attribute(Wire.NFTA_TABLE_NAME, name);
        });
        out.clear();
        int asked = ++sequence;
        get.write(out, asked);
        socket.send(out.finish(), get.operation(), get.object());
        while (true) {
            MessageReader in = socket.receive(get.operation(), get.object());
            while (in.next()) {
                if (in.sequence() == asked && in.type() == Wire.NLMSG_ERROR) {
                    var failure = Acknowledgement.failure(in, get);
                    if (failure.isPresent() && !failure.get().isAbsent()) {
                        throw failure.get();
                    }
                    return failure.isEmpty();
                }
            }
        }
    }

    /** Closes the socket; the second call does nothing. */
    @Override
    public void close() {
        socket.close();
    }
}
