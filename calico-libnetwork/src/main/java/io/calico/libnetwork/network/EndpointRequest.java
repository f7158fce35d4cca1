package io.calico.libnetwork.network;

import com.fasterxml.jackson.databind.JsonNode;
import io.calico.model.json.RecordFields;

/**
 * A call about an endpoint: {@code NetworkDriver.Leave}, {@code DeleteEndpoint}, {@code EndpointOperInfo}, {@code
 * ProgramExternalConnectivity} and {@code RevokeExternalConnectivity}. Immutable.
 */
record EndpointRequest(String networkId, String endpointId) {
    EndpointRequest {
        DockerIds.require("NetworkID", networkId);
        DockerIds.require("EndpointID", endpointId);
    }

    /**
     * The request as the engine sent it.
     *
     * @throws IllegalArgumentException if a field is missing or has a bad value
     */
    static EndpointRequest fromJson(JsonNode json) {
        RecordFields fields = RecordFields.ofAnyCase(json);
        return new EndpointRequest(
                fields.find("NetworkID", RecordFields::scalar).orElse(""),
                fields.find("EndpointID", RecordFields::scalar).orElse(""));
    }
}
