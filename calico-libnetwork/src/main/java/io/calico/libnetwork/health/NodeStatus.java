package io.calico.libnetwork.health;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.calico.model.json.JsonRecord;
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
        String version,
        String host,
        boolean inSync,
        String since,
        int endpoints,
        long revision,
        String datastore,
        Optional<String> pluginSocket,
        Optional<Engine> engine,
        List<String> notes,
        List<Problem> problems)
        implements JsonRecord {

    /** Copies the lists. */
    public NodeStatus {
        notes = List.copyOf(notes);
        problems = List.copyOf(problems);
    }

    @Override
    public JsonNode toJson() {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        json.put("version", version);
        json.put("host", host);
        json.put("in_sync", inSync);
        json.put("since", since);
        json.put("endpoints", endpoints);
        json.put("revision", revision);
        json.put("datastore", datastore);
        pluginSocket.ifPresent(socket -> json.put("plugin_socket", socket));
        engine.ifPresent(
                of -> json.putObject("engine").put("socket", of.socket()).put("state", of.state()));
        ArrayNode noteArray = json.putArray("notes");
        notes.forEach(noteArray::add);
        ArrayNode problemArray = json.putArray("problems");
        problems.forEach(problem -> problemArray
                .addObject()
                .put("problem", problem.text())
                .put("remedy", problem.remedy())
                .put("blocking", problem.blocking()));
        return json;
    }

    /** Reads what another process wrote; whatever is missing is empty. */
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
    public record Engine(String socket, String state) {}

    /**
     * Something that is wrong.
     *
     * @param text what, on one line
     * @param remedy what an operator can do about it, on one line
     * @param blocking whether containers cannot be started because of it
     */
    public record Problem(String text, String remedy, boolean blocking) {}
}
