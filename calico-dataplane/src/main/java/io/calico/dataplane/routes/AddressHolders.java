package io.calico.dataplane.routes;

import io.calico.model.net.Cidr;
import io.calico.model.net.IpAddress;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;

/**
 * On which hosts addresses are in use, by endpoints or by tunnels. One that several hosts claim at a time, as when a
 * workload moves, belongs to the first of them by name, unless one of them is this host. Confined to one thread.
 */
final class AddressHolders {
    private final String self;
    /** Host names, one for each use, sorted: nearly always one. */
    private final NavigableMap<IpAddress, List<String>> holders = new TreeMap<>();

    AddressHolders(String self) {
        this.self = self;
    }

    void add(IpAddress address, String host) {
        holders.merge(address, List.of(host), (before, one) -> {
            List<String> all = new ArrayList<>(before);
            all.addAll(one);
            all.sort(null);
            return List.copyOf(all);
        });
    }

    void remove(IpAddress address, String host) {
        holders.computeIfPresent(address, (key, before) -> {
            List<String> rest = new ArrayList<>(before);
            rest.remove(host);
            return rest.isEmpty() ? null : List.copyOf(rest);
        });
    }

    /** The host that the address belongs to; empty if it is in use nowhere. */
    Optional<String> holder(IpAddress address) {
        List<String> hosts = holders.get(address);
        return hosts == null ? Optional.empty() : Optional.of(hosts.contains(self) ? self : hosts.get(0));
    }

    /** The addresses of the network that are in use. */
    Collection<IpAddress> within(Cidr network) {
        return holders.subMap(network.first(), true, network.last(), true).keySet();
    }
}
