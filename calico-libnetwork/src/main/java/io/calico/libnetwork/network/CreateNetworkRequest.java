package io.calico.libnetwork.network;

import com.fasterxml.jackson.annotation.JsonFormat;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * {@code NetworkDriver.CreateNetwork}; also what is stored of a network, word for word as the engine sent it. Immutable.
 *
 * @param networkId the engine's id
 * @param options by the engine's long names; {@code com.docker.network.generic} holds the user's {@code -o key=value}
 * @param ipv4 one element for each {@code --subnet}
 * @param ipv6 likewise
 */
@JsonFormat(with = JsonFormat.Feature.ACCEPT_CASE_INSENSITIVE_PROPERTIES)
record CreateNetworkRequest(
        @JsonProperty("NetworkID") String networkId,
        @JsonProperty("Options") Map<String, JsonNode> options,
        @JsonProperty("IPv4Data") List<SubnetData> ipv4,
        @JsonProperty("IPv6Data") List<SubnetData> ipv6) {
    private static final String GENERIC = "com.docker.network.generic";
    private static final Set<String> FALSE = Set.of("", "false", "no", "off", "0");

    /** What a request leaves out arrives as null. */
    CreateNetworkRequest {
        DockerIds.require("NetworkID", networkId);
        options = options == null ? Map.of() : options;
        replicaOf(options).ifPresent(id -> DockerIds.require("option " + ReplicaOption.NAME, id));
        ipv4 = ipv4 == null ? List.of() : List.copyOf(ipv4);
        ipv6 = ipv6 == null ? List.of() : List.copyOf(ipv6);
    }

    /** The canonical id of the network that this one is to be a copy of. */
    Optional<String> replicaOf() {
        return replicaOf(options);
    }

    private static Optional<String> replicaOf(Map<String, JsonNode> options) {
        JsonNode generic = options.get(GENERIC);
        return Optional.ofNullable(generic == null ? null : generic.get(ReplicaOption.NAME))
                .map(JsonNode::asText);
    }

    /** Whether the user gave {@code -o NAME=VALUE} with a value that does not mean no. */
    boolean isSet(String name) {
        JsonNode generic = options.get(GENERIC);
        String value = generic == null ? "" : generic.path(name).asText("");
        return !FALSE.contains(value.toLowerCase(Locale.ROOT));
    }
}
