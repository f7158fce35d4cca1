package io.calico.policy;

import io.calico.model.EndpointKey;
import java.util.Collections;
import java.util.HashMap;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;

/**
 * The endpoints of this host that have traffic, by interface. Should two claim one interface, the one with the lesser
 * key has it, whichever came first, so that the outcome depends on what is stored and not on the order of reading.
 * Confined to one thread.
 */
final class LocalEndpoints {
    private final Map<EndpointKey, CompiledEndpoint> byKey = new HashMap<>();
    private final NavigableMap<String, NavigableMap<EndpointKey, CompiledEndpoint>> byInterface = new TreeMap<>();
    private NavigableMap<String, CompiledEndpoint> compiled = Collections.emptyNavigableMap();
    private boolean isChanged;

    void put(CompiledEndpoint endpoint) {
        if (endpoint.equals(byKey.get(endpoint.key()))) {
            return;
        }
        remove(endpoint.key());
        byKey.put(endpoint.key(), endpoint);
        byInterface
                .computeIfAbsent(endpoint.interfaceName(), name -> new TreeMap<>())
                .put(endpoint.key(), endpoint);
        isChanged = true;
    }

    void remove(EndpointKey key) {
        CompiledEndpoint before = byKey.remove(key);
        if (before != null) {
            byInterface.computeIfPresent(before.interfaceName(), (name, claims) -> {
                claims.remove(key);
                return claims.isEmpty() ? null : claims;
            });
            isChanged = true;
        }
    }

    /** By interface name; the same instances as last time where nothing changed. */
    NavigableMap<String, CompiledEndpoint> compile() {
        if (isChanged) {
            NavigableMap<String, CompiledEndpoint> now = new TreeMap<>();
            byInterface.forEach((name, claims) -> {
                CompiledEndpoint endpoint = claims.firstEntry().getValue();
                CompiledEndpoint previous = compiled.get(name);
                now.put(name, previous == null ? endpoint : Shared.previousIfEqual(previous, endpoint));
            });
            compiled = Shared.previousIfEqual(compiled, Collections.unmodifiableNavigableMap(now));
            isChanged = false;
        }
        return compiled;
    }
}
