package io.calico.dataplane.linux.nft;

import static io.calico.dataplane.linux.nft.Rule.when;

import io.calico.dataplane.linux.nft.Field.Plain;
import io.calico.model.net.Cidr;
import io.calico.model.net.IpVersion;
import io.calico.model.net.PortRange;
import io.calico.model.rule.Protocol;
import io.calico.policy.CompiledProfile;
import io.calico.policy.CompiledRule;
import io.calico.policy.Direction;
import io.calico.policy.Match;
import io.calico.policy.ProfileList;
import io.calico.policy.TagSet;
import io.calico.policy.Verdict;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Names and rules of the chains that policy makes: two for each profile, two for each list of profiles, and the sets of
 * tags' members. A list's chain is entered for good and jumps to its profiles in order; what no profile decides it drops.
 */
final class ProfileChains {
    private ProfileChains() {}

    static String chainOf(String profile, Direction direction) {
        return "p-" + NftNames.ofId(profile) + suffix(direction);
    }

    static String chainOf(ProfileList list, Direction direction) {
        return "l-" + NftNames.ofIds(list.ids()) + suffix(direction);
    }

    private static String suffix(Direction direction) {
        return direction == Direction.INBOUND ? "-in" : "-out";
    }

    static String setOf(TagSet tag) {
        return (tag.version() == IpVersion.V4 ? "t4_" : "t6_") + NftNames.ofId(tag.tag());
    }

    static SetType typeOf(TagSet tag) {
        return SetType.setOf(tag.version() == IpVersion.V4 ? SetType.Part.IPV4_ADDRESS : SetType.Part.IPV6_ADDRESS);
    }

    static List<Rule> rulesOf(ProfileList list, Direction direction) {
        List<Rule> rules = new ArrayList<>();
        for (String profile : list.ids()) {
            rules.add(when().then(NftVerdict.jump(chainOf(profile, direction))));
        }
        rules.add(when().countedDrop("no profile matched"));
        return List.copyOf(rules);
    }

    static List<Rule> rulesOf(CompiledProfile profile, Direction direction) {
        if (profile.missing()) {
            return List.of(when().countedDrop("missing profile"));
        }
        return profile.rules(direction).stream().map(r -> ruleOf(r, direction)).toList();
    }

    private static Rule ruleOf(CompiledRule rule, Direction direction) {
        Conditions conditions = new Conditions(rule.version(), protocolOf(rule));
        rule.matches().forEach(match -> match.accept(conditions));
        List<Statement> statements = conditions.complete();
        if (rule.verdict() == Verdict.ALLOW) {
            String next = direction == Direction.INBOUND ? Layout.ACCEPTED : Layout.OUTBOUND_ACCEPTED;
            statements.add(new Statement.Decide(NftVerdict.goTo(next)));
        } else {
            statements.add(new Statement.Count());
            statements.add(new Statement.Decide(NftVerdict.DROP));
        }
        return new Rule(statements, "rule " + rule.source().number());
    }

    private static @Nullable Protocol protocolOf(CompiledRule rule) {
        for (Match match : rule.matches()) {
            if (match instanceof Match.ProtocolIs is) {
                return is.protocol();
            }
        }
        return null;
    }

    /** Collects what a rule compares, and keeps in mind whether that already tells version and protocol. */
    private static final class Conditions implements Match.Visitor<Conditions> {
        private final Optional<IpVersion> version;
        private final @Nullable Protocol protocol;
        private final List<Statement> statements = new ArrayList<>();
        private boolean versionTold;
        private boolean protocolTold;

        Conditions(Optional<IpVersion> version, @Nullable Protocol protocol) {
            this.version = version;
            this.protocol = protocol;
        }

        /** All comparisons, a new list; first those of version and protocol that no other one implies. */
        List<Statement> complete() {
            List<Statement> complete = new ArrayList<>();
            if (version.isPresent() && !versionTold) {
                Datum word = version.get() == IpVersion.V4 ? Datum.Word.IPV4 : Datum.Word.IPV6;
                complete.add(new Statement.Compare(Plain.IP_VERSION, false, List.of(word)));
            }
            if (protocol != null && !protocolTold) {
                complete.add(new Statement.Compare(Plain.PROTOCOL, false, List.of(Datum.number(protocol.number()))));
            }
            complete.addAll(statements);
            return complete;
        }

        @Override
        public Conditions protocolIs(Protocol ignored) {
            return this;
        }

        @Override
        public Conditions sourceIn(Cidr network) {
            return network(Layout.source(network.version()), network);
        }

        @Override
        public Conditions destinationIn(Cidr network) {
            return network(Layout.destination(network.version()), network);
        }

        private Conditions network(Field field, Cidr network) {
            // Every address of the version is inside of a network without a prefix: only the version is to be compared.
            if (network.prefixLength() > 0) {
                versionTold = true;
                statements.add(new Statement.Compare(field, false, List.of(new Datum.Network(network))));
            }
            return this;
        }

        @Override
        public Conditions sourceHasTag(TagSet tag) {
            return tag(Layout.source(tag.version()), tag);
        }

        @Override
        public Conditions destinationHasTag(TagSet tag) {
            return tag(Layout.destination(tag.version()), tag);
        }

        private Conditions tag(Field field, TagSet tag) {
            versionTold = true;
            statements.add(new Statement.InSet(List.of(field), false, setOf(tag)));
            return this;
        }

        @Override
        public Conditions sourcePorts(List<PortRange> ranges) {
            return ports(true, ranges);
        }

        @Override
        public Conditions destinationPorts(List<PortRange> ranges) {
            return ports(false, ranges);
        }

        private Conditions ports(boolean source, List<PortRange> ranges) {
            if (protocol == null) {
                throw new IllegalArgumentException("a rule has ports and no protocol");
            }
            protocolTold = true;
            List<Datum> values = ranges.stream().<Datum>map(Datum.Ports::new).toList();
            statements.add(new Statement.Compare(new Field.Port(protocol, source), false, values));
            return this;
        }

        @Override
        public Conditions icmpTypeIs(int type) {
            return icmp(Plain.ICMP_TYPE, Plain.ICMPV6_TYPE, type);
        }

        @Override
        public Conditions icmpCodeIs(int code) {
            return icmp(Plain.ICMP_CODE, Plain.ICMPV6_CODE, code);
        }

        private Conditions icmp(Field v4, Field v6, int value) {
            if (!Protocol.ICMP.equals(protocol) && !Protocol.ICMPV6.equals(protocol)) {
                throw new IllegalArgumentException("a rule of protocol " + protocol + " has an ICMP type or code");
            }
            versionTold = true;
            protocolTold = true;
            Field field = Protocol.ICMP.equals(protocol) ? v4 : v6;
            statements.add(new Statement.Compare(field, false, List.of(Datum.number(value))));
            return this;
        }
    }
}
