package io.calico.libnetwork.network;

import com.fasterxml.jackson.annotation.JsonFormat;
import com.fasterxml.jackson.annotation.JsonProperty;

/**
 * A call about an endpoint: {@code NetworkDriver.Leave}, {@code DeleteEndpoint}, {@code EndpointOperInfo}, {@code
 * ProgramExternalConnectivity} and {@code RevokeExternalConnectivity}. Immutable.
 */
@JsonFormat(with = JsonFormat.Feature.ACCEPT_CASE_INSENSITIVE_PROPERTIES)
record EndpointRequest(
        @JsonProperty("NetworkID") String networkId,
        @JsonProperty("EndpointID") String endpointId) {
    EndpointRequest {
        DockerIds.require("NetworkID", networkId);
        DockerIds.require("EndpointID", endpointId);
    }
}
