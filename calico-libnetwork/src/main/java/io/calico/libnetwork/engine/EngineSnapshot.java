package io.calico.libnetwork.engine;

import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * What a Docker engine had of ours at one moment, every part of it answered. Immutable.
 *
 * @param instance names this run of the engine; another after the engine was started again
 * @param networks names of its networks of our driver, by id
 * @param originals of those that are copies of another host's network, that network's canonical id, by id
 * @param endpoints ids of the endpoints that its networks list
 * @param shown ids of the endpoints that its running containers show; among them may be some whose connection failed
 */
public record EngineSnapshot(
        String instance,
        Map<String, String> networks,
        Map<String, String> originals,
        Set<String> endpoints,
        Set<String> shown) {
    public EngineSnapshot {
        networks = Map.copyOf(networks);
        originals = Map.copyOf(originals);
        endpoints = Set.copyOf(endpoints);
        shown = Set.copyOf(shown);
    }

    /** The id under which all hosts know a network of this engine. */
    public String canonicalId(String id) {
        return originals.getOrDefault(id, id);
    }

    /** Canonical ids of all its networks. */
    public Set<String> canonicalIds() {
        return networks.keySet().stream().map(this::canonicalId).collect(Collectors.toUnmodifiableSet());
    }
}
