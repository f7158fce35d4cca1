package io.calico.model.rule;

import io.calico.model.json.RecordFields;
import io.calico.model.net.IpNet;
import io.calico.model.net.IpVersion;
import io.calico.model.net.PortRange;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
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
    /** 255 is 'any' to some dataplanes, so nobody can write it. */
    private static final int HIGHEST_ICMP_NUMBER = 254;

    private final List<String> args;
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
        return new RuleParser(args).rule().check();
    }

    /** The words of a rule in the places where the grammar has them, values not yet looked at. */
    private static final class Words {
        RuleAction action = RuleAction.ALLOW;

        @Nullable
        Protocol protocol;

        @Nullable
        String icmpType;

        @Nullable
        String icmpCode;

        Side from = new Side();
        Side to = new Side();

        Rule check() {
            return new RuleValues(this).rule();
        }
    }

    private static final class Side {
        @Nullable
        String ports;

        @Nullable
        String tag;

        @Nullable
        String cidr;
    }

    private Words rule() {
        for (String arg : args) {
            if (arg.startsWith("-")) {
                throw new RuleSyntaxException("'" + arg + "' is not part of a rule: it starts with '-'");
            }
        }
        Words words = new Words();
        words.action = action();
        words.protocol = protocol();
        boolean ports = words.protocol != null && !words.protocol.isIcmp();
        if (words.protocol != null && words.protocol.isIcmp() && accept("type")) {
            words.icmpType = value("type");
            if (accept("code")) {
                words.icmpCode = value("code");
            }
        }
        if (accept("from")) {
            words.from = side(ports);
        }
        if (accept("to")) {
            words.to = side(ports);
        }
        if (at < args.size()) {
            throw unexpected("the end of the rule, or a keyword that may stand here");
        }
        return words;
    }

    private RuleAction action() {
        Optional<RuleAction> action = at < args.size() ? RuleAction.tryParse(args.get(at)) : Optional.empty();
        at++;
        return action.orElseThrow(() -> {
            at--;
            return unexpected("'allow' or 'deny'");
        });
    }

    private @Nullable Protocol protocol() {
        if (accept("tcp")) {
            return Protocol.TCP;
        }
        if (accept("udp")) {
            return Protocol.UDP;
        }
        if (accept("icmp")) {
            return Protocol.ICMP;
        }
        return accept("icmpv6") ? Protocol.ICMPV6 : null;
    }

    private Side side(boolean ports) {
        Side side = new Side();
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
        boolean found = at < args.size() && args.get(at).equals(keyword);
        if (found) {
            at++;
        }
        return found;
    }

    private String value(String keyword) {
        if (at == args.size()) {
            throw new RuleSyntaxException("'" + keyword + "' needs a value after it");
        }
        return args.get(at++);
    }

    private RuleSyntaxException unexpected(String expected) {
        String found = at < args.size() ? "'" + args.get(at) + "'" : "nothing";
        return new RuleSyntaxException(
                "found " + found + " as word " + (at + 1) + " of the rule, expected " + expected);
    }

    /** The second half: turns words into values and collects what is wrong with them. */
    private static final class RuleValues {
        private final Words words;
        private boolean badTag;
        private boolean badCidr;
        private boolean badIcmp;
        private boolean badPorts;

        RuleValues(Words words) {
            this.words = words;
        }

        Rule rule() {
            Rule.Builder rule = Rule.builder().action(words.action);
            rule.protocol(Optional.ofNullable(words.protocol));
            rule.srcTag(tag(words.from.tag)).dstTag(tag(words.to.tag));
            Optional<IpNet> srcNet = net(words.from.cidr);
            Optional<IpNet> dstNet = net(words.to.cidr);
            rule.srcNet(srcNet).dstNet(dstNet);
            rule.icmpType(icmp(words.icmpType)).icmpCode(icmp(words.icmpCode));
            rule.srcPorts(ports(words.from.ports)).dstPorts(ports(words.to.ports));

            List<String> messages = new ArrayList<>();
            if (badTag) {
                messages.add(NameSyntax.TAG_MESSAGE);
            }
            if (badCidr) {
                messages.add("Invalid CIDR specified.");
            }
            if (badIcmp) {
                messages.add("Invalid ICMP type or ICMP code specified.");
            }
            if (badPorts) {
                messages.add("Invalid SRCPORTS or DSTPORTS specified.");
            }
            if (badCidr || !versionsAgree(srcNet, dstNet)) {
                messages.add("Invalid or unmatching IP versions for SRCCIDR/DSTCIDR.");
            }
            if (!messages.isEmpty()) {
                throw new RuleValueException(messages);
            }
            return rule.build();
        }

        private Optional<String> tag(@Nullable String name) {
            badTag |= name != null && !NameSyntax.isValid(name);
            return Optional.ofNullable(name);
        }

        private Optional<IpNet> net(@Nullable String text) {
            Optional<IpNet> net = text == null ? Optional.empty() : IpNet.tryParse(text);
            badCidr |= text != null && net.isEmpty();
            return net;
        }

        private Optional<Integer> icmp(@Nullable String digits) {
            if (digits == null) {
                return Optional.empty();
            }
            OptionalInt number = RecordFields.decimal(digits);
            if (number.isEmpty() || number.getAsInt() > HIGHEST_ICMP_NUMBER) {
                badIcmp = true;
                return Optional.empty();
            }
            return Optional.of(number.getAsInt());
        }

        private List<PortRange> ports(@Nullable String text) {
            if (text == null) {
                return List.of();
            }
            List<PortRange> ports = new ArrayList<>();
            for (String item : text.split(",", -1)) {
                Optional<PortRange> range = PortRange.tryParse(item);
                badPorts |= range.isEmpty();
                range.ifPresent(ports::add);
            }
            return ports;
        }

        private boolean versionsAgree(Optional<IpNet> srcNet, Optional<IpNet> dstNet) {
            @Nullable
            IpVersion required = Protocol.ICMP.equals(words.protocol)
                    ? IpVersion.V4
                    : Protocol.ICMPV6.equals(words.protocol) ? IpVersion.V6 : null;
            for (Optional<IpNet> net : List.of(srcNet, dstNet)) {
                if (net.isPresent()) {
                    if (required != null && net.get().version() != required) {
                        return false;
                    }
                    required = net.get().version();
                }
            }
            return true;
        }
    }
}
