package io.calico.model;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.calico.model.json.CalicoStyle;
import io.calico.model.json.JsonRecord;
import io.calico.model.json.RecordFields;
import io.calico.model.rule.Rule;
import io.calico.model.rule.RuleCheck;
import java.util.List;
import java.util.Optional;
import org.immutables.value.Value;

/**
 * The two rule lists of a profile, as stored at its {@code rules} key:
 *
 * <pre>{"id":"web","inbound_rules":[{"action":"allow","src_tag":"web"}],"outbound_rules":[{"action":"allow"}]}</pre>
 *
 * Immutable.
 */
@Value.Immutable
@CalicoStyle
public interface ProfileRules extends JsonRecord, WithProfileRules {
    /** Name of the profile; old records may lack it. */
    Optional<String> id();

    /** Rules for traffic towards the workload; the first that matches decides. */
    List<Rule> inbound();

    /** Rules for traffic from the workload; the first that matches decides. */
    List<Rule> outbound();

    /**
     * Why no dataplane may apply these rules, naming the first bad one by list and position (from 1); empty if all are
     * fine. The profile then counts as missing.
     */
    default Optional<String> invalidReason() {
        return firstInvalid("inbound_rules", inbound()).or(() -> firstInvalid("outbound_rules", outbound()));
    }

    private static Optional<String> firstInvalid(String field, List<Rule> rules) {
        for (int i = 0; i < rules.size(); i++) {
            Optional<String> reason = RuleCheck.forDataplane(rules.get(i));
            if (reason.isPresent()) {
                return Optional.of("rule " + (i + 1) + " in " + field + ": " + reason.get());
            }
        }
        return Optional.empty();
    }

    /**
     * The rules of a stored record.
     *
     * @throws IllegalArgumentException if a list is missing or a rule cannot be read
     */
    static ProfileRules fromJson(JsonNode json) {
        RecordFields fields = RecordFields.of(json);
        return builder()
                .id(fields.find("id", RecordFields::text))
                .inbound(rules(fields, "inbound_rules"))
                .outbound(rules(fields, "outbound_rules"))
                .build();
    }

    private static List<Rule> rules(RecordFields fields, String field) {
        if (!fields.has(field)) {
            throw new IllegalArgumentException("field '" + field + "' is missing");
        }
        return fields.list(field, Rule::fromJson);
    }

    /** The record as stored. */
    @Override
    default JsonNode toJson() {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        id().ifPresent(id -> json.put("id", id));
        json.set("inbound_rules", array(inbound()));
        json.set("outbound_rules", array(outbound()));
        return json;
    }

    private static ArrayNode array(List<Rule> rules) {
        ArrayNode array = JsonNodeFactory.instance.arrayNode(rules.size());
        rules.forEach(rule -> array.add(rule.toJson()));
        return array;
    }

    /** A new, empty builder. */
    static Builder builder() {
        return new Builder();
    }

    /** Builds the rules of a profile; lists are empty unless filled. */
    final class Builder extends ImmutableProfileRules.Builder {}
}
