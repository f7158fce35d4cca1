package io.calico.policy;

import io.calico.model.EndpointKey;
import io.calico.model.net.IpAddress;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.NavigableMap;
import java.util.NavigableSet;
import java.util.Set;
import java.util.TreeMap;

/**
 * Who carries which tag, over the endpoints of all hosts. An address is a member of a tag as long as at least one pair
 * of an endpoint with the address and a profile with the tag gives it; the pairs are counted.
 *
 * <pre>
 *   endpoint A (10.65.0.2; WEB, CLIENT)     WEB: tags [shop]     CLIENT: tags [shop, buyer]
 *   counts   (shop, V4): 10.65.0.2 × 2      (buyer, V4): 10.65.0.2 × 1
 * </pre>
 *
 * Counts are kept for every tag and cost one map operation per pair; sets are kept only for the tags that are wanted,
 * and are brought up to date when asked for. What was taken away and given back in between was never gone: a move from
 * one profile to another with the same tag does not show. Confined to one thread.
 */
final class TagMembers {
    private record Carrier(Set<String> profiles, Set<IpAddress> addresses) {}

    private final Map<String, Set<String>> tagsOfProfile = new HashMap<>();
    private final Map<EndpointKey, Carrier> carriers = new HashMap<>();
    private final Map<String, Set<EndpointKey>> carriersOfProfile = new HashMap<>();
    private final Map<TagSet, Map<IpAddress, Integer>> counts = new HashMap<>();

    /** Addresses of the sets in {@link #sets} whose count became or left 0 since. */
    private final Map<TagSet, Set<IpAddress>> touched = new HashMap<>();

    private NavigableMap<TagSet, AddressSet> sets = Collections.emptyNavigableMap();

    /** The profile has these tags now, and no others. */
    void setTags(String profile, Collection<String> tags) {
        Set<String> now = Set.copyOf(tags);
        Set<String> before = now.isEmpty() ? tagsOfProfile.remove(profile) : tagsOfProfile.put(profile, now);
        if (before == null) {
            before = Set.of();
        }
        if (now.equals(before)) {
            return;
        }
        for (EndpointKey key : carriersOfProfile.getOrDefault(profile, Set.of())) {
            Carrier carrier = carriers.get(key);
            if (carrier != null) {
                now.forEach(tag -> count(tag, carrier.addresses, 1));
                before.forEach(tag -> count(tag, carrier.addresses, -1));
            }
        }
    }

    /** The endpoint has these profiles and addresses now, and no others. */
    void setEndpoint(EndpointKey key, Collection<String> profiles, Collection<IpAddress> addresses) {
        Carrier now = new Carrier(Set.copyOf(profiles), Set.copyOf(addresses));
        Carrier before = carriers.put(key, now);
        if (now.equals(before)) {
            return;
        }
        count(now, 1);
        now.profiles.forEach(profile ->
                carriersOfProfile.computeIfAbsent(profile, p -> new HashSet<>()).add(key));
        if (before != null) {
            count(before, -1);
            before.profiles.stream().filter(p -> !now.profiles.contains(p)).forEach(p -> removeCarrier(p, key));
        }
    }

    /** The endpoint is gone. */
    void removeEndpoint(EndpointKey key) {
        Carrier before = carriers.remove(key);
        if (before != null) {
            count(before, -1);
            before.profiles.forEach(profile -> removeCarrier(profile, key));
        }
    }

    private void removeCarrier(String profile, EndpointKey key) {
        carriersOfProfile.computeIfPresent(profile, (p, keys) -> {
            keys.remove(key);
            return keys.isEmpty() ? null : keys;
        });
    }

    private void count(Carrier carrier, int change) {
        for (String profile : carrier.profiles) {
            for (String tag : tagsOfProfile.getOrDefault(profile, Set.of())) {
                count(tag, carrier.addresses, change);
            }
        }
    }

    private void count(String tag, Set<IpAddress> addresses, int change) {
        for (IpAddress address : addresses) {
            TagSet set = new TagSet(tag, address.version());
            Map<IpAddress, Integer> references = counts.computeIfAbsent(set, s -> new HashMap<>());
            int now = references.merge(address, change, Integer::sum);
            if (now == 0) {
                references.remove(address);
                if (references.isEmpty()) {
                    counts.remove(set);
                }
            }
            boolean isMemberChanged = now == 0 || now == 1 && change == 1;
            if (isMemberChanged && sets.containsKey(set)) {
                touched.computeIfAbsent(set, s -> new HashSet<>()).add(address);
            }
        }
    }

    /** The members of these sets, each the same instance as last time unless its members changed. */
    NavigableMap<TagSet, AddressSet> sets(NavigableSet<TagSet> wanted) {
        if (touched.isEmpty() && sets.keySet().equals(wanted)) {
            return sets;
        }
        NavigableMap<TagSet, AddressSet> now = new TreeMap<>();
        for (TagSet set : wanted) {
            Set<IpAddress> members = counts.getOrDefault(set, Map.of()).keySet();
            AddressSet previous = sets.get(set);
            now.put(set, previous == null ? AddressSet.copyOf(members) : updated(previous, members, set));
        }
        touched.clear();
        sets = Shared.previousIfEqual(sets, Collections.unmodifiableNavigableMap(now));
        return sets;
    }

    private AddressSet updated(AddressSet previous, Set<IpAddress> members, TagSet set) {
        AddressSet now = previous;
        for (IpAddress address : touched.getOrDefault(set, Set.of())) {
            now = members.contains(address) ? now.with(address) : now.without(address);
        }
        // Gone and back again gives an equal set of new nodes.
        return Shared.previousIfEqual(previous, now);
    }
}
