package io.calico.libnetwork.engine;

import java.util.Map;
import java.util.Set;

/**
 * What a Docker engine had of ours at one moment, every part of it answered. Immutable.
 *
 * @param instance names this run of the engine; another after the engine was started again
 * @param networks names of its networks of our driver, by id
 * @param endpoints ids of all endpoints that it knows, on these networks and in its containers
 */
public record EngineSnapshot(String instance, Map<String, String> networks, Set<String> endpoints) {
    public EngineSnapshot {
        networks = Map.copyOf(networks);
        endpoints = Set.copyOf(endpoints);
    }
}
