package io.calico.libnetwork.network;

import com.fasterxml.jackson.databind.JsonNode;
import io.calico.model.json.RecordFields;
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
record CreateNetworkRequest(
        String networkId, Map<String, JsonNode> options, List<SubnetData> ipv4, List<SubnetData> ipv6) {
    private static final String GENERIC = "com.docker.network.generic";
    private static final Set<String> FALSE = Set.of("", "false", "no", "off", "0");

    CreateNetworkRequest {
        DockerIds.require("NetworkID", networkId);
        replicaOf(options).ifPresent(id -> DockerIds.require("option " + ReplicaOption.NAME, id));
        ipv4 = List.copyOf(ipv4);
        ipv6 = List.copyOf(ipv6);
    }

    /**
     * The request as the engine sent it, or as it is stored.
     *
     * @throws IllegalArgumentException if a field is missing or has a bad value
     */
    static CreateNetworkRequest fromJson(JsonNode json) {
        RecordFields fields = RecordFields.ofAnyCase(json);
        return new CreateNetworkRequest(
                fields.find("NetworkID", RecordFields::scalar).orElse(""),
                fields.find("Options", CreateNetworkRequest::options).orElse(Map.of()),
                fields.list("IPv4Data", SubnetData::fromJson),
                fields.list("IPv6Data", SubnetData::fromJson));
    }

    private static Map<String, JsonNode> options(JsonNode json) {
        return RecordFields.of(json).others(Set.of());
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
