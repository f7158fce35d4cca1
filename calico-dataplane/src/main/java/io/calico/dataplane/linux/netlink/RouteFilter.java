package io.calico.dataplane.linux.netlink;

import io.calico.model.net.IpVersion;

/**
 * Which routes are asked for. Applied in the kernel where it can (from Linux 4.20), else on what it sends. Immutable.
 *
 * @param version of which IP version
 * @param table only of this routing table; 0: of all
 * @param protocol only those written by this protocol number; 0: by anyone
 * @param linkIndex only those whose first next hop leaves through this link; 0: through any
 */
public record RouteFilter(IpVersion version, int table, int protocol, int linkIndex) {
    /** The routes of the main table. */
    public static RouteFilter main(IpVersion version) {
        return new RouteFilter(version, Route.TABLE_MAIN, 0, 0);
    }

    /** Of these the ones with a protocol number. */
    public RouteFilter ofProtocol(int number) {
        return new RouteFilter(version, table, number, linkIndex);
    }

    /** Of these the ones through a link. */
    public RouteFilter throughLink(int index) {
        return new RouteFilter(version, table, protocol, index);
    }

    boolean accepts(Route route) {
        return (table == 0 || route.table() == table)
                && (protocol == 0 || route.protocol() == protocol)
                && (linkIndex == 0
                        || !route.nextHops().isEmpty()
                                && route.nextHops().get(0).linkIndex() == linkIndex);
    }
}
