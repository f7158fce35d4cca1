package io.calico.dataplane.linux.netlink;

import io.calico.model.net.IpAddress;
import io.calico.model.net.IpVersion;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/**
 * A connection to the kernel's connection tracking (ctnetlink) of one network namespace, that of the thread that opened
 * it. Confined to one thread at a time. Needs CAP_NET_ADMIN.
 *
 * <p>Entries are found by reading the table once for many addresses or where it is small, or with the kernel's filter for
 * a few addresses (from Linux 5.8; older kernels send all, and it is looked for here), and deleted one by one: by
 * addresses and ports, and by number,
 * so that an entry made meanwhile for the same flow stays.
 */
public final class Conntrack implements AutoCloseable {
    private static final int RECEIVE_BUFFER = 4 << 20;
    /** Acknowledgements must fit into the socket's buffer. */
    private static final int MAX_REQUESTS_PER_SEND = 128;
    /** Up to so many addresses, four questions for each are cheaper than to read a large table. */
    private static final int FEW = 4;
    /**
     * Up to so many entries, to read them all is cheaper than four questions: for each list the kernel goes through a hash
     * table of usually 262,144 places, in some 4 ms during which it also delays the removal of interfaces.
     */
    private static final int SMALL_TABLE = 10_000;

    private final Exchange exchange;

    private Conntrack(Exchange exchange) {
        this.exchange = exchange;
    }

    /**
     * Opens a connection.
     *
     * @throws NetlinkException if the kernel refuses the socket
     */
    public static Conntrack open() {
        return new Conntrack(new Exchange(NetlinkSocket.open(Libc.NETLINK_NETFILTER, 0, RECEIVE_BUFFER)));
    }

    /**
     * Deletes every entry in which one of the addresses is source or destination, of the flow's own direction or of the
     * replies. Other entries are not touched.
     *
     * @return how many were deleted
     * @throws NetlinkException if the kernel refused; some may be deleted then
     */
    public int deleteEntriesOf(Collection<IpAddress> addresses) {
        if (addresses.isEmpty()) {
            return 0;
        }
        int entries = entries();
        if (entries == 0) {
            return 0;
        }
        ConntrackFormat.Wanted wanted = new ConntrackFormat.Wanted(addresses, ByteOrder.nativeOrder());
        if (addresses.size() > FEW || entries <= SMALL_TABLE) {
            return delete(everythingLike(addresses), wanted);
        }
        int deleted = 0;
        for (IpAddress address : addresses) {
            // One place at a time: an entry that is found in two of them is gone when the second is asked.
            for (ConntrackFormat.Place place : ConntrackFormat.Place.values()) {
                deleted += delete(List.of(ConntrackFormat.list(address, place)), wanted);
            }
        }
        return deleted;
    }

    private int entries() {
        List<NetlinkException> failures = new ArrayList<>();
        int[] entries = {0};
        exchange.run(List.of(ConntrackFormat.statistics()), in -> entries[0] = ConntrackFormat.entries(in), failures);
        throwFirst(failures);
        return entries[0];
    }

    private static List<Request> everythingLike(Collection<IpAddress> addresses) {
        Set<IpVersion> versions = EnumSet.noneOf(IpVersion.class);
        addresses.forEach(address -> versions.add(address.version()));
        return versions.stream().map(ConntrackFormat::list).toList();
    }

    private int delete(List<Request> lists, ConntrackFormat.Wanted wanted) {
        List<Request> deletions = new ArrayList<>();
        List<NetlinkException> failures = new ArrayList<>();
        for (Request list : lists) {
            exchange.run(
                    List.of(list),
                    in -> {
                        if (ConntrackFormat.concerns(in, wanted)) {
                            deletions.add(ConntrackFormat.deletion(in));
                        }
                    },
                    failures);
        }
        throwFirst(failures);
        int absent = 0;
        for (int from = 0; from < deletions.size(); from += MAX_REQUESTS_PER_SEND) {
            int to = Math.min(from + MAX_REQUESTS_PER_SEND, deletions.size());
            exchange.run(deletions.subList(from, to), in -> {}, failures);
            // Ended or timed out by itself meanwhile.
            int before = failures.size();
            failures.removeIf(NetlinkException::isAbsent);
            absent += before - failures.size();
            throwFirst(failures);
        }
        return deletions.size() - absent;
    }

    private static void throwFirst(List<NetlinkException> failures) {
        if (!failures.isEmpty()) {
            throw failures.get(0);
        }
    }

    /** As {@link #deleteEntriesOf(Collection)}. */
    public int deleteEntriesOf(IpAddress... addresses) {
        return deleteEntriesOf(Arrays.asList(addresses));
    }

    /** Closes the socket; the second call does nothing. */
    @Override
    public void close() {
        exchange.close();
    }
}
