package io.calico.model;

import io.calico.model.json.CalicoStyle;
import io.calico.model.rule.Rule;
import io.calico.model.rule.RuleAction;
import java.util.List;
import java.util.Optional;
import org.immutables.value.Value;

/**
 * A named list of tags and rules that endpoints refer to. Stored as two records, {@code tags} and {@code rules}, so it has
 * no JSON form of its own. Immutable.
 */
@Value.Immutable
@CalicoStyle
public interface Profile extends WithProfile {
    /** Its name: a valid name as of {@link Names#isValidName}, unless it comes from a foreign store. */
    String name();

    /** Tags that every endpoint with this profile carries, in stored order. */
    List<String> tags();

    /** Its rules; empty if the record is missing, and then traffic that reaches this profile is dropped. */
    Optional<ProfileRules> rules();

    /**
     * A new profile: tag and name are the same; whoever carries the tag may come in, everything may go out.
     */
    static Profile defaults(String name) {
        ProfileRules rules = ProfileRules.builder()
                .id(name)
                .addInbound(Rule.builder().action(RuleAction.ALLOW).srcTag(name).build())
                .addOutbound(Rule.builder().action(RuleAction.ALLOW).build())
                .build();
        return builder().name(name).addTags(name).rules(rules).build();
    }

    /** A new, empty builder. */
    static Builder builder() {
        return new Builder();
    }

    /** Builds a profile; the name is required. */
    final class Builder extends ImmutableProfile.Builder {}
}
