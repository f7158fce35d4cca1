package io.calico.libnetwork.network;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.calico.model.net.MacAddress;
import java.util.Map;

/**
 * What {@code NetworkDriver.CreateEndpoint} adds to the request. A field that the request had set must not be answered,
 * not even with the same value: the engine refuses it.
 */
record CreateEndpointAnswer(@JsonProperty("Interface") Map<String, String> added) {
    /** Nothing: the user chose the MAC. */
    static CreateEndpointAnswer nothing() {
        return new CreateEndpointAnswer(Map.of());
    }

    static CreateEndpointAnswer mac(MacAddress mac) {
        return new CreateEndpointAnswer(Map.of("MacAddress", mac.toString()));
    }
}
