package io.calico.libnetwork.engine;

import java.util.Map;
import java.util.Set;

/**
 * What a Docker engine had of ours at one moment, every part of it answered. Immutable.
 *
 * @param instance names this run of the engine; another after the engine was started again
 * @param networks names of its networks of our driver, by id
 * @param endpoints ids of the endpoints that its networks list
 * @param shown ids of the endpoints that its running containers show; among them may be some whose connection failed
 */
public record EngineSnapshot(String instance, Map<String, String> networks, Set<String> endpoints, Set<String> shown) {
    public EngineSnapshot {
        networks = Map.copyOf(networks);
        endpoints = Set.copyOf(endpoints);
        shown = Set.copyOf(shown);
    }
}
