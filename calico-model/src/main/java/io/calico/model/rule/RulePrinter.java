package io.calico.model.rule;

import io.calico.model.net.IpNet;
import io.calico.model.net.PortRange;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;

/**
 * Writes a rule as canonical text: what {@link RuleParser} reads, split at blanks, and gives the same rule. What the rule
 * language cannot say is shown all the same: other protocols by name or number, the rest in parentheses at the end.
 */
public final class RulePrinter {
    private RulePrinter() {}

    /** The canonical text; tags as stored. */
    public static String print(Rule rule) {
        return print(rule, UnaryOperator.identity());
    }

    /** The canonical text with each tag as {@code tagName} shows it. */
    public static String print(Rule rule, UnaryOperator<String> tagName) {
        StringBuilder text = new StringBuilder(rule.action().text());
        rule.protocol().ifPresent(protocol -> text.append(' ').append(protocol));
        rule.icmpType().ifPresent(type -> text.append(" type ").append(type));
        rule.icmpCode().ifPresent(code -> text.append(" code ").append(code));
        appendSide(text, " from", rule.srcPorts(), rule.srcTag().map(tagName), rule.srcNet());
        appendSide(text, " to", rule.dstPorts(), rule.dstTag().map(tagName), rule.dstNet());
        rule.ipVersion()
                .ifPresent(
                        version -> text.append(" (IPv").append(version.number()).append(" only)"));
        if (!rule.otherFields().isEmpty()) {
            text.append(" (unknown: ")
                    .append(String.join(", ", rule.otherFields().keySet()))
                    .append(')');
        }
        return text.toString();
    }

    private static void appendSide(
            StringBuilder text, String keyword, List<PortRange> ports, Optional<String> tag, Optional<IpNet> net) {
        if (ports.isEmpty() && tag.isEmpty() && net.isEmpty()) {
            return;
        }
        text.append(keyword);
        if (!ports.isEmpty()) {
            text.append(" ports ")
                    .append(ports.stream().map(PortRange::toString).collect(Collectors.joining(",")));
        }
        tag.ifPresent(name -> text.append(" tag ").append(name));
        net.ifPresent(cidr -> text.append(" cidr ").append(cidr));
    }
}
