package io.calico.policy;

import io.calico.model.net.IpNet;
import io.calico.model.net.IpVersion;
import io.calico.model.rule.Protocol;
import io.calico.model.rule.Rule;
import io.calico.model.rule.RuleAction;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

/**
 * Turns the rules of one direction of a profile into the compiled form, in order.
 *
 * <pre>
 *   allow tcp to ports 80,81            ─▶  any version: tcp, destination ports 80:81
 *   allow from tag WEB                  ─▶  IPv4: source in (WEB, V4)   and   IPv6: source in (WEB, V6)
 *   allow from cidr 10.0.0.0/8          ─▶  IPv4: source in 10.0.0.0/8
 *   allow icmp from cidr fd00::/8       ─▶  nothing: no packet is both
 *   deny                                ─▶  any version: all; what comes after is never reached, and left out
 * </pre>
 *
 * A condition that holds for one IP version only makes the rule one of that version. It must never be left out for the
 * other version instead: that would make {@code allow from cidr 10.0.0.0/8} accept all of IPv6.
 */
final class RuleCompiler {
    private final List<CompiledRule> compiled = new ArrayList<>();
    /** Versions of which some packet still gets here. */
    private final Set<IpVersion> open = EnumSet.allOf(IpVersion.class);

    private RuleCompiler() {}

    /** The compiled form of these rules, which have passed the check for dataplanes. */
    static List<CompiledRule> compile(String profile, Direction direction, List<Rule> rules) {
        RuleCompiler compiler = new RuleCompiler();
        for (int i = 0; i < rules.size() && !compiler.open.isEmpty(); i++) {
            compiler.add(rules.get(i), new RuleSource(profile, direction, i + 1));
        }
        return List.copyOf(compiler.compiled);
    }

    private void add(Rule rule, RuleSource source) {
        Set<IpVersion> versions = versionsOf(rule);
        versions.retainAll(open);
        Verdict verdict = rule.action() == RuleAction.ALLOW ? Verdict.ALLOW : Verdict.DENY;
        if (versions.size() == IpVersion.values().length && !testsAddresses(rule)) {
            add(new CompiledRule(Optional.empty(), verdict, matches(rule, IpVersion.V4), source));
            return;
        }
        for (IpVersion version : versions) {
            add(new CompiledRule(Optional.of(version), verdict, matches(rule, version), source));
        }
    }

    private void add(CompiledRule rule) {
        compiled.add(rule);
        open.removeIf(rule::decidesAll);
    }

    /** The versions of which a packet could meet all conditions; may be none. */
    private static Set<IpVersion> versionsOf(Rule rule) {
        Set<IpVersion> versions = EnumSet.allOf(IpVersion.class);
        rule.ipVersion().ifPresent(only -> versions.removeIf(version -> version != only));
        rule.srcNet().ifPresent(net -> versions.removeIf(version -> version != net.version()));
        rule.dstNet().ifPresent(net -> versions.removeIf(version -> version != net.version()));
        rule.protocol().ifPresent(protocol -> {
            if (protocol.equals(Protocol.ICMP)) {
                versions.remove(IpVersion.V6);
            } else if (protocol.equals(Protocol.ICMPV6)) {
                versions.remove(IpVersion.V4);
            }
        });
        return versions;
    }

    private static boolean testsAddresses(Rule rule) {
        return rule.srcTag().isPresent()
                || rule.dstTag().isPresent()
                || rule.srcNet().isPresent()
                || rule.dstNet().isPresent();
    }

    /** The rule's conditions for packets of that version, without those which every packet meets. */
    private static List<Match> matches(Rule rule, IpVersion version) {
        List<Match> matches = new ArrayList<>();
        rule.protocol().ifPresent(protocol -> matches.add(new Match.ProtocolIs(protocol)));
        addNetwork(matches, rule.srcNet(), net -> new Match.SourceIn(net.network()));
        addNetwork(matches, rule.dstNet(), net -> new Match.DestinationIn(net.network()));
        rule.srcTag().ifPresent(tag -> matches.add(new Match.SourceHasTag(new TagSet(tag, version))));
        rule.dstTag().ifPresent(tag -> matches.add(new Match.DestinationHasTag(new TagSet(tag, version))));
        if (!rule.srcPorts().isEmpty() && !PortRanges.areAll(rule.srcPorts())) {
            matches.add(new Match.SourcePorts(rule.srcPorts()));
        }
        if (!rule.dstPorts().isEmpty() && !PortRanges.areAll(rule.dstPorts())) {
            matches.add(new Match.DestinationPorts(rule.dstPorts()));
        }
        rule.icmpType().ifPresent(type -> matches.add(new Match.IcmpTypeIs(type)));
        rule.icmpCode().ifPresent(code -> matches.add(new Match.IcmpCodeIs(code)));
        return matches;
    }

    private static void addNetwork(List<Match> matches, Optional<IpNet> net, Function<IpNet, Match> match) {
        if (net.isPresent() && net.get().network().prefixLength() > 0) {
            matches.add(match.apply(net.get()));
        }
    }
}
