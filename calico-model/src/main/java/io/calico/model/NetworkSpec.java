package io.calico.model;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.calico.model.json.RecordFields;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What a user asked Docker for when a network was made: all that another host's engine needs to make the same. In JSON,
 * what is empty or false is left out:
 *
 * <pre>
 * {"options":{"k":"v"},"ipam_driver":"calico","ipam_options":{"k":"v"},
 *  "subnets":[{"subnet":"10.9.0.0/16","gateway":"10.9.0.1","aux":{"router":"10.9.0.2"}}],
 *  "internal":true,"attachable":true,"labels":{"team":"web"}}
 * </pre>
 *
 * Immutable. The texts are Docker's; nothing is checked but their form.
 *
 * @param options of the network driver, {@code -o}
 * @param ipamDriver name of the IPAM driver: {@code calico}, or another's
 * @param ipamOptions {@code --ipam-opt}
 * @param subnets that the user gave, in order; none if the driver was to choose
 * @param internal {@code --internal}
 * @param attachable {@code --attachable}
 * @param labels {@code --label}
 */
public record NetworkSpec(
        SortedMap<String, String> options,
        String ipamDriver,
        SortedMap<String, String> ipamOptions,
        List<Subnet> subnets,
        boolean internal,
        boolean attachable,
        SortedMap<String, String> labels) {
    /** Copies maps and list. */
    public NetworkSpec {
        options = copy(options);
        ipamOptions = copy(ipamOptions);
        subnets = List.copyOf(subnets);
        labels = copy(labels);
    }

    /**
     * One {@code --subnet}.
     *
     * @param subnet CIDR text
     * @param gateway address text, if the user gave one
     * @param aux addresses by the user's names
     */
    public record Subnet(String subnet, Optional<String> gateway, SortedMap<String, String> aux) {
        /** Copies the map. */
        public Subnet {
            aux = copy(aux);
        }

        private static Subnet fromJson(JsonNode json) {
            RecordFields fields = RecordFields.of(json);
            return new Subnet(
                    fields.require("subnet", RecordFields::text),
                    fields.find("gateway", RecordFields::text),
                    fields.find("aux", RecordFields::texts).orElseGet(TreeMap::new));
        }

        private ObjectNode toJson() {
            ObjectNode json = JsonNodeFactory.instance.objectNode();
            json.put("subnet", subnet);
            gateway.ifPresent(address -> json.put("gateway", address));
            put(json, "aux", aux);
            return json;
        }
    }

    /**
     * The spec as read.
     *
     * @throws IllegalArgumentException if the IPAM driver is missing or a field has a bad value
     */
    static NetworkSpec fromJson(JsonNode json) {
        RecordFields fields = RecordFields.of(json);
        return new NetworkSpec(
                fields.find("options", RecordFields::texts).orElseGet(TreeMap::new),
                fields.require("ipam_driver", RecordFields::text),
                fields.find("ipam_options", RecordFields::texts).orElseGet(TreeMap::new),
                fields.list("subnets", Subnet::fromJson),
                fields.find("internal", RecordFields::flag).orElse(false),
                fields.find("attachable", RecordFields::flag).orElse(false),
                fields.find("labels", RecordFields::texts).orElseGet(TreeMap::new));
    }

    /** The form in which it is stored. */
    JsonNode toJson() {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        put(json, "options", options);
        json.put("ipam_driver", ipamDriver);
        put(json, "ipam_options", ipamOptions);
        if (!subnets.isEmpty()) {
            ArrayNode array = json.putArray("subnets");
            subnets.forEach(subnet -> array.add(subnet.toJson()));
        }
        if (internal) {
            json.put("internal", true);
        }
        if (attachable) {
            json.put("attachable", true);
        }
        put(json, "labels", labels);
        return json;
    }

    private static void put(ObjectNode json, String field, SortedMap<String, String> texts) {
        if (!texts.isEmpty()) {
            ObjectNode object = json.putObject(field);
            texts.forEach(object::put);
        }
    }

    private static SortedMap<String, String> copy(SortedMap<String, String> map) {
        return Collections.unmodifiableSortedMap(new TreeMap<>(map));
    }
}
