package io.calico.libnetwork.hostile;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.calico.libnetwork.RunningPlugin;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.stream.Stream;

/** The requests that real engines sent, to be changed. */
final class Recorded {
    /** Few ids, so that requests meet what others have made. */
    static final List<String> NETWORKS = List.of("a".repeat(64), "b".repeat(64), "c".repeat(25));

    static final List<String> ENDPOINTS = Stream.of("1", "2", "3", "4", "5", "6")
            .map(digit -> digit.repeat(64))
            .toList();

    /** A request: path and body. */
    record Request(String path, JsonNode body) {}

    private Recorded() {}

    /** All that differ. */
    static List<Request> requests() {
        Set<Request> all = new LinkedHashSet<>();
        try (Stream<Path> files =
                Files.list(Path.of(Objects.requireNonNull(RunningPlugin.class.getResource("recordings"))
                        .toURI()))) {
            for (Path file : files.sorted().toList()) {
                for (JsonNode exchange :
                        RunningPlugin.json(Files.readString(file)).path("exchanges")) {
                    if (exchange.path("request").isObject()) {
                        all.add(new Request(exchange.path("path").asText(), exchange.path("request")));
                    }
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (URISyntaxException e) {
            throw new AssertionError(e);
        }
        return List.copyOf(all);
    }

    /** The body with ids that mean something here, and often an address that is assigned. */
    static JsonNode placed(Request request, Random random) {
        ObjectNode body = request.body().deepCopy();
        if (body.has("NetworkID")) {
            body.put("NetworkID", NETWORKS.get(random.nextInt(NETWORKS.size())));
        }
        if (body.has("EndpointID")) {
            body.put("EndpointID", ENDPOINTS.get(random.nextInt(ENDPOINTS.size())));
        }
        if (body.path("Interface") instanceof ObjectNode wanted && wanted.has("Address")) {
            wanted.put("Address", "192.168.0." + random.nextInt(8) + "/32");
        }
        if (request.path().equals("/IpamDriver.ReleaseAddress")) {
            body.put("Address", "192.168.0." + random.nextInt(8));
        }
        return body;
    }
}
