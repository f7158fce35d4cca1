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
import java.util.stream.Stream;
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
        return profile.rules(direction).stream()
                .flatMap(rule -> rulesOf(rule, direction).stream())
                .toList();
    }

    /** One, or several if ports are compared with more than one range ({@link Statement.Compare} tells why). */
    private static List<Rule> rulesOf(CompiledRule rule, Direction direction) {
        Conditions conditions = new Conditions(rule.version(), protocolOf(rule));
        rule.matches().forEach(match -> match.accept(conditions));
        List<Statement> decision = new ArrayList<>();
        if (rule.verdict() == Verdict.ALLOW) {
            String next = direction == Direction.INBOUND ? Layout.ACCEPTED : Layout.OUTBOUND_ACCEPTED;
            decision.add(new Statement.Decide(NftVerdict.goTo(next)));
        } else {
            decision.add(new Statement.Count());
            decision.add(new Statement.Decide(NftVerdict.DROP));
        }
        return conditions.decide(decision).stream()
                .map(statements -> new Rule(statements, "rule " + rule.source().number()))
                .toList();
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
        private static final Datum.Scalar SOURCE_PORT_UNKNOWN = Datum.number(0);
        private static final Datum.Scalar SOURCE_PORT_FOUND = Datum.number(1);

        private final Optional<IpVersion> version;
        private final @Nullable Protocol protocol;
        private final List<Statement> common = new ArrayList<>();
        /** Of each, one must be met. */
        private final List<List<Statement>> choices = new ArrayList<>();

        private boolean versionTold;
        private boolean protocolTold;

        Conditions(Optional<IpVersion> version, @Nullable Protocol protocol) {
            this.version = version;
            this.protocol = protocol;
        }

        /**
         * The statements of rules that take this decision on what meets all conditions. If there is something to choose on
         * both sides, the packet mark, which is free since it led to this chain, tells that the first choice is met.
         */
        List<List<Statement>> decide(List<Statement> decision) {
            List<Statement> first = new ArrayList<>();
            if (version.isPresent() && !versionTold) {
                Datum word = version.get() == IpVersion.V4 ? Datum.Word.IPV4 : Datum.Word.IPV6;
                first.add(new Statement.Compare(Plain.IP_VERSION, false, List.of(word)));
            }
            if (protocol != null && !protocolTold) {
                first.add(new Statement.Compare(Plain.PROTOCOL, false, List.of(Datum.number(protocol.number()))));
            }
            first.addAll(common);
            if (choices.isEmpty()) {
                return List.of(joined(first, List.of(), decision));
            }
            if (choices.size() == 1) {
                return choices.get(0).stream()
                        .map(choice -> joined(first, List.of(choice), decision))
                        .toList();
            }
            List<List<Statement>> rules = new ArrayList<>();
            rules.add(List.of(new Statement.SetMark(SOURCE_PORT_UNKNOWN)));
            for (Statement choice : choices.get(0)) {
                rules.add(joined(first, List.of(choice), List.of(new Statement.SetMark(SOURCE_PORT_FOUND))));
            }
            Statement isFound = new Statement.Compare(Plain.MARK, false, List.of(SOURCE_PORT_FOUND));
            for (Statement choice : choices.get(1)) {
                rules.add(joined(List.of(isFound), List.of(choice), decision));
            }
            return rules;
        }

        private static List<Statement> joined(List<Statement> first, List<Statement> then, List<Statement> last) {
            return Stream.of(first, then, last).flatMap(List::stream).toList();
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
                common.add(new Statement.Compare(field, false, List.of(new Datum.Network(network))));
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
            common.add(new Statement.InSet(List.of(field), false, setOf(tag)));
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
            Field field = new Field.Port(protocol, source);
            List<Statement> alternatives = new ArrayList<>();
            List<Datum> single = new ArrayList<>();
            for (PortRange range : ranges) {
                if (range.isSingle()) {
                    single.add(new Datum.Ports(range));
                } else {
                    alternatives.add(new Statement.Compare(field, false, List.of(new Datum.Ports(range))));
                }
            }
            if (!single.isEmpty()) {
                alternatives.add(0, new Statement.Compare(field, false, single));
            }
            if (alternatives.size() == 1) {
                common.add(alternatives.get(0));
            } else {
                choices.add(alternatives);
            }
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
            common.add(new Statement.Compare(field, false, List.of(Datum.number(value))));
            return this;
        }
    }
}
