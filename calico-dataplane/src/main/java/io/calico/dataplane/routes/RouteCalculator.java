package io.calico.dataplane.routes;

import io.calico.model.EndpointKey;
import io.calico.model.IpPool;
import io.calico.model.VxlanTunnel;
import io.calico.model.net.Cidr;
import io.calico.model.net.IpAddress;
import io.calico.model.net.IpVersion;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Folds what a datastore holds into the routes of one host, incrementally. Records are handed in one by one, in any order
 * and as often as one likes; {@link #pending} tells what has changed.
 *
 * <pre>
 *   affinities ─▶ BlockOwners ────┐ a block of another host    ─▶ to that host
 *   pools ────────────────────────┤ a block of this host       ─▶ blackhole, so that packets to free addresses do not loop
 *   endpoints, tunnel addresses   │
 *              ─▶ AddressHolders ─┘ an address on another host ─▶ to that host, if not in a block of it
 *   addresses, VXLAN records ─▶ peers
 * </pre>
 *
 * <p>An address in use on this host is routed by its interface, a block of one address as well: they get no route here. The
 * routes follow from the present state only, never from the way there. A record costs time in proportion to what it names:
 * a host's address, its entry; a block, its addresses in use; a pool, what lies in it.
 *
 * <p>Confined to one thread.
 */
public final class RouteCalculator {
    private final String self;
    private final BlockOwners blocks = new BlockOwners();
    private final AddressHolders holders;
    private final Map<EndpointKey, List<IpAddress>> endpoints = new HashMap<>();
    private final NavigableMap<Cidr, IpPool> pools = new TreeMap<>();
    private final Map<String, Peer> peers = new HashMap<>();
    private final Map<String, IpAddress> ipIpAddresses = new HashMap<>();

    private final Set<Cidr> changedRoutes = new TreeSet<>();
    private final Set<String> changedPeers = new TreeSet<>();
    /** What was told and done. */
    private final Map<Cidr, WantedRoute> appliedRoutes = new HashMap<>();

    /** A calculator that knows of no record yet, for the host of that name. */
    public RouteCalculator(String self) {
        this.self = self;
        this.holders = new AddressHolders(self);
    }

    /** The host's right to the block is confirmed, or not, or not any more. */
    public void onAffinity(String host, Cidr block, boolean isConfirmed) {
        boolean hasChanged = isConfirmed ? blocks.add(block, host) : blocks.remove(block, host);
        if (hasChanged) {
            changedRoutes.add(block);
            holders.within(block).forEach(address -> changedRoutes.add(Cidr.of(address)));
        }
    }

    /** The host's address of that version is this now. */
    public void onHostAddress(String host, IpVersion version, Optional<IpAddress> address) {
        setPeer(host, peer(host).withAddress(version, address));
    }

    /** The host's VXLAN record is this now; empty: none, or one that could not be read. */
    public void onVxlan(String host, Optional<VxlanTunnel> tunnel) {
        Peer before = peer(host);
        replace(host, addresses(before), addresses(before.withVxlan(tunnel)));
        setPeer(host, before.withVxlan(tunnel));
    }

    private static List<IpAddress> addresses(Peer peer) {
        List<IpAddress> addresses = new ArrayList<>();
        peer.vxlan().flatMap(VxlanTunnel::ipv4).ifPresent(addresses::add);
        peer.vxlan().flatMap(VxlanTunnel::ipv6).ifPresent(addresses::add);
        return addresses;
    }

    /** The address of the host's IP-in-IP device is this now. */
    public void onIpIpAddress(String host, Optional<IpAddress> address) {
        IpAddress before = address.isPresent() ? ipIpAddresses.put(host, address.get()) : ipIpAddresses.remove(host);
        replace(
                host,
                before == null ? List.of() : List.of(before),
                address.stream().toList());
    }

    /** The endpoint of any host has these addresses now, whatever its state; none: there is no such endpoint. */
    public void onEndpoint(EndpointKey key, Collection<IpAddress> addresses) {
        List<IpAddress> now = List.copyOf(addresses);
        List<IpAddress> before = now.isEmpty() ? endpoints.remove(key) : endpoints.put(key, now);
        replace(key.host(), before == null ? List.of() : before, now);
    }

    /** The pool stored under that CIDR is this now; empty: it has no record, or one that could not be read. */
    public void onPool(Cidr key, Optional<IpPool> pool) {
        IpPool before = pool.isPresent() ? pools.put(key, pool.get()) : pools.remove(key);
        if (!encapsulation(Optional.ofNullable(before)).equals(encapsulation(pool))) {
            changedRoutes.addAll(blocks.within(key));
            holders.within(key).forEach(address -> changedRoutes.add(Cidr.of(address)));
        }
    }

    private void replace(String host, List<IpAddress> before, List<IpAddress> now) {
        if (before.equals(now)) {
            return;
        }
        for (IpAddress address : before) {
            holders.remove(address, host);
            changedRoutes.add(Cidr.of(address));
        }
        for (IpAddress address : now) {
            holders.add(address, host);
            changedRoutes.add(Cidr.of(address));
        }
    }

    private Peer peer(String host) {
        return peers.getOrDefault(host, Peer.UNKNOWN);
    }

    private void setPeer(String host, Peer now) {
        Peer before = now.equals(Peer.UNKNOWN) ? peers.remove(host) : peers.put(host, now);
        if (!host.equals(self) && !now.equals(before)) {
            changedPeers.add(host);
        }
    }

    /** What has changed since {@link #applied} was last called; everything if it never was. */
    public RouteChanges pending() {
        SortedMap<Cidr, Optional<WantedRoute>> routes = new TreeMap<>();
        for (Cidr destination : changedRoutes) {
            Optional<WantedRoute> now = route(destination);
            if (!now.equals(Optional.ofNullable(appliedRoutes.get(destination)))) {
                routes.put(destination, now);
            }
        }
        SortedMap<String, Optional<Peer>> hosts = new TreeMap<>();
        changedPeers.forEach(host -> hosts.put(host, Optional.ofNullable(peers.get(host))));
        return new RouteChanges(routes, hosts, tunnels());
    }

    /** What {@link #pending} told is done, and need not be told again. */
    public void applied() {
        for (Cidr destination : changedRoutes) {
            route(destination)
                    .ifPresentOrElse(
                            now -> appliedRoutes.put(destination, now), () -> appliedRoutes.remove(destination));
        }
        changedRoutes.clear();
        changedPeers.clear();
    }

    private Optional<WantedRoute> route(Cidr destination) {
        if (destination.isSingleAddress()) {
            IpAddress address = destination.first();
            Optional<String> holder = holders.holder(address);
            if (holder.isPresent() && !holder.equals(blocks.ownerOf(address))) {
                return holder.get().equals(self) ? Optional.empty() : Optional.of(to(holder.get(), destination));
            }
        }
        return blocks.owner(destination).flatMap(owner -> {
            if (!owner.equals(self)) {
                return Optional.of(to(owner, destination));
            }
            return destination.isSingleAddress() ? Optional.empty() : Optional.of(new WantedRoute.Blackhole());
        });
    }

    private WantedRoute to(String host, Cidr destination) {
        return new WantedRoute.ToHost(host, encapsulation(poolOf(destination)));
    }

    private Optional<IpPool> poolOf(Cidr destination) {
        // Pools do not overlap, so the last that begins before it is the only one that can hold it.
        return Optional.ofNullable(pools.floorEntry(destination))
                .filter(entry -> entry.getKey().contains(destination))
                .map(Map.Entry::getValue);
    }

    private static Encapsulation encapsulation(Optional<IpPool> pool) {
        Optional<String> vxlan = pool.flatMap(IpPool::vxlan);
        if (vxlan.isPresent()) {
            return vxlan.get().equals("cross-subnet") ? Encapsulation.VXLAN_CROSS_SUBNET : Encapsulation.VXLAN;
        }
        return pool.flatMap(IpPool::ipip).isPresent() ? Encapsulation.IPIP : Encapsulation.NONE;
    }

    private OwnTunnels tunnels() {
        Set<Encapsulation> used = new TreeSet<>();
        pools.values().forEach(pool -> used.add(encapsulation(Optional.of(pool))));
        return new OwnTunnels(
                used.stream().anyMatch(Encapsulation::allowsVxlan),
                peer(self).vxlan(),
                used.contains(Encapsulation.IPIP),
                Optional.ofNullable(ipIpAddresses.get(self)));
    }

    /** What the records contradict each other in, in words for an operator. */
    public List<String> problems() {
        return blocks.conflicts();
    }
}
