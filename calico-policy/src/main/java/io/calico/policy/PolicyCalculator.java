package io.calico.policy;

import io.calico.model.EndpointKey;
import io.calico.model.EndpointState;
import io.calico.model.IpPool;
import io.calico.model.Names;
import io.calico.model.ProfileRules;
import io.calico.model.WorkloadEndpoint;
import io.calico.model.net.Cidr;
import java.util.Collections;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.NavigableMap;
import java.util.NavigableSet;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * Folds what a datastore holds into the policy of one host, incrementally. Records are handed in one by one, in any
 * order and as often as one likes; {@link #compile} gives the policy of what is there at that moment.
 *
 * <pre>
 *   endpoints of this host ─▶ LocalEndpoints ─▶ lists of profiles ─┐ names
 *   rules of profiles ──────────────────────▶ ProfileRulesIndex ◀──┘ ─┐ tags they test
 *   endpoints of all hosts, tags of profiles ──────▶ TagMembers ◀─────┘
 *   pools ─▶ PoolIndex
 * </pre>
 *
 * <p>The policy follows from the present state only, never from the way there: whatever was inconsistent in between
 * (a rule whose tag nobody carries yet, an endpoint whose profile comes later) leaves no trace. A record that cannot be
 * used counts as absent, stops nothing else, and the reason is returned to the caller, who may log it. The one
 * exception are lists that are kept unused, if that is asked for; they, too, say what is stored now.
 *
 * <p>A record costs time in proportion to what it names (the tags and addresses of one endpoint; for the tags of a
 * profile, the endpoints that have it), not to the number of records; {@link #compile} in proportion to the endpoints
 * of this host and to what changed.
 *
 * <p>Confined to one thread.
 */
public final class PolicyCalculator {
    private final String host;
    private final LocalEndpoints endpoints = new LocalEndpoints();
    private final ProfileRulesIndex rules = new ProfileRulesIndex();
    private final TagMembers members = new TagMembers();
    private final PoolIndex pools = new PoolIndex();
    private final int mostUnusedLists;

    /** The lists in {@link #lists} that no endpoint uses any more, the longest unused first. */
    private final Set<ProfileList> unusedLists = new LinkedHashSet<>();

    private NavigableSet<ProfileList> lists = Collections.emptyNavigableSet();
    private NavigableSet<String> profileNames = Collections.emptyNavigableSet();
    private NavigableSet<TagSet> tagSets = Collections.emptyNavigableSet();
    private CompiledPolicy compiled;

    /** A calculator that knows of no record yet, for the host of that name, and calculates only what is used. */
    public PolicyCalculator(String host) {
        this(host, 0);
    }

    /**
     * A calculator that knows of no record yet and goes on to calculate, and so to keep exact, some lists of profiles that no
     * endpoint uses any more: where containers come and go one at a time, the next one mostly finds its list in force.
     *
     * @param host its name in endpoint keys
     * @param mostUnusedLists at least 0; if there are more, the longest unused go
     */
    public PolicyCalculator(String host, int mostUnusedLists) {
        this.host = host;
        this.mostUnusedLists = mostUnusedLists;
        // Of our own empty parts, so that whatever stays empty stays the same instance.
        this.compiled = new CompiledPolicy(
                endpoints.compile(),
                lists,
                rules.compile(profileNames),
                members.sets(tagSets),
                pools.all(),
                pools.nat());
    }

    /**
     * The profile's tags are these now; empty: it has no tags record.
     *
     * @return why they cannot be used, in which case the profile has no tags; empty if all is well
     */
    public Optional<String> onProfileTags(String profile, Optional<List<String>> tags) {
        Optional<String> unusable = tags.flatMap(PolicyCalculator::checkTags);
        members.setTags(profile, unusable.isPresent() ? List.of() : tags.orElse(List.of()));
        return unusable.map(reason -> "tags of profile " + profile + ": " + reason);
    }

    private static Optional<String> checkTags(List<String> tags) {
        return tags.stream()
                .filter(tag -> !Names.isValidName(tag))
                .findFirst()
                .map(tag ->
                        "'" + tag + "' is not a name: only numbers, letters, dots, dashes and underscores are allowed");
    }

    /**
     * The profile's rules are these now; empty: it has no rules record, or one that could not be read, and is missing.
     *
     * @return why they cannot be used, in which case the profile is missing; empty if all is well
     */
    public Optional<String> onProfileRules(String profile, Optional<ProfileRules> newRules) {
        if (newRules.isEmpty()) {
            rules.remove(profile);
            return Optional.empty();
        }
        return rules.put(profile, newRules.get()).map(reason -> "profile " + profile + ": " + reason);
    }

    /**
     * The endpoint of any host is this now; empty: it has no record, or one that could not be read.
     *
     * @return why it cannot be used, in which case it is absent; empty if all is well
     */
    public Optional<String> onEndpoint(EndpointKey key, Optional<WorkloadEndpoint> endpoint) {
        boolean isLocal = key.host().equals(host);
        Optional<String> unusable = endpoint.flatMap(EndpointCheck::anywhere)
                .or(() -> isLocal ? endpoint.flatMap(EndpointCheck::onThisHost) : Optional.empty());
        if (endpoint.isEmpty() || unusable.isPresent()) {
            members.removeEndpoint(key);
            endpoints.remove(key);
            return unusable.map(reason -> "endpoint " + key + ": " + reason);
        }
        WorkloadEndpoint usable = endpoint.get();
        // Whatever its state: the addresses stay reserved to it.
        members.setEndpoint(key, usable.profileIds(), usable.addresses());
        if (isLocal && usable.state() == EndpointState.ACTIVE) {
            CompiledEndpoint alone = CompiledEndpoint.alone(
                    key,
                    usable.interfaceName(),
                    usable.mac(),
                    usable.addresses(),
                    new ProfileList(usable.profileIds()));
            endpoints.put(alone, usable.sandbox());
        } else {
            endpoints.remove(key);
        }
        return Optional.empty();
    }

    /** The pool stored under that CIDR is this now; empty: it has no record, or one that could not be read. */
    public void onPool(Cidr key, Optional<IpPool> pool) {
        pool.ifPresentOrElse(present -> pools.put(key, present), () -> pools.remove(key));
    }

    /**
     * The policy of all that was handed in. Each part that says the same as in the policy returned before is the same
     * instance: every endpoint, profile, rule list and tag set, each collection of them, and the policy itself.
     */
    public CompiledPolicy compile() {
        NavigableMap<String, CompiledEndpoint> byInterface = endpoints.compile();
        if (byInterface != compiled.endpoints()) {
            setLists(listsOf(byInterface));
        }
        NavigableMap<String, CompiledProfile> profiles = rules.compile(profileNames);
        if (profiles != compiled.profiles()) {
            tagSets = tagSetsOf(profiles);
        }
        NavigableMap<TagSet, AddressSet> sets = members.sets(tagSets);
        CompiledPolicy now = new CompiledPolicy(byInterface, lists, profiles, sets, pools.all(), pools.nat());
        compiled = Shared.previousIfEqual(compiled, now);
        return compiled;
    }

    /**
     * Forgets the lists that no endpoint uses any more.
     *
     * @return whether there were any, so that {@link #compile} says something else now
     */
    public boolean forgetUnused() {
        if (unusedLists.isEmpty()) {
            return false;
        }
        NavigableSet<ProfileList> used = new TreeSet<>(lists);
        used.removeAll(unusedLists);
        unusedLists.clear();
        replaceLists(used);
        return true;
    }

    private void setLists(NavigableSet<ProfileList> used) {
        lists.stream().filter(list -> !used.contains(list)).forEach(unusedLists::add);
        unusedLists.removeAll(used);
        Iterator<ProfileList> longestUnused = unusedLists.iterator();
        while (unusedLists.size() > mostUnusedLists) {
            longestUnused.next();
            longestUnused.remove();
        }
        used.addAll(unusedLists);
        replaceLists(used);
    }

    private void replaceLists(NavigableSet<ProfileList> now) {
        lists = Shared.previousIfEqual(lists, Collections.unmodifiableNavigableSet(now));
        profileNames = namesIn(lists);
    }

    private static NavigableSet<ProfileList> listsOf(NavigableMap<String, CompiledEndpoint> endpoints) {
        NavigableSet<ProfileList> lists = new TreeSet<>();
        endpoints.values().forEach(endpoint -> lists.add(endpoint.profiles()));
        return lists;
    }

    private static NavigableSet<String> namesIn(NavigableSet<ProfileList> lists) {
        NavigableSet<String> names = new TreeSet<>();
        lists.forEach(list -> names.addAll(list.ids()));
        return names;
    }

    private static NavigableSet<TagSet> tagSetsOf(NavigableMap<String, CompiledProfile> profiles) {
        NavigableSet<TagSet> tagSets = new TreeSet<>();
        profiles.values().forEach(profile -> tagSets.addAll(profile.tagSets()));
        return tagSets;
    }
}
