package io.calico.e2e;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * What an engine knows: its Calico networks, and the connections of running containers to them.
 *
 * @param networkIds full ids
 */
record EngineView(Set<String> networkIds, List<RunningEndpoint> endpoints) {
    private static final ObjectMapper JSON = new ObjectMapper();

    static EngineView of(VirtualHost host) {
        Set<String> networks =
                new TreeSet<>(words(host.docker("network", "ls", "-q", "--no-trunc", "--filter", "driver=calico")));
        List<String> running = words(host.docker("ps", "-q", "--no-trunc"));
        Set<String> existing = endpointIds(host, networks);
        List<RunningEndpoint> endpoints = new ArrayList<>();
        if (!running.isEmpty()) {
            List<String> command = new ArrayList<>(List.of("inspect"));
            command.addAll(running);
            for (JsonNode container : read(host.docker(command.toArray(String[]::new)))) {
                addEndpoints(container, networks, endpoints);
            }
        }
        // A container goes on to show the endpoint of a connection that failed and was undone.
        endpoints.removeIf(endpoint -> !existing.contains(endpoint.endpointId()));
        return new EngineView(networks, endpoints);
    }

    private static Set<String> endpointIds(VirtualHost host, Set<String> networks) {
        Set<String> ids = new TreeSet<>();
        for (String network : networks) {
            for (JsonNode one : read(host.docker("network", "inspect", network))) {
                one.path("Containers").forEach(c -> ids.add(c.path("EndpointID").asText()));
            }
        }
        return ids;
    }

    private static void addEndpoints(JsonNode container, Set<String> networks, List<RunningEndpoint> endpoints) {
        JsonNode settings = container.get("NetworkSettings");
        for (JsonNode connection : settings.get("Networks")) {
            if (networks.contains(connection.get("NetworkID").asText())) {
                endpoints.add(new RunningEndpoint(
                        container.get("Name").asText().substring(1),
                        container.get("State").get("Pid").asLong(),
                        connection.get("NetworkID").asText(),
                        connection.get("EndpointID").asText(),
                        connection.get("IPAddress").asText(),
                        connection.get("MacAddress").asText(),
                        settings.get("SandboxKey").asText()));
            }
        }
    }

    static List<String> words(String text) {
        return text.isBlank() ? List.of() : List.of(text.strip().split("\\s+"));
    }

    static JsonNode read(String json) {
        try {
            return JSON.readTree(json);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
