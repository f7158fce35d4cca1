package io.calico.ctl;

import io.calico.datastore.spi.DatastoreException;
import io.calico.model.Names;
import io.calico.model.Profile;
import io.calico.model.ProfileRules;
import io.calico.model.json.ModelJson;
import io.calico.model.rule.Rule;
import io.calico.model.rule.RuleParser;
import io.calico.model.rule.RulePrinter;
import io.calico.model.rule.RuleSyntaxException;
import io.calico.model.rule.RuleValueException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.UnaryOperator;

/** The forms of {@code calicoctl profile} that show and change rules. */
final class ProfileRuleForms {
    private static final String RULE = "RULE";
    private static final String AT = "--at";
    private static final String DIRECTION = "(inbound|outbound)";

    private ProfileRuleForms() {}

    static List<Form> forms() {
        return List.of(
                Form.of("PROFILE rule add " + DIRECTION + " [--at=POSITION] RULE...", ProfileRuleForms::add),
                Form.of("PROFILE rule remove " + DIRECTION + " --at=POSITION", ProfileRuleForms::removeAt),
                Form.of("PROFILE rule remove " + DIRECTION + " RULE...", ProfileRuleForms::removeRule),
                Form.of("PROFILE rule show [--names]", ProfileRuleForms::show),
                Form.of("PROFILE rule json", ProfileRuleForms::json),
                Form.of("PROFILE rule update", RuleUpdate::run));
    }

    private static ExitStatus add(Arguments arguments, Session session) {
        Rule rule = parse(arguments, session);
        String profile = ProfileCommand.requireProfile(arguments, session);
        Rule resolved = resolved(rule, new NameLookup(session.store()));
        OptionalInt position = position(arguments);
        List<String> said = new ArrayList<>();
        update(profile, arguments, session, rules -> {
            said.clear();
            List<Rule> list = new ArrayList<>(list(rules, arguments));
            int at = position.orElse(list.size() + 1);
            if (at < 1 || at > list.size() + 1) {
                said.add("Position " + at + " is out-of-range.");
            }
            if (list.contains(resolved)) {
                said.add("Rule already present, skipping.");
                return rules;
            }
            list.add(Math.max(0, Math.min(at - 1, list.size())), resolved);
            return withList(rules, arguments, list);
        });
        said.forEach(session.console()::line);
        return ExitStatus.DONE;
    }

    private static ExitStatus removeAt(Arguments arguments, Session session) {
        if (!ProfileCommand.hasValidName(arguments, session)) {
            return ExitStatus.FAILED;
        }
        int position = position(arguments).orElseThrow();
        String profile = ProfileCommand.requireProfile(arguments, session);
        boolean[] removed = new boolean[1];
        update(profile, arguments, session, rules -> {
            List<Rule> list = new ArrayList<>(list(rules, arguments));
            removed[0] = position >= 1 && position <= list.size();
            if (!removed[0]) {
                return rules;
            }
            list.remove(position - 1);
            return withList(rules, arguments, list);
        });
        if (!removed[0]) {
            throw CommandFailure.refused("Rule position out-of-range.");
        }
        return ExitStatus.DONE;
    }

    private static ExitStatus removeRule(Arguments arguments, Session session) {
        Rule rule = parse(arguments, session);
        String profile = ProfileCommand.requireProfile(arguments, session);
        Rule resolved = resolved(rule, new NameLookup(session.store()));
        boolean[] removed = new boolean[1];
        update(profile, arguments, session, rules -> {
            List<Rule> list = new ArrayList<>(list(rules, arguments));
            // As typed first: it may have been stored before a network had that name.
            removed[0] = list.remove(rule) || list.remove(resolved);
            return removed[0] ? withList(rules, arguments, list) : rules;
        });
        if (!removed[0]) {
            throw CommandFailure.refused("Rule not found.");
        }
        return ExitStatus.DONE;
    }

    /** The rule given; says everything that is wrong with the arguments before it fails. */
    private static Rule parse(Arguments arguments, Session session) {
        Rule rule = Rule.builder().build();
        List<String> messages = List.of();
        try {
            rule = RuleParser.parse(arguments.values(RULE));
        } catch (RuleSyntaxException e) {
            throw session.usageError("Not a rule: " + e.getMessage());
        } catch (RuleValueException e) {
            messages = e.messages();
        }
        boolean valid = ProfileCommand.hasValidName(arguments, session);
        for (String message : messages) {
            // Of all messages about values only the one about names is a paragraph.
            if (message.equals(Names.TAG_MESSAGE)) {
                session.console().paragraph(message);
            } else {
                session.console().line(message);
            }
        }
        if (!valid || !messages.isEmpty()) {
            throw CommandFailure.silent();
        }
        return rule;
    }

    /** The position given; positions beyond every list are all the same. */
    private static OptionalInt position(Arguments arguments) {
        Optional<String> given = arguments.option(AT);
        if (given.isEmpty()) {
            return OptionalInt.empty();
        }
        try {
            return OptionalInt.of(Integer.parseInt(given.get()));
        } catch (NumberFormatException e) {
            throw CommandFailure.refused("Invalid position '" + given.get() + "'.");
        }
    }

    /** The rule with the stored names of the tags that its words stand for. */
    static Rule resolved(Rule rule, NameLookup names) {
        return rule.withSrcTag(rule.srcTag().map(names::tag))
                .withDstTag(rule.dstTag().map(names::tag));
    }

    private static List<Rule> list(ProfileRules rules, Arguments arguments) {
        return arguments.has("inbound") ? rules.inbound() : rules.outbound();
    }

    private static ProfileRules withList(ProfileRules rules, Arguments arguments, List<Rule> list) {
        return arguments.has("inbound") ? rules.withInbound(list) : rules.withOutbound(list);
    }

    /** Changes the rules of a profile that may be gone by now. */
    static void update(String profile, Arguments arguments, Session session, UnaryOperator<ProfileRules> change) {
        try {
            session.store().profiles().updateRules(profile, change);
        } catch (DatastoreException.NotFound e) {
            throw ProfileCommand.notFound(arguments);
        }
    }

    private static ProfileRules rules(Arguments arguments, Session session) {
        String name = ProfileCommand.requireProfile(arguments, session);
        Profile profile = session.store().profiles().find(name).orElseThrow(() -> ProfileCommand.notFound(arguments));
        ProfileRules rules =
                profile.rules().orElseGet(() -> ProfileRules.builder().build());
        return rules.id().isPresent() ? rules : rules.withId(name);
    }

    private static ExitStatus show(Arguments arguments, Session session) {
        ProfileRules rules = rules(arguments, session);
        Map<String, String> names =
                arguments.hasOption("--names") ? new NameLookup(session.store()).networkNames() : Map.of();
        print("Inbound rules:", rules.inbound(), names, session.console());
        print("Outbound rules:", rules.outbound(), names, session.console());
        return ExitStatus.DONE;
    }

    private static void print(String heading, List<Rule> rules, Map<String, String> names, Console console) {
        console.line(heading);
        for (int i = 0; i < rules.size(); i++) {
            String number = Integer.toString(i + 1);
            String text = RulePrinter.print(rules.get(i), tag -> names.getOrDefault(tag, tag));
            console.line(" " + " ".repeat(Math.max(0, 3 - number.length())) + number + " " + text);
        }
    }

    private static ExitStatus json(Arguments arguments, Session session) {
        session.console().line(ModelJson.writeIndented(rules(arguments, session)));
        session.console().line("");
        return ExitStatus.DONE;
    }
}
