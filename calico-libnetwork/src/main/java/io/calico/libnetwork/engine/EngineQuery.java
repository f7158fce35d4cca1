package io.calico.libnetwork.engine;

import com.fasterxml.jackson.databind.JsonNode;
import io.calico.model.json.ModelJson;
import java.io.IOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
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
 * any. Endpoints are taken from networks and, since an engine that starts many at once may miscount there, from running
 * containers too. What a container shows is not more than a hint: it keeps the endpoint of a connection that failed, and one
 * that does not run (created, exited, dead) has none, whatever an engine that was killed while it started has written down. A
 * container that is being started is on its network's list as soon as it is joined.
 */
public final class EngineQuery {
    private static final Duration TIMEOUT = Duration.ofSeconds(5);
    private static final int MAX_BYTES = 64 << 20;
    /** States in which a container has a sandbox, or, restarting, may have had one a moment ago. */
    private static final Set<String> RUNNING = Set.of("running", "paused", "restarting");

    private final Path socket;
    private final String driver;

    /**
     * Does no I/O.
     *
     * @param socket the engine's, normally {@code /var/run/docker.sock}
     * @param driver name of our network driver, {@code calico}
     */
    public EngineQuery(Path socket, String driver) {
        this.socket = socket;
        this.driver = driver;
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
        Set<String> endpoints = new HashSet<>();
        for (JsonNode network : get("/networks?filters=" + encoded("{\"driver\":[\"" + driver + "\"]}"))) {
            if (network.path("Driver").asText("").equals(driver)) {
                networks.put(network.path("Id").asText(), network.path("Name").asText());
            }
        }
        for (String id : networks.keySet()) {
            get("/networks/" + encoded(id))
                    .path("Containers")
                    .forEach(container -> add(container.path("EndpointID"), endpoints));
        }
        Set<String> shown = new HashSet<>();
        for (JsonNode container : get("/containers/json?all=1")) {
            if (RUNNING.contains(container.path("State").asText())) {
                container
                        .path("NetworkSettings")
                        .path("Networks")
                        .forEach(attachment -> add(attachment.path("EndpointID"), shown));
            }
        }
        if (!instance.equals(instance())) {
            throw new IOException("the Docker engine was started anew while it was asked");
        }
        return new EngineSnapshot(instance, networks, endpoints, shown);
    }

    private static void add(JsonNode endpointId, Set<String> endpoints) {
        if (!endpointId.asText("").isEmpty()) {
            endpoints.add(endpointId.asText());
        }
    }

    private JsonNode get(String target) throws IOException {
        try (EngineConnection connection = EngineConnection.open(socket)) {
            int status = connection.get(target, TIMEOUT);
            String body = connection.body(MAX_BYTES, TIMEOUT);
            if (status != 200) {
                throw new IOException("the Docker engine answered " + status + " to GET " + target);
            }
            JsonNode json = ModelJson.mapper().readTree(body);
            if (json == null || !json.isContainerNode()) {
                throw new IOException("the Docker engine's answer to GET " + target + " is not JSON");
            }
            return json;
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

    private static String encoded(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8);
    }
}
