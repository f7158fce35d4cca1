package io.calico.policy;

import io.calico.model.net.Cidr;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.NavigableSet;
import java.util.Objects;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * What one host must enforce, complete, and nothing that its own endpoints do not need or needed lately. Immutable.
 *
 * <pre>
 *   endpoints   cali1 ─▶ [WEB, CLIENT]   cali2 ─▶ [APP]          which list decides for an interface
 *   lists       [APP]  [WEB, CLIENT]                             every list some endpoint uses, or used lately
 *   profiles    APP  CLIENT  WEB                                 every profile some list names
 *   tagSets     (APP_7890, V4) ─▶ 10.65.0.2  …                   every tag some rule of these profiles tests
 *   pools, natPools                                              what is masqueraded, and towards where not
 * </pre>
 *
 * Nothing dangles: each line names only what the next one holds. Two policies are equal if they ask for the same;
 * {@link PolicyCalculator#compile} moreover hands out the same instance of each part that did not change, so a
 * difference is found by comparing references first.
 */
public final class CompiledPolicy {
    private static final CompiledPolicy EMPTY = of(List.of(), List.of(), Map.of(), List.of(), List.of());

    private final NavigableMap<String, CompiledEndpoint> endpoints;
    private final NavigableSet<ProfileList> lists;
    private final NavigableMap<String, CompiledProfile> profiles;
    private final NavigableMap<TagSet, AddressSet> tagSets;
    private final List<Cidr> pools;
    private final List<Cidr> natPools;

    /** Takes unmodifiable collections which nobody changes any more, and shares them. */
    CompiledPolicy(
            NavigableMap<String, CompiledEndpoint> endpoints,
            NavigableSet<ProfileList> lists,
            NavigableMap<String, CompiledProfile> profiles,
            NavigableMap<TagSet, AddressSet> tagSets,
            List<Cidr> pools,
            List<Cidr> natPools) {
        this.endpoints = endpoints;
        this.lists = lists;
        this.profiles = profiles;
        this.tagSets = tagSets;
        this.pools = pools;
        this.natPools = natPools;
    }

    /** The policy of a host without endpoints: whatever comes from or goes to a workload interface is dropped. */
    public static CompiledPolicy empty() {
        return EMPTY;
    }

    /**
     * A policy made of its parts, in any order.
     *
     * @throws IllegalArgumentException if two endpoints have one interface, two profiles one name, a list names a
     *     profile that is not there, or a rule a tag set that is not there
     */
    public static CompiledPolicy of(
            Collection<CompiledEndpoint> endpoints,
            Collection<CompiledProfile> profiles,
            Map<TagSet, AddressSet> tagSets,
            Collection<Cidr> pools,
            Collection<Cidr> natPools) {
        NavigableMap<String, CompiledEndpoint> byInterface = new TreeMap<>();
        NavigableSet<ProfileList> lists = new TreeSet<>();
        for (CompiledEndpoint endpoint : endpoints) {
            if (byInterface.put(endpoint.interfaceName(), endpoint) != null) {
                throw new IllegalArgumentException("two endpoints have interface " + endpoint.interfaceName());
            }
            lists.add(endpoint.profiles());
        }
        NavigableMap<String, CompiledProfile> byName = new TreeMap<>();
        for (CompiledProfile profile : profiles) {
            if (byName.put(profile.name(), profile) != null) {
                throw new IllegalArgumentException("two profiles have the name " + profile.name());
            }
        }
        requireComplete(lists, byName, tagSets);
        return new CompiledPolicy(
                Collections.unmodifiableNavigableMap(byInterface),
                Collections.unmodifiableNavigableSet(lists),
                Collections.unmodifiableNavigableMap(byName),
                Collections.unmodifiableNavigableMap(new TreeMap<>(tagSets)),
                pools.stream().distinct().sorted().toList(),
                natPools.stream().distinct().sorted().toList());
    }

    private static void requireComplete(
            NavigableSet<ProfileList> lists,
            NavigableMap<String, CompiledProfile> profiles,
            Map<TagSet, AddressSet> tagSets) {
        for (ProfileList list : lists) {
            if (!profiles.keySet().containsAll(list.ids())) {
                throw new IllegalArgumentException("list " + list + " names a profile that is not compiled");
            }
        }
        for (CompiledProfile profile : profiles.values()) {
            if (!tagSets.keySet().containsAll(profile.tagSets())) {
                throw new IllegalArgumentException("profile " + profile.name() + " tests a tag without a set");
            }
        }
    }

    /** The endpoints of this host that have traffic, by the name of their interface. */
    public NavigableMap<String, CompiledEndpoint> endpoints() {
        return endpoints;
    }

    /** The lists of profiles which the endpoints use, and those that are kept although none does any more. */
    public NavigableSet<ProfileList> lists() {
        return lists;
    }

    /** The profiles which the lists name, missing ones included, by name. */
    public NavigableMap<String, CompiledProfile> profiles() {
        return profiles;
    }

    /**
     * The members, on all hosts, of each tag which a rule of the profiles tests; an empty set where there are none. All
     * addresses of a set are of its version.
     */
    public NavigableMap<TagSet, AddressSet> tagSets() {
        return tagSets;
    }

    /** All pools of both versions, ascending, none inside another. */
    public List<Cidr> pools() {
        return pools;
    }

    /**
     * The pools whose traffic gets the host's address when it leaves for an address outside of {@link #pools()};
     * ascending, none inside another.
     */
    public List<Cidr> natPools() {
        return natPools;
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof CompiledPolicy that
                && endpoints.equals(that.endpoints)
                && lists.equals(that.lists)
                && profiles.equals(that.profiles)
                && tagSets.equals(that.tagSets)
                && pools.equals(that.pools)
                && natPools.equals(that.natPools);
    }

    @Override
    public int hashCode() {
        return Objects.hash(endpoints, lists, profiles, tagSets, pools, natPools);
    }

    /** All parts, for logs and failed tests. */
    @Override
    public String toString() {
        return "endpoints " + endpoints.values() + "\nprofiles " + profiles.values() + "\ntags " + tagSets + "\npools "
                + pools + "\nnat " + natPools;
    }
}
