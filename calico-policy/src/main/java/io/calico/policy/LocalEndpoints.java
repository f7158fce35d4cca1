package io.calico.policy;

import io.calico.model.EndpointKey;
import io.calico.model.net.IpAddress;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;

/**
 * The endpoints of this host that have traffic, by interface. Should two claim one interface, the one with the lesser
 * key has it, whichever came first, so that the outcome depends on what is stored and not on the order of reading.
 * Confined to one thread.
 */
final class LocalEndpoints {
    /** Each as if it were alone in its sandbox. */
    private final Map<EndpointKey, CompiledEndpoint> byKey = new HashMap<>();

    private final Map<EndpointKey, String> sandboxes = new HashMap<>();
    private final NavigableMap<String, NavigableMap<EndpointKey, CompiledEndpoint>> byInterface = new TreeMap<>();
    private NavigableMap<String, CompiledEndpoint> compiled = Collections.emptyNavigableMap();
    private boolean isChanged;

    /**
     * Adds or replaces an endpoint.
     *
     * @param endpoint as if it were alone in its sandbox
     * @param sandbox names its sandbox, where that is known
     */
    void put(CompiledEndpoint endpoint, Optional<String> sandbox) {
        boolean isSame = endpoint.equals(byKey.get(endpoint.key()))
                && sandbox.equals(Optional.ofNullable(sandboxes.get(endpoint.key())));
        if (isSame) {
            return;
        }
        remove(endpoint.key());
        byKey.put(endpoint.key(), endpoint);
        sandbox.ifPresent(name -> sandboxes.put(endpoint.key(), name));
        byInterface
                .computeIfAbsent(endpoint.interfaceName(), name -> new TreeMap<>())
                .put(endpoint.key(), endpoint);
        isChanged = true;
    }

    void remove(EndpointKey key) {
        sandboxes.remove(key);
        CompiledEndpoint before = byKey.remove(key);
        if (before != null) {
            byInterface.computeIfPresent(before.interfaceName(), (name, claims) -> {
                claims.remove(key);
                return claims.isEmpty() ? null : claims;
            });
            isChanged = true;
        }
    }

    private Map<String, List<IpAddress>> addressesBySandbox() {
        Map<String, List<IpAddress>> bySandbox = new HashMap<>();
        sandboxes.forEach((key, sandbox) -> {
            CompiledEndpoint endpoint = byKey.get(key);
            if (endpoint != null) {
                bySandbox.computeIfAbsent(sandbox, name -> new ArrayList<>()).addAll(endpoint.addresses());
            }
        });
        return bySandbox;
    }

    private CompiledEndpoint inSandbox(CompiledEndpoint endpoint, Map<String, List<IpAddress>> bySandbox) {
        String sandbox = sandboxes.get(endpoint.key());
        return sandbox == null
                ? endpoint
                : endpoint.withSourceAddresses(bySandbox.getOrDefault(sandbox, endpoint.addresses()));
    }

    /** By interface name; the same instances as last time where nothing changed. */
    NavigableMap<String, CompiledEndpoint> compile() {
        if (isChanged) {
            Map<String, List<IpAddress>> bySandbox = addressesBySandbox();
            NavigableMap<String, CompiledEndpoint> now = new TreeMap<>();
            byInterface.forEach((name, claims) -> {
                CompiledEndpoint endpoint = inSandbox(claims.firstEntry().getValue(), bySandbox);
                CompiledEndpoint previous = compiled.get(name);
                now.put(name, previous == null ? endpoint : Shared.previousIfEqual(previous, endpoint));
            });
            compiled = Shared.previousIfEqual(compiled, Collections.unmodifiableNavigableMap(now));
            isChanged = false;
        }
        return compiled;
    }
}
