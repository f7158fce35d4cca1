package io.calico.libnetwork.engine;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import io.calico.model.json.ModelJson;
import java.io.IOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;

/** Requests to a Docker engine whose answers are JSON, each on a connection of its own. Thread-safe; calls block. */
final class EngineRequests {
    private static final int MAX_BYTES = 64 << 20;

    private final Path socket;
    private final Duration timeout;

    /**
     * Does no I/O.
     *
     * @param timeout for the head of each answer, and again for its body
     */
    EngineRequests(Path socket, Duration timeout) {
        this.socket = socket;
        this.timeout = timeout;
    }

    /** A status, and a body that is missing if it was empty. */
    record Reply(int status, JsonNode body) {
        /** What an engine says of an error. */
        String message() {
            return body.path("message").asText("status " + status).replaceAll("\\s*\\R\\s*", " ");
        }
    }

    /**
     * The answer to a GET that must succeed: an object or an array.
     *
     * @throws IOException if it does not, or not in time and whole
     */
    JsonNode get(String target) throws IOException {
        Reply reply = send("GET", target, "");
        if (reply.status() != 200) {
            throw new IOException("the Docker engine answered " + reply.status() + " to GET " + target);
        }
        if (!reply.body().isContainerNode()) {
            throw new IOException("the Docker engine's answer to GET " + target + " is not JSON");
        }
        return reply.body();
    }

    /** Any answer. */
    Reply send(String method, String target, String json) throws IOException {
        try (EngineConnection connection = EngineConnection.open(socket)) {
            int status = connection.request(method, target, json, timeout);
            // Such an answer has no body, and no word of that either.
            String body = status == 204 ? "" : connection.body(MAX_BYTES, timeout);
            return new Reply(status, body.isEmpty() ? MissingNode.getInstance() : ModelJson.parse(body));
        } catch (JsonProcessingException e) {
            throw new IOException("the Docker engine's answer to " + method + " " + target + " is not JSON", e);
        }
    }

    static String encoded(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8);
    }
}
