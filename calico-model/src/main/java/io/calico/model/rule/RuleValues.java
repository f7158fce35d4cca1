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

/** Makes the words of a rule a rule, and collects what is wrong with its values. Used once, by one thread. */
final class RuleValues {
    private final RuleWords words;
    private boolean badTag;
    private boolean badCidr;
    private boolean badIcmp;
    private boolean badPorts;

    RuleValues(RuleWords words) {
        this.words = words;
    }

    /**
     * The rule that the words say.
     *
     * @throws RuleValueException if a value is not allowed
     */
    Rule rule() {
        Optional<IpNet> srcNet = net(words.from.cidr);
        Optional<IpNet> dstNet = net(words.to.cidr);
        Rule rule = Rule.builder()
                .action(words.action)
                .protocol(Optional.ofNullable(words.protocol))
                .srcTag(tag(words.from.tag))
                .dstTag(tag(words.to.tag))
                .srcNet(srcNet)
                .dstNet(dstNet)
                .icmpType(icmp(words.icmpType))
                .icmpCode(icmp(words.icmpCode))
                .srcPorts(ports(words.from.ports))
                .dstPorts(ports(words.to.ports))
                .build();
        List<String> messages = messages(badCidr || !versionsAgree(srcNet, dstNet));
        if (!messages.isEmpty()) {
            throw new RuleValueException(messages);
        }
        return rule;
    }

    private List<String> messages(boolean badVersions) {
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
        if (badVersions) {
            messages.add("Invalid or unmatching IP versions for SRCCIDR/DSTCIDR.");
        }
        return messages;
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
        if (number.isEmpty() || number.getAsInt() > RuleCheck.HIGHEST_WRITABLE_ICMP_NUMBER) {
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
        Optional<IpVersion> required = Optional.ofNullable(words.protocol).flatMap(Protocol::ipVersion);
        for (Optional<IpNet> net : List.of(srcNet, dstNet)) {
            if (net.isPresent()) {
                if (required.isPresent() && net.get().version() != required.get()) {
                    return false;
                }
                required = Optional.of(net.get().version());
            }
        }
        return true;
    }
}
