package io.calico.model.rule;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Reads a rule from command line arguments, each word one argument:
 *
 * <pre>
 * RULE  = ( "allow" | "deny" ) [ ( "tcp" | "udp" ) | ( "icmp" | "icmpv6" ) [ "type" N [ "code" N ] ] ]
 *         [ "from" SIDE ] [ "to" SIDE ]
 * SIDE  = [ "ports" PORTS ] [ "tag" NAME ] [ "cidr" CIDR ]          (ports with tcp and udp only)
 * PORTS = PORT { "," PORT }       PORT = N | MIN ":" MAX | MIN "-" MAX
 * </pre>
 *
 * The order is fixed; a {@code from} or {@code to} with nothing after it means nothing. A word is a keyword only where the
 * grammar has one, so a tag may be called {@code cidr}. An argument that starts with {@code -} is an option and never part
 * of a rule.
 */
public final class RuleParser {
    private final List<String> args;
    /** Keywords that would have been taken instead of the next word. */
    private final List<String> expected = new ArrayList<>();

    private int at;

    private RuleParser(List<String> args) {
        this.args = args;
    }

    /**
     * The rule that the arguments say.
     *
     * @throws RuleSyntaxException if they do not follow the grammar
     * @throws RuleValueException if they do, but tags, CIDRs, numbers or ports are not allowed
     */
    public static Rule parse(List<String> args) {
        for (String arg : args) {
            if (arg.startsWith("-")) {
                throw new RuleSyntaxException("'" + arg + "' is not part of a rule: it starts with '-'");
            }
        }
        return new RuleValues(new RuleParser(args).words()).rule();
    }

    private RuleWords words() {
        RuleWords words = new RuleWords();
        words.action = action();
        Protocol protocol = protocol();
        words.protocol = protocol;
        boolean icmp = protocol != null && protocol.isIcmp();
        if (icmp && accept("type")) {
            words.icmpType = value("type");
            if (accept("code")) {
                words.icmpCode = value("code");
            }
        }
        boolean ports = protocol != null && protocol.hasPorts();
        if (accept("from")) {
            words.from = side(ports);
        }
        if (accept("to")) {
            words.to = side(ports);
        }
        if (at < args.size()) {
            throw unexpected(" or the end");
        }
        return words;
    }

    private RuleAction action() {
        for (RuleAction action : RuleAction.values()) {
            if (accept(action.text())) {
                return action;
            }
        }
        throw unexpected("");
    }

    private @Nullable Protocol protocol() {
        for (Protocol protocol : Protocol.WRITABLE) {
            if (accept(protocol.toString())) {
                return protocol;
            }
        }
        return null;
    }

    private RuleWords.Side side(boolean ports) {
        RuleWords.Side side = new RuleWords.Side();
        if (ports && accept("ports")) {
            side.ports = value("ports");
        }
        if (accept("tag")) {
            side.tag = value("tag");
        }
        if (accept("cidr")) {
            side.cidr = value("cidr");
        }
        return side;
    }

    private boolean accept(String keyword) {
        if (at < args.size() && args.get(at).equals(keyword)) {
            at++;
            expected.clear();
            return true;
        }
        expected.add("'" + keyword + "'");
        return false;
    }

    private String value(String keyword) {
        if (at == args.size()) {
            throw new RuleSyntaxException("'" + keyword + "' needs a value after it");
        }
        return args.get(at++);
    }

    private RuleSyntaxException unexpected(String orElse) {
        String found = at < args.size() ? "'" + args.get(at) + "'" : "nothing";
        return new RuleSyntaxException("found " + found + " as word " + (at + 1) + " of the rule, expected "
                + String.join(", ", expected) + orElse);
    }
}
