package io.calico.libnetwork.network;

import com.fasterxml.jackson.annotation.JsonFormat;
import com.fasterxml.jackson.annotation.JsonProperty;

/**
 * {@code NetworkDriver.Join}. Immutable.
 *
 * @param sandboxKey names the sandbox: a file of the engine that may not exist yet. Endpoints with the same key are
 *     interfaces of one container; a restarted container has a new key. Empty if the engine gives none
 */
@JsonFormat(with = JsonFormat.Feature.ACCEPT_CASE_INSENSITIVE_PROPERTIES)
record JoinRequest(
        @JsonProperty("NetworkID") String networkId,
        @JsonProperty("EndpointID") String endpointId,
        @JsonProperty("SandboxKey") String sandboxKey) {
    /** PATH_MAX of linux/limits.h. */
    private static final int LONGEST_SANDBOX_KEY = 4096;

    JoinRequest {
        DockerIds.require("NetworkID", networkId);
        DockerIds.require("EndpointID", endpointId);
        sandboxKey = sandboxKey == null ? "" : sandboxKey;
        if (sandboxKey.length() > LONGEST_SANDBOX_KEY) {
            throw new IllegalArgumentException("SandboxKey is longer than a path can be");
        }
    }
}
