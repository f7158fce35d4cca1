package io.calico.model;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.calico.model.json.CalicoStyle;
import io.calico.model.json.JsonRecord;
import io.calico.model.json.RecordFields;
import java.util.Set;
import java.util.SortedMap;
import org.immutables.value.Value;

/**
 * What a network's id on one host stands for, as stored under host and id:
 *
 * <pre>{"name":"app-tier","network":"9f0c…"}</pre>
 *
 * Immutable. Fields of other writers are kept.
 */
@Value.Immutable
@CalicoStyle
public interface HostNetwork extends JsonRecord, WithHostNetwork {
    /** The network's name on that host. */
    String name();

    /** The canonical id of the network; the host's own id where it was created there. */
    String network();

    /** Fields that this version does not know, kept for the next writer. */
    @Value.NaturalOrder
    SortedMap<String, JsonNode> otherFields();

    /**
     * The record as read.
     *
     * @throws IllegalArgumentException if a field is missing or has a bad value
     */
    static HostNetwork fromJson(JsonNode json) {
        RecordFields fields = RecordFields.of(json);
        return builder()
                .name(fields.require("name", RecordFields::text))
                .network(fields.require("network", RecordFields::text))
                .otherFields(fields.others(Set.of("name", "network")))
                .build();
    }

    /** The record as stored. */
    @Override
    default JsonNode toJson() {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        json.put("name", name());
        json.put("network", network());
        json.setAll(otherFields());
        return json;
    }

    /** A new, empty builder. */
    static Builder builder() {
        return new Builder();
    }

    /** Builds the record; both fields are required. */
    final class Builder extends ImmutableHostNetwork.Builder {}
}
