package io.calico.libnetwork.engine;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/**
 * Asks a Docker engine what it has: its networks of our driver, each with its endpoints, and its containers. Thread-safe;
 * calls block for some seconds at most.
 *
 * <p>An engine answers only when it has restored its containers, so an answer of one that has just started is as good as
 * any. Endpoints are taken from networks and containers alike: an engine may miscount in one of them.
 */
public final class EngineQuery {
    private static final Duration TIMEOUT = Duration.ofSeconds(5);

    private final Path socket;
    private final String driver;
    private final EngineRequests requests;

    /**
     * Does no I/O.
     *
     * @param socket the engine's, normally {@code /var/run/docker.sock}
     * @param driver name of our network driver, {@code calico}
     */
    public EngineQuery(Path socket, String driver) {
        this.socket = socket;
        this.driver = driver;
        this.requests = new EngineRequests(socket, TIMEOUT);
    }

    /**
     * Whether an engine has its pid file beside the socket. Under systemd, connecting to the socket of a stopped engine
     * would start it.
     */
    public boolean seemsToRun() {
        return Files.exists(socket) && Files.exists(pidFile());
    }

    /**
     * What the engine has.
     *
     * @throws IOException if it does not answer each request in time and completely, or changed or ended meanwhile
     */
    public EngineSnapshot look() throws IOException {
        String instance = instance();
        Map<String, String> networks = new LinkedHashMap<>();
        Map<String, String> originals = new LinkedHashMap<>();
        Set<String> endpoints = new HashSet<>();
        for (JsonNode json :
                requests.get("/networks?filters=" + EngineRequests.encoded("{\"driver\":[\"" + driver + "\"]}"))) {
            EngineNetwork network = EngineNetwork.fromJson(json);
            if (network.driver().equals(driver)) {
                networks.put(network.id(), network.name());
                network.replicaOf().ifPresent(original -> originals.put(network.id(), original));
            }
        }
        for (String id : networks.keySet()) {
            requests.get("/networks/" + EngineRequests.encoded(id))
                    .path("Containers")
                    .forEach(container -> add(container.path("EndpointID"), endpoints));
        }
        for (JsonNode container : requests.get("/containers/json?all=1")) {
            container
                    .path("NetworkSettings")
                    .path("Networks")
                    .forEach(attachment -> add(attachment.path("EndpointID"), endpoints));
        }
        if (!instance.equals(instance())) {
            throw new IOException("the Docker engine was started anew while it was asked");
        }
        return new EngineSnapshot(instance, networks, originals, endpoints);
    }

    private static void add(JsonNode endpointId, Set<String> endpoints) {
        if (!endpointId.asText("").isEmpty()) {
            endpoints.add(endpointId.asText());
        }
    }

    private String instance() throws IOException {
        Object file = Files.readAttributes(socket, BasicFileAttributes.class).fileKey();
        try {
            return Files.readString(pidFile()).strip() + " " + file;
        } catch (NoSuchFileException e) {
            return "? " + file;
        }
    }

    private Path pidFile() {
        return socket.resolveSibling("docker.pid");
    }
}
