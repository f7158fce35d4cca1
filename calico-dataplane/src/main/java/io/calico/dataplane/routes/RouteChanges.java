package io.calico.dataplane.routes;

import io.calico.model.net.Cidr;
import java.util.Collections;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * How the routes that a host wants differ from those it wanted before. Immutable.
 *
 * @param routes by destination; empty: not wanted any more
 * @param peers the other hosts that have changed, by name; empty: gone. A route may lead to a host that is not known
 * @param tunnels all of this host's tunnels, changed or not
 */
public record RouteChanges(
        SortedMap<Cidr, Optional<WantedRoute>> routes, SortedMap<String, Optional<Peer>> peers, OwnTunnels tunnels) {
    /** Copies the maps. */
    public RouteChanges {
        routes = Collections.unmodifiableSortedMap(new TreeMap<>(routes));
        peers = Collections.unmodifiableSortedMap(new TreeMap<>(peers));
    }
}
