package io.calico.libnetwork.health;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * How a node daemon is, at one moment; sent as JSON. Newer daemons may add fields. Immutable.
 *
 * @param version of the daemon
 * @param host this host's name in the datastore
 * @param inSync whether the policy of the datastore is in force
 * @param since when {@code inSync} last changed, ISO 8601 in UTC
 * @param endpoints of this host in the policy that is in force
 * @param revision of the datastore that is in force
 * @param datastore where the data is, without passwords
 * @param pluginSocket empty if the daemon does not serve the Docker plugin
 * @param engine the Docker engine's socket and whether it answers; empty if the daemon does not serve the plugin
 * @param notes what an operator may want to know, though nothing is wrong with it; one line each
 * @param problems what is wrong; empty if all is well
 */
public record NodeStatus(
        @JsonProperty("version") String version,
        @JsonProperty("host") String host,
        @JsonProperty("in_sync") boolean inSync,
        @JsonProperty("since") String since,
        @JsonProperty("endpoints") int endpoints,
        @JsonProperty("revision") long revision,
        @JsonProperty("datastore") String datastore,
        @JsonProperty("plugin_socket") Optional<String> pluginSocket,
        @JsonProperty("engine") Optional<Engine> engine,
        @JsonProperty("notes") List<String> notes,
        @JsonProperty("problems") List<Problem> problems) {

    /** Copies the lists. */
    public NodeStatus {
        notes = List.copyOf(notes);
        problems = List.copyOf(problems);
    }

    /** Reads what another process wrote; whatever is missing is empty. Not through the mapper, whose start takes long. */
    static NodeStatus fromJson(JsonNode json) {
        List<Problem> problems = new ArrayList<>();
        json.path("problems")
                .forEach(one -> problems.add(new Problem(
                        one.path("problem").asText(),
                        one.path("remedy").asText(),
                        one.path("blocking").asBoolean())));
        List<String> notes = new ArrayList<>();
        json.path("notes").forEach(note -> notes.add(note.asText()));
        JsonNode engine = json.path("engine");
        return new NodeStatus(
                json.path("version").asText(),
                json.path("host").asText(),
                json.path("in_sync").asBoolean(),
                json.path("since").asText(),
                json.path("endpoints").asInt(),
                json.path("revision").asLong(),
                json.path("datastore").asText(),
                Optional.of(json.path("plugin_socket"))
                        .filter(JsonNode::isTextual)
                        .map(JsonNode::asText),
                engine.isObject()
                        ? Optional.of(new Engine(
                                engine.path("socket").asText(),
                                engine.path("state").asText()))
                        : Optional.empty(),
                notes,
                problems);
    }

    /**
     * The Docker engine.
     *
     * @param state {@code answers}, {@code silent} (it seems to run, but does not answer) or {@code absent}
     */
    public record Engine(
            @JsonProperty("socket") String socket,
            @JsonProperty("state") String state) {}

    /**
     * Something that is wrong.
     *
     * @param text what, on one line
     * @param remedy what an operator can do about it, on one line
     * @param blocking whether containers cannot be started because of it
     */
    public record Problem(
            @JsonProperty("problem") String text,
            @JsonProperty("remedy") String remedy,
            @JsonProperty("blocking") boolean blocking) {}
}
