package io.calico.dataplane.routes;

import io.calico.model.net.Cidr;
import io.calico.model.net.IpAddress;
import io.calico.model.net.IpVersion;
import java.util.Collection;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.NavigableSet;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Which hosts have a confirmed right to which blocks. Of several that claim one, which the allocator never leaves so, the
 * first by name counts: all hosts then route alike. Confined to one thread.
 */
final class BlockOwners {
    private final NavigableMap<Cidr, NavigableSet<String>> owners = new TreeMap<>();
    /** How many blocks there are of a prefix length, the longest first; there are few lengths. */
    private final Map<IpVersion, NavigableMap<Integer, Integer>> lengths = new EnumMap<>(IpVersion.class);

    private final NavigableSet<Cidr> contested = new TreeSet<>();

    BlockOwners() {
        for (IpVersion version : IpVersion.values()) {
            lengths.put(version, new TreeMap<Integer, Integer>().descendingMap());
        }
    }

    /** Whether that was new. */
    boolean add(Cidr block, String host) {
        NavigableSet<String> hosts = owners.get(block);
        if (hosts == null) {
            hosts = new TreeSet<>();
            owners.put(block, hosts);
            lengthsOf(block.version()).merge(block.prefixLength(), 1, Integer::sum);
        }
        boolean isNew = hosts.add(host);
        note(block, hosts);
        return isNew;
    }

    /** Whether there was such a right. */
    boolean remove(Cidr block, String host) {
        NavigableSet<String> hosts = owners.get(block);
        if (hosts == null || !hosts.remove(host)) {
            return false;
        }
        note(block, hosts);
        if (hosts.isEmpty()) {
            owners.remove(block);
            lengthsOf(block.version()).computeIfPresent(block.prefixLength(), (key, n) -> n == 1 ? null : n - 1);
        }
        return true;
    }

    private void note(Cidr block, NavigableSet<String> hosts) {
        if (hosts.size() > 1) {
            contested.add(block);
        } else {
            contested.remove(block);
        }
    }

    private NavigableMap<Integer, Integer> lengthsOf(IpVersion version) {
        return lengths.getOrDefault(version, new TreeMap<>());
    }

    /** The host that the block belongs to. */
    Optional<String> owner(Cidr block) {
        return Optional.ofNullable(owners.get(block)).map(NavigableSet::first);
    }

    /** The host of the smallest block that holds the address. */
    Optional<String> ownerOf(IpAddress address) {
        for (int length : lengthsOf(address.version()).keySet()) {
            NavigableSet<String> hosts = owners.get(Cidr.of(address, length));
            if (hosts != null) {
                return Optional.of(hosts.first());
            }
        }
        return Optional.empty();
    }

    /** The blocks inside a network. */
    Collection<Cidr> within(Cidr network) {
        return owners.subMap(network, true, Cidr.of(network.last()), true).keySet().stream()
                .filter(network::contains)
                .toList();
    }

    /** The blocks that several hosts claim, with these hosts, in words. */
    List<String> conflicts() {
        return contested.stream()
                .map(block -> "block " + block + " is claimed by hosts " + String.join(", ", hostsOf(block))
                        + "; it is routed to the first")
                .toList();
    }

    private Collection<String> hostsOf(Cidr block) {
        return owners.getOrDefault(block, new TreeSet<>());
    }
}
