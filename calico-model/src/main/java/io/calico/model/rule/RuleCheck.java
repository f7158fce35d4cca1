package io.calico.model.rule;

import io.calico.model.net.IpNet;
import io.calico.model.net.IpVersion;
import java.util.List;
import java.util.Optional;

/** Whether a rule that could be read can also be used. */
public final class RuleCheck {
    /** 255 is 'any' to some dataplanes, so nobody may write it. */
    static final int HIGHEST_WRITABLE_ICMP_NUMBER = 254;

    private RuleCheck() {}

    /**
     * Why no dataplane may apply the rule; empty if it is fine. One such rule makes the rules of its profile invalid as a
     * whole, and the profile then counts as missing.
     */
    public static Optional<String> forDataplane(Rule rule) {
        return firstOf(
                () -> unknownField(rule),
                () -> badTag("src_tag", rule.srcTag()),
                () -> badTag("dst_tag", rule.dstTag()),
                () -> misplacedPorts(rule),
                () -> misplacedIcmp(rule),
                () -> versionConflict(rule));
    }

    /**
     * Why no operator may write the rule; empty if it is fine. Refuses all that {@link #forDataplane} refuses, and what
     * the rule language cannot say: other protocols than tcp, udp, icmp and icmpv6, an IP version, ICMP number 255; and
     * networks of different families.
     */
    public static Optional<String> forUpdate(Rule rule) {
        return firstOf(() -> notWritable(rule), () -> forDataplane(rule), () -> netsOfDifferentFamilies(rule));
    }

    private interface Check {
        Optional<String> reason();
    }

    private static Optional<String> firstOf(Check... checks) {
        for (Check check : checks) {
            Optional<String> reason = check.reason();
            if (reason.isPresent()) {
                return reason;
            }
        }
        return Optional.empty();
    }

    private static Optional<String> unknownField(Rule rule) {
        return rule.otherFields().isEmpty()
                ? Optional.empty()
                : Optional.of("unknown field '" + rule.otherFields().firstKey() + "'");
    }

    private static Optional<String> badTag(String field, Optional<String> tag) {
        return tag.filter(name -> !NameSyntax.isValid(name))
                .map(name -> field + " '" + name
                        + "' is not a name: only numbers, letters, dots, dashes and underscores are allowed");
    }

    private static Optional<String> misplacedPorts(Rule rule) {
        boolean hasPorts = !rule.srcPorts().isEmpty() || !rule.dstPorts().isEmpty();
        if (!hasPorts || rule.protocol().filter(Protocol::hasPorts).isPresent()) {
            return Optional.empty();
        }
        String field = rule.srcPorts().isEmpty() ? "dst_ports" : "src_ports";
        return Optional.of(
                field + " needs a protocol that has ports, such as tcp or udp, not " + shown(rule.protocol()));
    }

    private static Optional<String> misplacedIcmp(Rule rule) {
        if (rule.icmpType().isEmpty() && rule.icmpCode().isEmpty()) {
            return Optional.empty();
        }
        if (rule.icmpType().isEmpty()) {
            return Optional.of("icmp_code without icmp_type");
        }
        return rule.protocol().filter(Protocol::isIcmp).isPresent()
                ? Optional.empty()
                : Optional.of("icmp_type needs protocol icmp or icmpv6, not " + shown(rule.protocol()));
    }

    private static String shown(Optional<Protocol> protocol) {
        return protocol.map(Protocol::toString).orElse("no protocol");
    }

    private static Optional<String> versionConflict(Rule rule) {
        Optional<IpVersion> ofProtocol = rule.protocol().flatMap(Protocol::ipVersion);
        if (rule.ipVersion().isPresent()) {
            IpVersion version = rule.ipVersion().get();
            if (ofProtocol.isPresent() && ofProtocol.get() != version) {
                return Optional.of("protocol " + shown(rule.protocol()) + " with ip_version " + version.number());
            }
        }
        return firstOf(
                () -> netConflict("src_net", rule.srcNet(), rule.ipVersion()),
                () -> netConflict("dst_net", rule.dstNet(), rule.ipVersion()));
    }

    private static Optional<String> netConflict(String field, Optional<IpNet> net, Optional<IpVersion> version) {
        return net.isPresent() && version.isPresent() && net.get().version() != version.get()
                ? Optional.of(field + " " + net.get() + " with ip_version "
                        + version.get().number())
                : Optional.empty();
    }

    private static Optional<String> notWritable(Rule rule) {
        if (rule.ipVersion().isPresent()) {
            return Optional.of("unknown field 'ip_version'");
        }
        if (rule.protocol().isPresent()
                && !Protocol.WRITABLE.contains(rule.protocol().get())) {
            return Optional.of("protocol " + rule.protocol().get() + " is not one of tcp, udp, icmp and icmpv6");
        }
        return firstOf(() -> tooHigh("icmp_type", rule.icmpType()), () -> tooHigh("icmp_code", rule.icmpCode()));
    }

    private static Optional<String> tooHigh(String field, Optional<Integer> number) {
        return number.filter(n -> n > HIGHEST_WRITABLE_ICMP_NUMBER).map(n -> field + " " + n + " is not in 0-254");
    }

    private static Optional<String> netsOfDifferentFamilies(Rule rule) {
        Optional<IpVersion> version = rule.protocol().flatMap(Protocol::ipVersion);
        for (Optional<IpNet> net : List.of(rule.srcNet(), rule.dstNet())) {
            if (net.isPresent()) {
                if (version.isPresent() && net.get().version() != version.get()) {
                    return Optional.of("src_net, dst_net and protocol are of different IP versions");
                }
                version = Optional.of(net.get().version());
            }
        }
        return Optional.empty();
    }
}
