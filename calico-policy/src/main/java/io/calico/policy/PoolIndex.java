package io.calico.policy;

import io.calico.model.IpPool;
import io.calico.model.net.Cidr;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.function.Predicate;

/** The pools, as lists without overlap. Confined to one thread. */
final class PoolIndex {
    private final NavigableMap<Cidr, IpPool> pools = new TreeMap<>();
    private List<Cidr> all = List.of();
    private List<Cidr> nat = List.of();
    private boolean isChanged;

    void put(Cidr key, IpPool pool) {
        isChanged |= !pool.equals(pools.put(key, pool));
    }

    void remove(Cidr key) {
        isChanged |= pools.remove(key) != null;
    }

    /** All pools; the same instance as last time if it says the same. */
    List<Cidr> all() {
        compile();
        return all;
    }

    /** The pools with masquerade; the same instance as last time if it says the same. */
    List<Cidr> nat() {
        compile();
        return nat;
    }

    private void compile() {
        if (isChanged) {
            all = Shared.previousIfEqual(all, outermost(pool -> true));
            nat = Shared.previousIfEqual(nat, outermost(IpPool::natOutgoing));
            isChanged = false;
        }
    }

    /**
     * The networks of these pools, ascending, without those inside another: pools of one store do not overlap, but
     * foreign records may, and packet filters refuse intervals that do.
     */
    private List<Cidr> outermost(Predicate<IpPool> which) {
        List<Cidr> outermost = new ArrayList<>();
        // In this order a network comes right after the one that contains it.
        pools.values().stream().filter(which).map(IpPool::cidr).sorted().forEach(cidr -> {
            if (outermost.isEmpty() || !outermost.get(outermost.size() - 1).contains(cidr)) {
                outermost.add(cidr);
            }
        });
        return List.copyOf(outermost);
    }
}
