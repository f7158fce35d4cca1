package io.calico.libnetwork.network;

import com.fasterxml.jackson.annotation.JsonFormat;
import com.fasterxml.jackson.annotation.JsonProperty;

/** A call about a network: {@code NetworkDriver.DeleteNetwork}. Immutable. */
@JsonFormat(with = JsonFormat.Feature.ACCEPT_CASE_INSENSITIVE_PROPERTIES)
record NetworkRequest(@JsonProperty("NetworkID") String networkId) {
    NetworkRequest {
        DockerIds.require("NetworkID", networkId);
    }
}
