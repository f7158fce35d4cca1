package io.calico.dataplane.linux.netlink;

import io.calico.model.net.IpAddress;
import io.calico.model.net.IpVersion;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.stream.Collectors;

/**
 * A connection to the kernel's connection tracking (ctnetlink) of one network namespace, that of the thread that opened
 * it. Confined to one thread at a time. Needs CAP_NET_ADMIN.
 *
 * <p>The kernel can delete what a filter finds (IPv4, from Linux 6.12). Where it cannot, and for many addresses, entries are found by
 * reading the table, and deleted one by one: by addresses and ports, and by number, so that an entry made meanwhile for
 * the same flow stays. The table is read once, or, where it is large and the addresses are few, with the kernel's filter for lists
 * (from Linux 5.8; older kernels send all, and it is looked for here).
 */
public final class Conntrack implements AutoCloseable {
    private static final int RECEIVE_BUFFER = 4 << 20;
    /** Acknowledgements must fit into the socket's buffer. */
    private static final int MAX_REQUESTS_PER_SEND = 128;

    private final Exchange exchange;
    private boolean kernelDeletesByFilter;

    private Conntrack(Exchange exchange, boolean kernelDeletesByFilter) {
        this.exchange = exchange;
        this.kernelDeletesByFilter = kernelDeletesByFilter;
    }

    /**
     * Opens a connection.
     *
     * @throws NetlinkException if the kernel refuses the socket
     */
    public static Conntrack open() {
        return open(true);
    }

    /** {@code mayDeleteByFilter}: false makes it do as with a kernel that cannot. */
    static Conntrack open(boolean mayDeleteByFilter) {
        return new Conntrack(
                new Exchange(NetlinkSocket.open(Libc.NETLINK_NETFILTER, 0, RECEIVE_BUFFER)), mayDeleteByFilter);
    }

    /**
     * Deletes every entry in which one of the addresses is source or destination, of the flow's own direction or of the
     * replies. Other entries are not touched.
     *
     * @throws NetlinkException if the kernel refused; some may be deleted then
     */
    public void deleteEntriesOf(Collection<IpAddress> addresses) {
        if (addresses.isEmpty()) {
            return;
        }
        int entries = entries();
        if (entries == 0) {
            return;
        }
        addresses.stream()
                .collect(Collectors.groupingBy(IpAddress::version))
                .forEach((version, some) -> deleteEntriesOf(version, some, entries));
    }

    private void deleteEntriesOf(IpVersion version, List<IpAddress> addresses, int entries) {
        // Of IPv6, the kernel's filter (seen in 6.18) finds all entries but those with the address.
        boolean canFilter = version == IpVersion.V4;
        long listMicros = listMicros(entries);
        if (canFilter && filteredDeletionsMicros(addresses.size(), entries) < listMicros && deleteByFilter(addresses)) {
            return;
        }
        ConntrackFormat.Wanted wanted = new ConntrackFormat.Wanted(addresses, ByteOrder.nativeOrder());
        if (!canFilter || filteredListsMicros(addresses.size(), entries) > listMicros) {
            delete(ConntrackFormat.list(version), wanted);
            return;
        }
        for (IpAddress address : addresses) {
            // One place at a time: an entry that is found in two of them is gone when the second is asked.
            for (ConntrackFormat.Place place : ConntrackFormat.Place.values()) {
                delete(ConntrackFormat.list(address, place), wanted);
            }
        }
    }

    /*
     * Processor time of the three ways, as measured on Linux 6.18 with the usual hash table of 262,144 places. A list locks each place,
     * also the empty ones, and delays the removal of interfaces meanwhile; a deletion skips them. Each of the four questions
     * for an address goes through all entries again.
     */

    private static long listMicros(int entries) {
        return 9_000 + entries * 2L;
    }

    private static long filteredDeletionsMicros(int addresses, int entries) {
        return addresses * (1_000L + entries);
    }

    private static long filteredListsMicros(int addresses, int entries) {
        return addresses * (40_000L + entries * 8L / 10);
    }

    /** False: this kernel cannot, and nothing was deleted. */
    private boolean deleteByFilter(Collection<IpAddress> addresses) {
        if (!kernelDeletesByFilter) {
            return false;
        }
        List<NetlinkException> failures = new ArrayList<>();
        exchange.run(
                addresses.stream()
                        .flatMap(address -> Arrays.stream(ConntrackFormat.Place.values())
                                .map(place -> ConntrackFormat.deletion(address, place)))
                        .toList(),
                in -> {},
                failures);
        // Kernels before 6.12 read the filter's half tuple as a whole one.
        kernelDeletesByFilter = failures.stream().noneMatch(NetlinkException::isInvalid);
        if (kernelDeletesByFilter) {
            throwFirst(failures);
        }
        return kernelDeletesByFilter;
    }

    private int entries() {
        List<NetlinkException> failures = new ArrayList<>();
        int[] entries = {0};
        exchange.run(List.of(ConntrackFormat.statistics()), in -> entries[0] = ConntrackFormat.entries(in), failures);
        throwFirst(failures);
        return entries[0];
    }

    private void delete(Request list, ConntrackFormat.Wanted wanted) {
        List<Request> deletions = new ArrayList<>();
        List<NetlinkException> failures = new ArrayList<>();
        exchange.run(
                List.of(list),
                in -> {
                    if (ConntrackFormat.concerns(in, wanted)) {
                        deletions.add(ConntrackFormat.deletion(in));
                    }
                },
                failures);
        throwFirst(failures);
        for (int from = 0; from < deletions.size(); from += MAX_REQUESTS_PER_SEND) {
            int to = Math.min(from + MAX_REQUESTS_PER_SEND, deletions.size());
            exchange.run(deletions.subList(from, to), in -> {}, failures);
            // Ended or timed out by itself meanwhile.
            failures.removeIf(NetlinkException::isAbsent);
            throwFirst(failures);
        }
    }

    private static void throwFirst(List<NetlinkException> failures) {
        if (!failures.isEmpty()) {
            throw failures.get(0);
        }
    }

    /** As {@link #deleteEntriesOf(Collection)}. */
    public void deleteEntriesOf(IpAddress... addresses) {
        deleteEntriesOf(Arrays.asList(addresses));
    }

    /** Closes the socket; the second call does nothing. */
    @Override
    public void close() {
        exchange.close();
    }
}
