package io.calico.libnetwork.engine;

import com.fasterxml.jackson.databind.JsonNode;
import io.calico.model.NetworkSpec;
import io.calico.model.json.ModelJson;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Lists, makes and removes networks of a Docker engine. Never to be called from a driver call, for which the engine may be
 * waiting. Thread-safe; calls block for some seconds at most.
 */
public final class EngineNetworks {
    private static final Duration LOOK = Duration.ofSeconds(10);
    /** An engine that makes or removes a network asks our driver, which has ten seconds for each of two or three calls. */
    private static final Duration CHANGE = Duration.ofSeconds(40);

    private final EngineRequests looks;
    private final EngineRequests changes;
    private final String driver;

    /**
     * Does no I/O.
     *
     * @param socket the engine's, normally {@code /var/run/docker.sock}
     * @param driver name of our network driver, {@code calico}
     */
    public EngineNetworks(Path socket, String driver) {
        this.looks = new EngineRequests(socket, LOOK);
        this.changes = new EngineRequests(socket, CHANGE);
        this.driver = driver;
    }

    /** Name of our network driver. */
    public String driver() {
        return driver;
    }

    /** What kind of engine it is. */
    public record Kind(boolean hasClusterStore, boolean isInSwarm) {}

    /** What kind of engine it is. */
    public Kind kind() throws IOException {
        JsonNode info = looks.get("/info");
        return new Kind(
                !info.path("ClusterStore").asText("").isEmpty(),
                info.path("Swarm").path("LocalNodeState").asText("").equals("active"));
    }

    /** All networks, of whatever driver. */
    public List<EngineNetwork> list() throws IOException {
        List<EngineNetwork> networks = new ArrayList<>();
        looks.get("/networks").forEach(network -> networks.add(EngineNetwork.fromJson(network)));
        return networks;
    }

    /** Names of the containers, of this host, that are connected to a network; empty also if there is no such network. */
    public List<String> containersOn(String id) throws IOException {
        EngineRequests.Reply reply = looks.send("GET", "/networks/" + EngineRequests.encoded(id), "");
        List<String> names = new ArrayList<>();
        if (reply.status() == 200) {
            reply.body()
                    .path("Containers")
                    .forEach(container -> names.add(container.path("Name").asText("")));
        } else if (reply.status() != 404) {
            throw new IOException("the Docker engine would not show network " + id + ": " + reply.message());
        }
        return names.stream().sorted().toList();
    }

    /**
     * Makes a copy of a network of another host.
     *
     * @return why the engine refused; empty if it did not
     * @throws IOException if it did not answer: it may have made it
     */
    public Optional<String> createReplica(String name, String canonicalId, NetworkSpec spec) throws IOException {
        JsonNode body = EngineNetwork.creationOfReplica(name, canonicalId, spec, driver);
        EngineRequests.Reply reply = changes.send("POST", "/networks/create", ModelJson.write(body));
        return reply.status() == 201 ? Optional.empty() : Optional.of(reply.message());
    }

    /**
     * Removes a network.
     *
     * @return why the engine refused; empty if it did not, or had no such network
     * @throws IOException if it did not answer: it may have removed it
     */
    public Optional<String> remove(String id) throws IOException {
        EngineRequests.Reply reply = changes.send("DELETE", "/networks/" + EngineRequests.encoded(id), "");
        boolean gone = reply.status() == 204 || reply.status() == 200 || reply.status() == 404;
        return gone ? Optional.empty() : Optional.of(reply.message());
    }
}
