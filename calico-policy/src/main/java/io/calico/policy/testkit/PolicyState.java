package io.calico.policy.testkit;

import io.calico.model.EndpointKey;
import io.calico.model.IpPool;
import io.calico.model.ProfileRules;
import io.calico.model.WorkloadEndpoint;
import io.calico.model.net.Cidr;
import io.calico.policy.CompiledPolicy;
import io.calico.policy.EndpointToHostAction;
import io.calico.policy.PolicyCalculator;
import java.util.Collections;
import java.util.List;
import java.util.NavigableMap;
import java.util.NavigableSet;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.BiConsumer;

/**
 * The records from which policy is made, by their keys, all hosts together. Immutable; the {@code with…} methods return
 * changed copies.
 *
 * @param tags tags of profiles, by profile
 * @param rules rules of profiles, by profile
 * @param endpoints of all hosts
 * @param pools of both versions
 * @param toHost what hosts do with packets of their workloads to themselves
 */
public record PolicyState(
        NavigableMap<String, List<String>> tags,
        NavigableMap<String, ProfileRules> rules,
        NavigableMap<EndpointKey, WorkloadEndpoint> endpoints,
        NavigableMap<Cidr, IpPool> pools,
        EndpointToHostAction toHost) {
    private static final PolicyState EMPTY = new PolicyState(
            Collections.emptyNavigableMap(),
            Collections.emptyNavigableMap(),
            Collections.emptyNavigableMap(),
            Collections.emptyNavigableMap(),
            EndpointToHostAction.RETURN);

    public PolicyState {
        tags = Collections.unmodifiableNavigableMap(new TreeMap<>(tags));
        rules = Collections.unmodifiableNavigableMap(new TreeMap<>(rules));
        endpoints = Collections.unmodifiableNavigableMap(new TreeMap<>(endpoints));
        pools = Collections.unmodifiableNavigableMap(new TreeMap<>(pools));
    }

    /** No records; hosts ask outbound rules about packets to themselves. */
    public static PolicyState empty() {
        return EMPTY;
    }

    /** The profile has these tags; empty: no tags record. */
    public PolicyState withTags(String profile, Optional<List<String>> newTags) {
        return new PolicyState(changed(tags, profile, newTags), rules, endpoints, pools, toHost);
    }

    /** The profile has these rules; empty: no rules record. */
    public PolicyState withRules(String profile, Optional<ProfileRules> newRules) {
        return new PolicyState(tags, changed(rules, profile, newRules), endpoints, pools, toHost);
    }

    /** The endpoint is this; empty: it has no record. */
    public PolicyState withEndpoint(EndpointKey key, Optional<WorkloadEndpoint> endpoint) {
        return new PolicyState(tags, rules, changed(endpoints, key, endpoint), pools, toHost);
    }

    /** The pool is this; empty: it has no record. */
    public PolicyState withPool(Cidr cidr, Optional<IpPool> pool) {
        return new PolicyState(tags, rules, endpoints, changed(pools, cidr, pool), toHost);
    }

    /** Hosts do this with packets of their workloads to themselves. */
    public PolicyState withToHost(EndpointToHostAction action) {
        return new PolicyState(tags, rules, endpoints, pools, action);
    }

    private static <K extends Comparable<K>, V> NavigableMap<K, V> changed(
            NavigableMap<K, V> map, K key, Optional<V> value) {
        NavigableMap<K, V> changed = new TreeMap<>(map);
        value.ifPresentOrElse(v -> changed.put(key, v), () -> changed.remove(key));
        return changed;
    }

    /** What the host of that name must enforce, calculated from nothing. */
    public CompiledPolicy policyOf(String host) {
        PolicyCalculator calculator = new PolicyCalculator(host);
        feedChangesSince(EMPTY, calculator);
        return calculator.compile();
    }

    /** Hands a calculator that knows {@code before} what is different now, each record once. */
    public void feedChangesSince(PolicyState before, PolicyCalculator calculator) {
        forEachChange(before.tags, tags, calculator::onProfileTags);
        forEachChange(before.rules, rules, calculator::onProfileRules);
        forEachChange(before.endpoints, endpoints, calculator::onEndpoint);
        forEachChange(before.pools, pools, calculator::onPool);
    }

    private static <K extends Comparable<K>, V> void forEachChange(
            NavigableMap<K, V> before, NavigableMap<K, V> now, BiConsumer<K, Optional<V>> consumer) {
        NavigableSet<K> keys = new TreeSet<>(before.keySet());
        keys.addAll(now.keySet());
        for (K key : keys) {
            Optional<V> value = Optional.ofNullable(now.get(key));
            if (!value.equals(Optional.ofNullable(before.get(key)))) {
                consumer.accept(key, value);
            }
        }
    }
}
