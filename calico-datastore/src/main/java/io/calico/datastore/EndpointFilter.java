package io.calico.datastore;

import io.calico.model.EndpointKey;
import java.util.Optional;

/** Which endpoints to list: those whose key has all the given parts. Immutable. */
public record EndpointFilter(
        Optional<String> host, Optional<String> orchestrator, Optional<String> workload, Optional<String> endpoint) {
    /** All endpoints of all hosts. */
    public static EndpointFilter all() {
        return new EndpointFilter(Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty());
    }

    /** All endpoints of one host. */
    public static EndpointFilter ofHost(String host) {
        return new EndpointFilter(Optional.of(host), Optional.empty(), Optional.empty(), Optional.empty());
    }

    /** Whether the endpoint is one of these. */
    public boolean matches(EndpointKey key) {
        return matches(host, key.host())
                && matches(orchestrator, key.orchestrator())
                && matches(workload, key.workload())
                && matches(endpoint, key.endpoint());
    }

    private static boolean matches(Optional<String> wanted, String part) {
        return wanted.isEmpty() || wanted.get().equals(part);
    }

    /** The longest prefix of the store under which all of them are. */
    String prefix() {
        if (host.isEmpty()) {
            return Keys.HOSTS;
        }
        String prefix = Keys.workloads(host.get());
        if (orchestrator.isEmpty()) {
            return prefix;
        }
        prefix += Keys.requirePart("orchestrator", orchestrator.get()) + "/";
        return workload.isEmpty() ? prefix : prefix + Keys.requirePart("workload", workload.get()) + "/";
    }
}
