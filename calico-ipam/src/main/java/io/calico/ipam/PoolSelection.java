package io.calico.ipam;

import io.calico.ipam.internal.view.AllocationView;
import io.calico.ipam.internal.view.StoredPool;
import io.calico.model.net.Cidr;
import io.calico.model.net.IpVersion;
import java.util.List;
import java.util.Optional;

/**
 * Which pools of one IP version a request may use: those it names, in its order, else all that are enabled, by CIDR text
 * ascending. Checked once, before anything is assigned; a pool that is disabled or removed later drops out.
 */
record PoolSelection(IpVersion version, List<Cidr> named, Optional<BlockReserve> reserve) {
    PoolSelection {
        named = named.stream().distinct().toList();
    }

    /** The pools of that version for a request. */
    static PoolSelection of(AssignRequest request, IpVersion version) {
        List<Cidr> named = version == IpVersion.V4 ? request.pools4() : request.pools6();
        return new PoolSelection(version, named, request.reserve(version));
    }

    /** Why the request cannot be served at all; empty if it can. */
    Optional<IpamException.PoolNotFound> refusal(AllocationView view, String host) {
        for (Cidr cidr : named) {
            if (cidr.version() != version) {
                return refuse("the given pool (" + cidr + ") is not an IPv" + version.number() + " pool");
            }
            if (view.pool(cidr).filter(StoredPool::isEnabled).isEmpty()) {
                return refuse("the given pool (" + cidr + ") does not exist, or is not enabled");
            }
        }
        if (reserve.isPresent()
                && usable(view).isEmpty()
                && view.pools(version).stream().anyMatch(StoredPool::isEnabled)) {
            return refuse("cannot find a qualified ippool: no block is larger than the "
                    + reserve.get().size() + " addresses to be kept back in it");
        }
        return usable(view).isEmpty()
                ? refuse("no configured Calico pools for node " + host + ": no IPv" + version.number()
                        + " pool is enabled")
                : Optional.empty();
    }

    private static Optional<IpamException.PoolNotFound> refuse(String message) {
        return Optional.of(new IpamException.PoolNotFound(message));
    }

    /** The pools that may be used now, in the order in which they are. */
    List<StoredPool> usable(AllocationView view) {
        if (named.isEmpty()) {
            return view.pools(version).stream().filter(this::isUsable).toList();
        }
        return named.stream()
                .flatMap(cidr -> view.pool(cidr).stream())
                .filter(this::isUsable)
                .toList();
    }

    private boolean isUsable(StoredPool pool) {
        int hostBits = version.bits() - pool.pool().blockPrefixLength();
        return pool.isEnabled() && reserve.map(r -> r.size() < 1L << hostBits).orElse(true);
    }
}
