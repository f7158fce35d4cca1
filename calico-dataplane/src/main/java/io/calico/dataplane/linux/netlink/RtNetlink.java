package io.calico.dataplane.linux.netlink;

import io.calico.model.net.IpVersion;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/**
 * A connection to the kernel's rtnetlink: asks for and changes links, addresses, routes and neighbours of one network
 * namespace, that of the thread that opened it. Confined to one thread at a time. Calls block for the kernel's own work
 * (10 µs for a question, 15 ms and more for the deletion of a link); changes need CAP_NET_ADMIN.
 *
 * <pre>
 * request 1 ┐                 ┌ kernel works off 1, 2, 3, each whole or not at all,
 * request 2 ├─ one sendto ──▶ │ whether or not the one before succeeded
 * request 3 ┘                 └─▶ acknowledgement 1, 2, 3 (error number and text)
 * </pre>
 *
 * Every request carries a sequence number of its own and its answers carry it back, so an answer left behind by a call
 * that failed is recognised and dropped. A list that changed while the kernel wrote it is asked for again.
 */
public final class RtNetlink implements AutoCloseable {
    /** Acknowledgements wait in the socket's buffer until all requests of one send are worked off; they must fit. */
    private static final int MAX_REQUESTS_PER_SEND = 128;

    private static final int RECEIVE_BUFFER = 1 << 20;
    private static final int MAX_DUMPS = 50;

    private final Exchange exchange;

    private RtNetlink(Exchange exchange) {
        this.exchange = exchange;
    }

    /**
     * Loads the native library in the background, so that the first {@link #open} need not wait for it. Returns at once;
     * a failure shows at the first use.
     */
    public static void preload() {
        Thread loader = new Thread(Libc::errno, "calico-jna-1");
        loader.setDaemon(true);
        loader.setUncaughtExceptionHandler((thread, error) -> {
            // The first use throws the same again, where somebody can handle it.
        });
        loader.start();
    }

    /**
     * Opens a connection.
     *
     * @throws NetlinkException if the kernel refuses the socket
     * @throws LinkageError if JNA's native library cannot be loaded
     */
    public static RtNetlink open() {
        return new RtNetlink(new Exchange(NetlinkSocket.open(Libc.NETLINK_ROUTE, 0, RECEIVE_BUFFER)));
    }

    /** Does {@link #execute(List)}. */
    public void execute(Request... requests) {
        execute(Arrays.asList(requests));
    }

    /**
     * Sends the requests together, in order, and waits until all are worked off. A refused one does not stop those after
     * it.
     *
     * @throws NetlinkException what the first refused request met with; those of the others are attached as suppressed.
     *     All others took effect
     */
    public void execute(List<Request> requests) {
        List<NetlinkException> failures = tryExecute(requests);
        if (!failures.isEmpty()) {
            NetlinkException first = failures.get(0);
            failures.stream().skip(1).forEach(first::addSuppressed);
            throw first;
        }
    }

    /** Does what {@link #execute} does, and returns what the refused requests met with, in their order; empty if all is done. */
    public List<NetlinkException> tryExecute(List<Request> requests) {
        List<NetlinkException> failures = new ArrayList<>();
        for (int from = 0; from < requests.size(); from += MAX_REQUESTS_PER_SEND) {
            int to = Math.min(from + MAX_REQUESTS_PER_SEND, requests.size());
            exchange.run(requests.subList(from, to), answer -> {}, failures);
        }
        return failures;
    }

    /**
     * Creates a veth pair and tells what its first end has become.
     *
     * @throws NetlinkException EEXIST if one of the names is in use; nothing is created then
     */
    public Link createVeth(LinkSettings link, LinkSettings peer) {
        Request create = Request.createVeth(link, peer);
        List<Link> found = new ArrayList<>();
        List<NetlinkException> failures = new ArrayList<>();
        exchange.run(
                List.of(create, Request.getLink(link.name().orElseThrow())),
                answer -> found.add(answer.decode(LinkFormat::read)),
                failures);
        if (!failures.isEmpty()) {
            throw failures.get(0);
        }
        return found.get(0);
    }

    /** All links of the namespace, by index. */
    public List<Link> links() {
        return list(Request.listLinks(), in -> Optional.of(LinkFormat.read(in)));
    }

    /** The link with this name, if there is one. */
    public Optional<Link> findLink(String name) {
        return findLink(Request.getLink(name));
    }

    /** The link with this number, if there is one. */
    public Optional<Link> findLink(int index) {
        return findLink(Request.getLink(index));
    }

    private Optional<Link> findLink(Request request) {
        List<Link> found = new ArrayList<>();
        List<NetlinkException> failures = new ArrayList<>();
        exchange.run(List.of(request), answer -> found.add(answer.decode(LinkFormat::read)), failures);
        for (NetlinkException failure : failures) {
            if (!failure.isAbsent()) {
                throw failure;
            }
        }
        return found.stream().findFirst();
    }

    /** The addresses of all links, both IP versions. */
    public List<LinkAddress> addresses() {
        return list(Request.listAddresses(0), AddressFormat::readAddress);
    }

    /** The addresses of one link, both IP versions; none if there is no such link. */
    public List<LinkAddress> addresses(int linkIndex) {
        List<LinkAddress> all = listOrNone(Request.listAddresses(linkIndex), AddressFormat::readAddress);
        return all.stream().filter(address -> address.linkIndex() == linkIndex).toList();
    }

    /** The routes that pass the filter; without IPv6's cached ones. None if the table does not exist. */
    public List<Route> routes(RouteFilter filter) {
        List<Route> all = listOrNone(Request.listRoutes(filter), RouteFormat::read);
        return all.stream().filter(filter::accepts).toList();
    }

    /** The neighbours known on one link, both IP versions; none if there is no such link. */
    public List<Neighbour> neighbours(int linkIndex) {
        List<Neighbour> all = new ArrayList<>();
        for (IpVersion version : IpVersion.values()) {
            all.addAll(listOrNone(Request.listNeighbours(linkIndex, version), AddressFormat::readNeighbour));
        }
        return all.stream()
                .filter(neighbour -> neighbour.linkIndex() == linkIndex)
                .toList();
    }

    /** The neighbours known on all links, both IP versions. */
    public List<Neighbour> neighbours() {
        List<Neighbour> all = new ArrayList<>();
        for (IpVersion version : IpVersion.values()) {
            all.addAll(listOrNone(Request.listNeighbours(0, version), AddressFormat::readNeighbour));
        }
        return all;
    }

    /** The forwarding table of a VXLAN link; none if there is no such link. */
    public List<ForwardingEntry> forwardingEntries(int linkIndex) {
        return listOrNone(Request.listForwarding(linkIndex), AddressFormat::readForwarding).stream()
                .filter(entry -> entry.linkIndex() == linkIndex)
                .toList();
    }

    /** With a filter the kernel calls it an error if the link or table to filter by does not exist. */
    private <T> List<T> listOrNone(Request request, Function<MessageReader, Optional<T>> parser) {
        try {
            return list(request, parser);
        } catch (NetlinkException e) {
            if (e.isAbsent()) {
                return List.of();
            }
            throw e;
        }
    }

    private <T> List<T> list(Request request, Function<MessageReader, Optional<T>> parser) {
        List<T> items = new ArrayList<>();
        List<NetlinkException> failures = new ArrayList<>();
        for (int i = 0; i < MAX_DUMPS; i++) {
            items.clear();
            boolean isConsistent = exchange.run(
                    List.of(request), answer -> answer.decode(parser).ifPresent(items::add), failures);
            if (!failures.isEmpty()) {
                throw failures.get(0);
            }
            if (isConsistent) {
                return items;
            }
        }
        throw NetlinkException.refused(
                request.operation(),
                request.object(),
                Errno.EBUSY.number(),
                "it changed during each of " + MAX_DUMPS + " readings");
    }

    /** Closes the socket; the second call does nothing. */
    @Override
    public void close() {
        exchange.close();
    }
}
