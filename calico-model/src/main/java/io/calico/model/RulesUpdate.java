package io.calico.model;

import com.fasterxml.jackson.databind.JsonNode;
import io.calico.model.json.ModelJson;
import io.calico.model.json.RecordFields;
import io.calico.model.rule.Rule;
import io.calico.model.rule.RuleCheck;
import java.util.ArrayList;
import java.util.List;

/**
 * Reads the rules that an operator writes: stricter than reading a stored record, since whatever the dataplane cannot apply
 * would cut off every endpoint of the profile. A missing action becomes {@code allow}, null fields and empty port lists are
 * dropped; all else that the rule language cannot say is refused.
 */
public final class RulesUpdate {
    private final List<String> problems = new ArrayList<>();

    private RulesUpdate() {}

    /**
     * The rules of that JSON, for that profile.
     *
     * @param profile the profile's name, which the JSON must hold as its {@code id}
     * @throws RulesUpdateException if anything is wrong; it says all that is
     */
    public static ProfileRules parse(String profile, String json) {
        return new RulesUpdate().rules(profile, tree(json));
    }

    private static JsonNode tree(String json) {
        JsonNode tree;
        try {
            tree = ModelJson.readStrictly(json);
        } catch (IllegalArgumentException e) {
            throw refused("Rules are " + e.getMessage() + ".");
        }
        if (!tree.isObject()) {
            throw refused("Rules are not a JSON object but " + RecordFields.shown(tree) + ".");
        }
        return tree;
    }

    private static RulesUpdateException refused(String message) {
        return new RulesUpdateException(List.of(message));
    }

    private ProfileRules rules(String profile, JsonNode tree) {
        checkId(profile, tree);
        ProfileRules rules = ProfileRules.builder()
                .id(profile)
                .inbound(list(tree, "inbound_rules"))
                .outbound(list(tree, "outbound_rules"))
                .build();
        if (!problems.isEmpty()) {
            throw new RulesUpdateException(problems);
        }
        return rules;
    }

    private void checkId(String profile, JsonNode tree) {
        JsonNode id = tree.path("id");
        if (id.isMissingNode() || id.isNull()) {
            problems.add("Rules JSON has no \"id\".");
        } else if (!id.isTextual() || !id.textValue().equals(profile)) {
            String shown = id.isTextual() ? id.textValue() : RecordFields.shown(id);
            problems.add("Rules JSON \"id\"=" + shown + " doesn't match profile name " + profile + ".");
        }
    }

    private List<Rule> list(JsonNode tree, String field) {
        JsonNode array = tree.path(field);
        List<Rule> rules = new ArrayList<>();
        if (array.isMissingNode() || array.isNull()) {
            problems.add("Rules JSON has no \"" + field + "\".");
        } else if (!array.isArray()) {
            problems.add("Rules JSON \"" + field + "\" is not a list.");
        } else {
            int number = 0;
            for (JsonNode element : array) {
                number++;
                try {
                    rules.add(rule(element));
                } catch (IllegalArgumentException e) {
                    problems.add("Invalid rule " + number + " in " + field + ": " + e.getMessage());
                }
            }
        }
        return rules;
    }

    private static Rule rule(JsonNode json) {
        Rule rule = Rule.fromJson(json);
        JsonNode protocol = json.path("protocol");
        if (protocol.isNumber()
                || protocol.isTextual()
                        && Character.isDigit(protocol.textValue().charAt(0))) {
            // Stored as a number it would be fine, but it could not be read back from the text that shows it.
            throw new IllegalArgumentException(
                    "protocol " + RecordFields.shown(protocol) + " is not one of tcp, udp, icmp and icmpv6");
        }
        RuleCheck.forUpdate(rule).ifPresent(reason -> {
            throw new IllegalArgumentException(reason);
        });
        return rule;
    }
}
