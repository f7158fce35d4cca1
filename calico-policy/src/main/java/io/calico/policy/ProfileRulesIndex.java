package io.calico.policy;

import io.calico.model.ProfileRules;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.NavigableMap;
import java.util.NavigableSet;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The rules of all profiles, and the compiled form of those in use. Compiles a profile once per change, and only while
 * an endpoint of this host uses it. Confined to one thread.
 */
final class ProfileRulesIndex {
    /** Rules that can be applied; a profile that is not here is missing. */
    private final Map<String, ProfileRules> usable = new HashMap<>();
    /** Profiles in {@link #compiled} whose rules changed since. */
    private final Set<String> changed = new HashSet<>();

    private NavigableMap<String, CompiledProfile> compiled = Collections.emptyNavigableMap();

    /** Takes the rules of a profile; returns why they cannot be applied, in which case the profile is missing. */
    Optional<String> put(String profile, ProfileRules rules) {
        Optional<String> unusable = rules.invalidReason();
        if (unusable.isPresent()) {
            remove(profile);
        } else if (!rules.equals(usable.put(profile, rules))) {
            changed.add(profile);
        }
        return unusable;
    }

    /** The profile has no rules any more; it is missing, not empty. */
    void remove(String profile) {
        if (usable.remove(profile) != null) {
            changed.add(profile);
        }
    }

    /** The profiles of these names compiled, each the same instance as last time unless its meaning changed. */
    NavigableMap<String, CompiledProfile> compile(NavigableSet<String> names) {
        if (compiled.keySet().equals(names) && Collections.disjoint(changed, names)) {
            changed.clear();
            return compiled;
        }
        NavigableMap<String, CompiledProfile> now = new TreeMap<>();
        for (String name : names) {
            CompiledProfile previous = compiled.get(name);
            now.put(name, previous == null || changed.contains(name) ? compile(name, previous) : previous);
        }
        changed.clear();
        compiled = Shared.previousIfEqual(compiled, Collections.unmodifiableNavigableMap(now));
        return compiled;
    }

    private CompiledProfile compile(String name, @Nullable CompiledProfile previous) {
        ProfileRules rules = usable.get(name);
        CompiledProfile now = rules == null
                ? CompiledProfile.missing(name)
                : new CompiledProfile(
                        name,
                        false,
                        RuleCompiler.compile(name, Direction.INBOUND, rules.inbound()),
                        RuleCompiler.compile(name, Direction.OUTBOUND, rules.outbound()));
        return previous == null ? now : now.sharing(previous);
    }
}
