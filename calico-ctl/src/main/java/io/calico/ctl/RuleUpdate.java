package io.calico.ctl;

import io.calico.model.ProfileRules;
import io.calico.model.RulesUpdate;
import io.calico.model.RulesUpdateException;
import io.calico.model.rule.Rule;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** {@code profile PROFILE rule update}: replaces all rules by those on standard input. Strict: nothing bad is stored. */
final class RuleUpdate {
    private RuleUpdate() {}

    static ExitStatus run(Arguments arguments, Session session) {
        String profile = ProfileCommand.requireProfile(arguments, session);
        String given = arguments.value("PROFILE");
        ProfileRules rules;
        try {
            rules = parse(profile, given, read(session));
        } catch (RulesUpdateException e) {
            e.messages().forEach(session.console()::line);
            return ExitStatus.FAILED;
        }
        NameLookup names = new NameLookup(session.store());
        ProfileRules resolved = ProfileRules.builder()
                .id(profile)
                .inbound(resolved(rules.inbound(), names))
                .outbound(resolved(rules.outbound(), names))
                .build();
        ProfileRuleForms.update(profile, arguments, session, old -> resolved);
        session.console().line("Successfully updated rules on profile " + given);
        return ExitStatus.DONE;
    }

    private static String read(Session session) {
        try {
            return new String(session.in().readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw CommandFailure.error("cannot read the rules from standard input: " + e.getMessage());
        }
    }

    /** The id may be the name under which the profile is stored, or the name given that stands for it. */
    private static ProfileRules parse(String profile, String given, String json) {
        if (given.equals(profile)) {
            return RulesUpdate.parse(profile, json);
        }
        try {
            return RulesUpdate.parse(profile, json);
        } catch (RulesUpdateException e) {
            return RulesUpdate.parse(given, json);
        }
    }

    private static List<Rule> resolved(List<Rule> rules, NameLookup names) {
        return rules.stream()
                .map(rule -> ProfileRuleForms.resolved(rule, names))
                .toList();
    }
}
