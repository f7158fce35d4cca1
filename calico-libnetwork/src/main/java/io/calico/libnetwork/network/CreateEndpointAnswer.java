package io.calico.libnetwork.network;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.calico.model.net.MacAddress;

/**
 * What {@code NetworkDriver.CreateEndpoint} adds to the request. A field that the request had set must not be answered,
 * not even with the same value: the engine refuses it.
 */
final class CreateEndpointAnswer {
    private CreateEndpointAnswer() {}

    /** Nothing: the user chose the MAC. */
    static JsonNode nothing() {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        json.putObject("Interface");
        return json;
    }

    static JsonNode mac(MacAddress mac) {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        json.putObject("Interface").put("MacAddress", mac.toString());
        return json;
    }
}
