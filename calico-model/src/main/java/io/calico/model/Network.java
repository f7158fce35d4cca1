package io.calico.model;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.calico.model.json.CalicoStyle;
import io.calico.model.json.JsonRecord;
import io.calico.model.json.RecordFields;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import org.immutables.value.Value;

/**
 * A Docker network that calico serves, as stored under its name:
 *
 * <pre>{"id":"9f0c…","name":"app-tier","host":"rack7-n3","spec":{…},"removed":true}</pre>
 *
 * A removed network keeps its record, and with it its name, until no host's engine has it any more. Immutable. Fields of other writers are kept.
 */
@Value.Immutable
@CalicoStyle
public interface Network extends JsonRecord, WithNetwork {
    /** The canonical id: Docker's id of the network on the host where it was created; names its profile and tag. */
    String id();

    /** The name that people gave it. */
    String name();

    /** The host on which it was created, if known. */
    Optional<String> host();

    /** What other hosts need to make the network, too; empty if no engine was asked yet. */
    Optional<NetworkSpec> spec();

    /** Whether it was removed on some host; then it goes from all others as soon as they can let it go. */
    @Value.Default
    default boolean removed() {
        return false;
    }

    /** Fields that this version does not know, kept for the next writer. */
    @Value.NaturalOrder
    SortedMap<String, JsonNode> otherFields();

    /**
     * The network of a stored record.
     *
     * @throws IllegalArgumentException if id or name is missing or a known field has a bad value
     */
    static Network fromJson(JsonNode json) {
        RecordFields fields = RecordFields.of(json);
        return builder()
                .id(fields.require("id", RecordFields::text))
                .name(fields.require("name", RecordFields::text))
                .host(fields.find("host", RecordFields::text))
                .spec(fields.find("spec", NetworkSpec::fromJson))
                .removed(fields.find("removed", RecordFields::flag).orElse(false))
                .otherFields(fields.others(Set.of("id", "name", "host", "spec", "removed")))
                .build();
    }

    /** The record as stored. */
    @Override
    default JsonNode toJson() {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        json.put("id", id());
        json.put("name", name());
        host().ifPresent(host -> json.put("host", host));
        spec().ifPresent(spec -> json.set("spec", spec.toJson()));
        if (removed()) {
            json.put("removed", true);
        }
        json.setAll(otherFields());
        return json;
    }

    /** A new, empty builder. */
    static Builder builder() {
        return new Builder();
    }

    /** Builds a network; id and name are required. */
    final class Builder extends ImmutableNetwork.Builder {}
}
