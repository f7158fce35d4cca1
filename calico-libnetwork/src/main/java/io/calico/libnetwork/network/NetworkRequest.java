package io.calico.libnetwork.network;

import com.fasterxml.jackson.databind.JsonNode;
import io.calico.model.json.RecordFields;

/** A call about a network: {@code NetworkDriver.DeleteNetwork}. Immutable. */
record NetworkRequest(String networkId) {
    NetworkRequest {
        DockerIds.require("NetworkID", networkId);
    }

    /**
     * The request as the engine sent it.
     *
     * @throws IllegalArgumentException if a field is missing or has a bad value
     */
    static NetworkRequest fromJson(JsonNode json) {
        RecordFields fields = RecordFields.ofAnyCase(json);
        return new NetworkRequest(fields.find("NetworkID", RecordFields::scalar).orElse(""));
    }
}
