package io.calico.libnetwork.network;

import com.fasterxml.jackson.databind.JsonNode;
import io.calico.model.json.RecordFields;

/**
 * {@code NetworkDriver.Join}. Immutable.
 *
 * @param sandboxKey names the sandbox: a file of the engine that may not exist yet. Endpoints with the same key are
 *     interfaces of one container; a restarted container has a new key. Empty if the engine gives none
 */
record JoinRequest(String networkId, String endpointId, String sandboxKey) {
    /** PATH_MAX of linux/limits.h. */
    private static final int LONGEST_SANDBOX_KEY = 4096;

    JoinRequest {
        DockerIds.require("NetworkID", networkId);
        DockerIds.require("EndpointID", endpointId);
        if (sandboxKey.length() > LONGEST_SANDBOX_KEY) {
            throw new IllegalArgumentException("SandboxKey is longer than a path can be");
        }
    }

    /**
     * The request as the engine sent it.
     *
     * @throws IllegalArgumentException if a field is missing or has a bad value
     */
    static JoinRequest fromJson(JsonNode json) {
        RecordFields fields = RecordFields.ofAnyCase(json);
        return new JoinRequest(
                fields.find("NetworkID", RecordFields::scalar).orElse(""),
                fields.find("EndpointID", RecordFields::scalar).orElse(""),
                fields.find("SandboxKey", RecordFields::scalar).orElse(""));
    }
}
