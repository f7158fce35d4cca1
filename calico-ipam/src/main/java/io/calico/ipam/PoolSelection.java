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
record PoolSelection(IpVersion version, List<Cidr> named) {
    PoolSelection {
        named = named.stream().distinct().toList();
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
            return view.pools(version).stream().filter(StoredPool::isEnabled).toList();
        }
        return named.stream()
                .flatMap(cidr -> view.pool(cidr).stream())
                .filter(StoredPool::isEnabled)
                .toList();
    }
}
