package io.calico.model;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.calico.model.json.RecordFields;
import io.calico.model.net.Cidr;
import io.calico.model.net.IpAddress;
import io.calico.model.net.IpNet;
import io.calico.model.net.MacAddress;
import java.util.List;
import java.util.Set;

/** The JSON form of a workload endpoint; see {@link WorkloadEndpoint}. */
final class WorkloadEndpointJson {
    /** All that is written, and what only old records have. */
    private static final Set<String> FIELDS = Set.of(
            "state",
            "name",
            "mac",
            "profile_ids",
            "profile_id",
            "ipv4_nets",
            "ipv6_nets",
            "ipv4_gateway",
            "ipv6_gateway");

    private WorkloadEndpointJson() {}

    static WorkloadEndpoint read(JsonNode json) {
        RecordFields fields = RecordFields.of(json);
        return WorkloadEndpoint.builder()
                .state(fields.require("state", WorkloadEndpointJson::state))
                .interfaceName(fields.require("name", WorkloadEndpointJson::interfaceName))
                .mac(fields.require("mac", node -> MacAddress.parse(RecordFields.text(node))))
                .profileIds(profileIds(fields))
                .ipv4Nets(fields.list("ipv4_nets", WorkloadEndpointJson::address))
                .ipv6Nets(fields.list("ipv6_nets", WorkloadEndpointJson::address))
                .ipv4Gateway(fields.find("ipv4_gateway", node -> IpAddress.parse(RecordFields.text(node))))
                .ipv6Gateway(fields.find("ipv6_gateway", node -> IpAddress.parse(RecordFields.text(node))))
                .otherFields(fields.others(FIELDS))
                .build();
    }

    private static EndpointState state(JsonNode node) {
        return EndpointState.tryParse(RecordFields.text(node))
                .orElseThrow(() -> new IllegalArgumentException(
                        RecordFields.shown(node) + " is neither \"active\" nor \"inactive\""));
    }

    private static String interfaceName(JsonNode node) {
        String name = RecordFields.text(node);
        if (name.isEmpty()) {
            throw new IllegalArgumentException("an interface name may not be empty");
        }
        return name;
    }

    /** Old records have one name in {@code profile_id}; if both are there, the list wins. */
    private static List<String> profileIds(RecordFields fields) {
        if (!fields.has("profile_ids") && fields.has("profile_id")) {
            return List.of(fields.require("profile_id", RecordFields::text));
        }
        if (!fields.has("profile_ids")) {
            throw new IllegalArgumentException("field 'profile_ids' is missing");
        }
        return fields.list("profile_ids", RecordFields::text);
    }

    private static Cidr address(JsonNode node) {
        return Cidr.of(IpNet.parse(RecordFields.text(node)).address());
    }

    static ObjectNode write(WorkloadEndpoint endpoint) {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        json.put("state", endpoint.state().text());
        json.put("name", endpoint.interfaceName());
        json.put("mac", endpoint.mac().toString());
        json.set("profile_ids", array(endpoint.profileIds()));
        json.set("ipv4_nets", array(endpoint.ipv4Nets()));
        json.set("ipv6_nets", array(endpoint.ipv6Nets()));
        json.put("ipv4_gateway", endpoint.ipv4Gateway().map(IpAddress::toString).orElse(null));
        json.put("ipv6_gateway", endpoint.ipv6Gateway().map(IpAddress::toString).orElse(null));
        json.setAll(endpoint.otherFields());
        return json;
    }

    private static ArrayNode array(List<?> values) {
        ArrayNode array = JsonNodeFactory.instance.arrayNode(values.size());
        values.forEach(value -> array.add(value.toString()));
        return array;
    }
}
