package io.calico.libnetwork.engine;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.calico.libnetwork.network.ReplicaOption;
import io.calico.model.NetworkSpec;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * A network as a Docker engine has it. Immutable.
 *
 * @param id the engine's own
 * @param driver of the network
 * @param spec what it was made with; without the option that makes it a copy of another
 * @param replicaOf the canonical id of the network that it is a copy of
 */
public record EngineNetwork(String id, String name, String driver, NetworkSpec spec, Optional<String> replicaOf) {

    /** The id that all hosts know it by: the engine's own, unless it is a copy. */
    public String canonicalId() {
        return replicaOf.orElse(id);
    }

    /** As {@code GET /networks} answers it; what is missing is empty. */
    static EngineNetwork fromJson(JsonNode json) {
        SortedMap<String, String> options = texts(json.path("Options"));
        Optional<String> replicaOf = Optional.ofNullable(options.remove(ReplicaOption.NAME));
        List<NetworkSpec.Subnet> subnets = new ArrayList<>();
        for (JsonNode config : json.path("IPAM").path("Config")) {
            String subnet = config.path("Subnet").asText("");
            // An engine shows what our IPAM driver answered where the user gave none: everything there is.
            if (!subnet.isEmpty() && !subnet.endsWith("/0")) {
                subnets.add(new NetworkSpec.Subnet(
                        subnet,
                        Optional.of(config.path("Gateway").asText("")).filter(gateway -> !gateway.isEmpty()),
                        texts(config.path("AuxiliaryAddresses"))));
            }
        }
        return new EngineNetwork(
                json.path("Id").asText(""),
                json.path("Name").asText(""),
                json.path("Driver").asText(""),
                new NetworkSpec(
                        options,
                        json.path("IPAM").path("Driver").asText(""),
                        texts(json.path("IPAM").path("Options")),
                        subnets,
                        json.path("Internal").asBoolean(false),
                        json.path("Attachable").asBoolean(false),
                        texts(json.path("Labels"))),
                replicaOf);
    }

    /**
     * The body of {@code POST /networks/create} for a copy of a network. Gateway and auxiliary addresses are left out: the
     * host that made the network has reserved them for all, and no container needs them.
     *
     * @param driver our network driver's name
     */
    static JsonNode creationOfReplica(String name, String canonicalId, NetworkSpec spec, String driver) {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        json.put("Name", name);
        // Engines before 25 make a second network of a name unless they are told not to.
        json.put("CheckDuplicate", true);
        json.put("Driver", driver);
        json.put("Internal", spec.internal());
        json.put("Attachable", spec.attachable());
        ObjectNode ipam = json.putObject("IPAM");
        ipam.put("Driver", spec.ipamDriver());
        ObjectNode ipamOptions = ipam.putObject("Options");
        spec.ipamOptions().forEach(ipamOptions::put);
        ArrayNode config = ipam.putArray("Config");
        spec.subnets().forEach(subnet -> config.addObject().put("Subnet", subnet.subnet()));
        ObjectNode options = json.putObject("Options");
        spec.options().forEach(options::put);
        options.put(ReplicaOption.NAME, canonicalId);
        ObjectNode labels = json.putObject("Labels");
        spec.labels().forEach(labels::put);
        return json;
    }

    private static SortedMap<String, String> texts(JsonNode object) {
        SortedMap<String, String> texts = new TreeMap<>();
        object.properties()
                .forEach(field -> texts.put(field.getKey(), field.getValue().asText("")));
        return texts;
    }
}
