package io.calico.policy.testkit;

import static io.calico.policy.testkit.Fixture.rule;
import static io.calico.policy.testkit.Fixture.rules;
import static io.calico.policy.testkit.ProbeBuilder.packet;

import io.calico.model.EndpointState;
import io.calico.model.ProfileRules;
import io.calico.model.net.PortRange;
import io.calico.model.rule.Protocol;
import io.calico.model.rule.Rule;
import io.calico.policy.EndpointToHostAction;
import io.calico.policy.Verdict;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * What must happen to which packet, on the {@link Fixture}. Unless a row says otherwise packets are the first of a flow,
 * IPv4, from source port 40000, and the host asks outbound rules about packets of its workloads to itself.
 *
 * <p>The class is long because it is a table.
 */
public final class DecisionTable {
    private final List<DecisionRow> rows = new ArrayList<>();

    private DecisionTable() {}

    /** All rows, ascending by number. */
    public static List<DecisionRow> rows() {
        DecisionTable table = new DecisionTable();
        table.addRulesAndMembers();
        table.addOrderOfProfiles();
        table.addUnknownInterfaces();
        table.addOutside();
        table.addHost();
        table.addAntiSpoofing();
        table.addManyCriteria();
        table.addConnections();
        table.addRulesOfOneVersion();
        table.addUnusualRules();
        table.addRemainder();
        return List.copyOf(table.rows);
    }

    private void addRulesAndMembers() {
        row(1, "B→A tcp 80: allowed").allowed(packet("B", "A").tcp(80), "APP outbound 2, WEB inbound 1");
        row(2, "B→A tcp 8000, 8005 and 8010: allowed, a range includes its ends")
                .allowed(packet("B", "A").tcp(8000), "APP outbound 2, WEB inbound 1")
                .allowed(packet("B", "A").tcp(8005), "APP outbound 2, WEB inbound 1")
                .allowed(packet("B", "A").tcp(8010), "APP outbound 2, WEB inbound 1");
        row(3, "B→A tcp 8011: dropped at the end of the list")
                .dropped(packet("B", "A").tcp(8011), "WEB,CLIENT inbound no match");
        row(4, "A→B tcp 7890: allowed, A is a member of the tag through its second profile")
                .allowed(packet("A", "B").tcp(7890), "WEB outbound 1, APP inbound 2");
        row(5, "C→B tcp 7890: dropped, C is no member").dropped(packet("C", "B").tcp(7890), "APP inbound no match");
        row(6, "D→B tcp 7890 from another host: dropped, D is no member")
                .dropped(packet("D", "B").tcp(7890), "APP inbound no match");
        row(7, "D→B tcp 7890 once D has the profile with the tag: allowed, members of all hosts count")
                .given(profilesOf("D", "APP", "CLIENT"))
                .allowed(packet("D", "B").tcp(7890), "APP inbound 2");
        row(8, "A→B tcp 7890 once A lost the profile with the tag: dropped")
                .given(profilesOf("A", "WEB"))
                .dropped(packet("A", "B").tcp(7890), "APP inbound no match");
        row(9, "A→B udp 5000: dropped by an explicit deny")
                .dropped(packet("A", "B").udp(5000), "APP inbound 1");
        row(10, "A→C udp 5000: dropped by the second profile")
                .dropped(packet("A", "C").udp(5000), "APP inbound 1");
        row(11, "A→C tcp 80: allowed by the first profile, the second is not asked")
                .allowed(packet("A", "C").tcp(80), "WEB outbound 1, WEB inbound 1");
    }

    private void addOrderOfProfiles() {
        row(12, "B→C tcp 80 with C's profiles swapped: allowed by the second profile")
                .given(profilesOf("C", "APP", "WEB"))
                .allowed(packet("B", "C").tcp(80), "APP outbound 2, WEB inbound 1");
        row(13, "A→K tcp 80: dropped, the deny of an early profile is final")
                .dropped(packet("A", "K").tcp(80), "DENYALL inbound 1");
        row(14, "A→K tcp 80 with K's profiles swapped: allowed, order alone takes effect")
                .given(profilesOf("K", "WEB", "DENYALL"))
                .allowed(packet("A", "K").tcp(80), "WEB outbound 1, WEB inbound 1");
        row(15, "A→G tcp 80: dropped, a missing profile drops at its place")
                .dropped(packet("A", "G").tcp(80), "GONE inbound missing");
        row(16, "A→G tcp 80 with G's profiles swapped: allowed before the missing profile is reached")
                .given(profilesOf("G", "WEB", "GONE"))
                .allowed(packet("A", "G").tcp(80), "WEB outbound 1, WEB inbound 1");
        row(17, "A→G tcp 9999 with G's profiles swapped: dropped by the missing profile")
                .given(profilesOf("G", "WEB", "GONE"))
                .dropped(packet("A", "G").tcp(9999), "GONE inbound missing");
        row(18, "A→G tcp 80 once the missing profile exists and is empty: allowed, it is passed over")
                .given(rulesOf("GONE", rules()))
                .allowed(packet("A", "G").tcp(80), "WEB outbound 1, WEB inbound 1");
        row(19, "A→F and F→A tcp 80: dropped, F has no profiles")
                .dropped(packet("A", "F").tcp(80), "no profiles inbound no match")
                .dropped(packet("F", "A").tcp(80), "no profiles outbound no match");
    }

    private void addUnknownInterfaces() {
        row(20, "A→E and E→A tcp 80: dropped, E is inactive")
                .dropped(packet("A", "E").tcp(80), "to unknown endpoint")
                .dropped(packet("E", "A").tcp(80), "from unknown endpoint");
        row(21, "anything from a workload interface that no endpoint owns: dropped")
                .dropped(packet("U", "A").tcp(80), "from unknown endpoint")
                .dropped(packet("U", "X").udp(53), "from unknown endpoint")
                .dropped(packet("U", "h1").udp(53), "from unknown endpoint");
        row(22, "anything to a workload interface that no endpoint owns: dropped")
                .dropped(packet("A", "U").tcp(80), "to unknown endpoint")
                .dropped(packet("X", "U").tcp(80), "to unknown endpoint");
    }

    private void addOutside() {
        row(23, "B→X tcp 25: dropped by an outbound rule")
                .dropped(packet("B", "X").tcp(25), "APP outbound 1");
        row(24, RowKind.ADDRESS_TRANSLATION, "B→X tcp 80: allowed, X sees 172.30.0.10 as the source")
                .allowed(packet("B", "X").tcp(80), "APP outbound 2");
        row(25, "C→X tcp 25: allowed, the first profile comes before the one that denies")
                .allowed(packet("C", "X").tcp(25), "WEB outbound 1");
        row(26, RowKind.ADDRESS_TRANSLATION, "B→D tcp 80: leaves h1 with its own source, dropped on h2")
                .allowed(packet("B", "D").tcp(80), "APP outbound 2")
                .dropped(packet("B", "D").tcp(80).onHost("h2"), "APP inbound no match");
        row(27, "X→A tcp 80: allowed").allowed(packet("X", "A").tcp(80), "WEB inbound 1");
        row(28, "X→B tcp 7890: dropped").dropped(packet("X", "B").tcp(7890), "APP inbound no match");
        row(29, "h2→B tcp 9999: allowed by network").allowed(packet("h2", "B").tcp(9999), "APP inbound 3");
        row(30, "h2→B udp 9999: dropped by the deny before it")
                .dropped(packet("h2", "B").udp(9999), "APP inbound 1");
    }

    private void addHost() {
        row(31, "h1→B tcp 9999: allowed, a host reaches its own workloads")
                .allowed(packet("h1", "B").tcp(9999), "from the host itself");
        row(32, "A→h1 tcp 9999: allowed by outbound rules")
                .allowed(packet("A", "h1").tcp(9999), "WEB outbound 1");
        row(33, "L→h1 tcp 9999: dropped by outbound rules")
                .dropped(packet("L", "h1").tcp(9999), "STRICT outbound no match");
        row(34, "L→h1 udp 53: allowed, DNS to the host is a fixed exception")
                .allowed(packet("L", "h1").udp(53), "fixed exception for packets to the host");
        row(35, "L→h1 tcp 53: dropped, the exception is for UDP only")
                .dropped(packet("L", "h1").tcp(53), "STRICT outbound no match");
        row(36, "L→h1 udp 68→67, also from 0.0.0.0: allowed, DHCP to the host is a fixed exception")
                .allowed(packet("L", "h1").udp(68, 67), "fixed exception for packets to the host")
                .allowed(
                        packet("L", "h1").udp(68, 67).withSource("0.0.0.0").withDestination("255.255.255.255"),
                        "fixed exception for packets to the host");
        row(37, "A→h1 tcp 9999 where packets to the host are dropped: dropped, rules are not asked")
                .given(toHost(EndpointToHostAction.DROP))
                .dropped(packet("A", "h1").tcp(9999), "packets to the host are dropped");
        row(38, "A→h1 udp 53 where packets to the host are dropped: allowed, exceptions come first")
                .given(toHost(EndpointToHostAction.DROP))
                .allowed(packet("A", "h1").udp(53), "fixed exception for packets to the host");
        row(39, "L→h1 ICMPv6 type 135: allowed, neighbour discovery is a fixed exception")
                .allowed(packet("L", "h1").icmpv6(135), "fixed exception for packets to the host");
        row(40, "L→h1 ICMPv6 type 128: dropped by outbound rules")
                .dropped(packet("L", "h1").icmpv6(128), "STRICT outbound no match");
    }

    private void addAntiSpoofing() {
        row(41, "A sends with B's address: dropped")
                .dropped(packet("A", "C").tcp(80).withSource("10.65.0.3"), "source address is not the endpoint's");
        row(42, "A sends with an address nobody has: dropped")
                .dropped(packet("A", "C").tcp(80).withSource("10.65.0.200"), "source address is not the endpoint's")
                .dropped(packet("A", "X").tcp(80).withSource("198.51.100.7"), "source address is not the endpoint's");
        row(43, "A sends with its own address but another MAC: dropped")
                .dropped(packet("A", "C").tcp(80).withMac("ee:ee:ee:00:00:02"), "source MAC is not the endpoint's");
        row(44, "A sends with B's IPv6 address: dropped")
                .dropped(
                        packet("A", "C").tcp(80).overIpv6().withSource("fd80::3"),
                        "source address is not the endpoint's");
    }

    private void addManyCriteria() {
        row(45, "A→L tcp 22: allowed, all criteria of one rule hold")
                .allowed(packet("A", "L").tcp(22), "WEB outbound 1, STRICT inbound 1");
        row(46, RowKind.CONNECTION_TRACKING, "L's reply to A→L tcp 22: passes, though no rule of L's allows it");
        row(47, "A→L tcp 22 from source port 500: dropped, outside of the source range")
                .dropped(packet("A", "L").tcp(500, 22), "STRICT inbound no match");
        row(48, "B→L tcp 22: dropped, B is no member of the source tag")
                .dropped(packet("B", "L").tcp(22), "STRICT inbound no match");
        row(49, "A→L icmp type 8 code 0: dropped").dropped(packet("A", "L").icmp(8, 0), "STRICT inbound 2");
        row(50, "A→L icmp type 13: allowed").allowed(packet("A", "L").icmp(13, 0), "WEB outbound 1, STRICT inbound 3");
        row(51, "A→L icmpv6 type 128: allowed")
                .allowed(packet("A", "L").icmpv6(128), "WEB outbound 1, STRICT inbound 4");
        row(52, "A→L icmpv6 type 129 without a request: dropped")
                .dropped(packet("A", "L").icmpv6(129), "STRICT inbound no match");
        row(53, "L→C tcp 80: allowed, C is a member of the destination tag")
                .allowed(packet("L", "C").tcp(80), "STRICT outbound 2, WEB inbound 1");
        row(54, "L→B tcp 80: dropped on the sender's side, B is no member")
                .dropped(packet("L", "B").tcp(80), "STRICT outbound no match");
        row(55, "L→203.0.113.53 udp 53: allowed; tcp 53: dropped")
                .allowed(packet("L", "N").udp(53), "STRICT outbound 1")
                .dropped(packet("L", "N").tcp(53), "STRICT outbound no match");
    }

    private void addConnections() {
        row(
                56,
                RowKind.CONNECTION_TRACKING,
                "'fragmentation needed' from a router for a flow of A's: allowed, related");
        row(
                57,
                RowKind.CONNECTION_TRACKING,
                "RST without a flow, bad checksum, ACK outside the window: dropped, invalid");
        row(
                        58,
                        RowKind.CONNECTION_TRACKING,
                        "open flow B→A tcp 80, then the rule is removed: goes on until it is forgotten")
                .given(rulesOf("WEB", rules().addOutbound(rule("allow"))));
        row(59, RowKind.ADDRESS_TRANSLATION, "X→172.30.0.10:8080, published for A:80: allowed, rules see A, 80 and X")
                .allowed(packet("X", "A").tcp(80), "WEB inbound 1");
        row(60, RowKind.ADDRESS_TRANSLATION, "X→172.30.0.10:8022, published for A:22: dropped, rules see 22")
                .dropped(packet("X", "A").tcp(22), "WEB,CLIENT inbound no match");
    }

    private void addRulesOfOneVersion() {
        row(61, "an IPv4 network in a rule without version never matches IPv6")
                .given(rulesOf("NET", rules().addInbound(rule("allow from cidr 10.0.0.0/8"))), profilesOf("B", "NET"))
                .dropped(packet("A", "B").tcp(80).overIpv6(), "NET inbound no match")
                .allowed(packet("A", "B").tcp(80), "WEB outbound 1, NET inbound 1");
        row(62, "an icmp rule does not exist in IPv6: the next one decides")
                .given(
                        rulesOf(
                                "PING",
                                rules().addInbound(rule("allow icmp type 8")).addInbound(rule("allow"))),
                        profilesOf("B", "PING"))
                .allowed(packet("A", "B").tcp(80).overIpv6(), "WEB outbound 1, PING inbound 2");
    }

    private void addUnusualRules() {
        row(63, "a tag that nobody carries never matches")
                .given(rulesOf("LONELY", rules().addInbound(rule("allow from tag NOPE"))), profilesOf("B", "LONELY"))
                .dropped(packet("A", "B").tcp(80), "LONELY inbound no match");
        row(64, "a rule without any field allows everything")
                .given(rulesOf("OPEN", rules().addInbound(Rule.builder().build())), profilesOf("B", "OPEN"))
                .allowed(packet("A", "B").udp(5000), "WEB outbound 1, OPEN inbound 1")
                .allowed(packet("A", "B").icmpv6(128), "WEB outbound 1, OPEN inbound 1");
        Rule portsOfIcmp = Rule.builder()
                .protocol(Protocol.ICMP)
                .addDstPorts(PortRange.of(80))
                .build();
        row(65, "a rule that cannot be applied (ports of icmp) makes its profile a missing one: dropped")
                .given(
                        rulesOf("BAD", rules().addInbound(rule("allow")).addInbound(portsOfIcmp)),
                        profilesOf("B", "BAD"))
                .dropped(packet("A", "B").tcp(80), "BAD inbound missing")
                .dropped(packet("B", "A").tcp(80), "BAD outbound missing");
    }

    private void addRemainder() {
        row(66, RowKind.TUNNELS, "IPIP from 172.30.0.99: dropped; from 172.30.0.11, a Calico host: accepted");
        row(67, "A sends IPIP, or UDP to port 4789: dropped, workloads do not tunnel")
                .dropped(packet("A", "X").protocol(4), "tunnel packet from a workload")
                .dropped(packet("A", "X").udp(4789), "tunnel packet from a workload")
                .dropped(packet("A", "h1").udp(4789), "tunnel packet from a workload");
        row(68, "of two endpoints that share an address one is deleted: it stays a member")
                .given(
                        profile("SHARED", "T", rules()),
                        rulesOf("BYTAG", rules().addInbound(rule("allow from tag T"))),
                        profilesOf("B", "BYTAG"),
                        profilesOf("S1", "SHARED"),
                        profilesOf("S2", "SHARED"),
                        removed("S1"))
                .allowed(packet("S2", "B").tcp(80), "BYTAG inbound 1");
        ProfileRules.Builder manyPorts = rules().addInbound(rule("allow tcp to ports " + oddPorts(10001, 40)));
        row(69, "the 40th of 40 destination ports of one rule: allowed, lists have no limit")
                .given(rulesOf("MANY", manyPorts), profilesOf("B", "MANY"))
                .allowed(packet("A", "B").tcp(10079), "WEB outbound 1, MANY inbound 1")
                .dropped(packet("A", "B").tcp(10078), "MANY inbound no match");
        row(70, RowKind.OTHER_FILTERS, "container on Docker's bridge → X: untouched")
                .allowed(packet("R", "X").tcp(80), "no workload interface involved");
        row(71, RowKind.OTHER_FILTERS, "container on Docker's bridge → A: tcp 80 allowed, tcp 22 dropped")
                .allowed(packet("R", "A").tcp(80), "WEB inbound 1")
                .dropped(packet("R", "A").tcp(22), "WEB,CLIENT inbound no match");
        row(
                        72,
                        RowKind.OTHER_FILTERS,
                        "A → unpublished port of a container on Docker's bridge: dropped by Docker's filter")
                .droppedByOthers(packet("A", "R").tcp(80));
    }

    private static String oddPorts(int first, int count) {
        return String.join(
                ",",
                IntStream.range(0, count)
                        .mapToObj(i -> Integer.toString(first + 2 * i))
                        .toList());
    }

    private static Change profilesOf(String place, String... profiles) {
        return new Change(
                place + " has profiles " + Arrays.asList(profiles),
                state -> Fixture.withEndpoint(state, place, EndpointState.ACTIVE, profiles));
    }

    private static Change removed(String place) {
        return new Change(place + " is deleted", state -> state.withEndpoint(Fixture.key(place), Optional.empty()));
    }

    private static Change rulesOf(String profile, ProfileRules.Builder rules) {
        ProfileRules built = rules.build();
        return new Change(
                "rules of " + profile + " are " + built, state -> state.withRules(profile, Optional.of(built)));
    }

    private static Change profile(String name, String tag, ProfileRules.Builder rules) {
        return new Change(
                "profile " + name + " with tag " + tag, state -> Fixture.withProfile(state, name, List.of(tag), rules));
    }

    private static Change toHost(EndpointToHostAction action) {
        return new Change("packets of workloads to the host: " + action, state -> state.withToHost(action));
    }

    private Row row(int number, String title) {
        return row(number, RowKind.POLICY, title);
    }

    private Row row(int number, RowKind kind, String title) {
        return new Row(new DecisionRow(number, kind, title, List.of(), List.of()));
    }

    /** A row under construction; the table always holds its newest state. */
    private final class Row {
        private DecisionRow row;

        Row(DecisionRow row) {
            this.row = row;
            rows.add(row);
        }

        Row given(Change... changes) {
            return replacedBy(new DecisionRow(row.number(), row.kind(), row.title(), List.of(changes), row.probes()));
        }

        Row allowed(ProbeBuilder probe, String by) {
            return with(probe.build(Verdict.ALLOW, Optional.of(by)));
        }

        Row dropped(ProbeBuilder probe, String by) {
            return with(probe.build(Verdict.DENY, Optional.of(by)));
        }

        Row droppedByOthers(ProbeBuilder probe) {
            return with(probe.build(Verdict.DENY, Optional.empty()));
        }

        private Row with(Probe probe) {
            List<Probe> probes = new ArrayList<>(row.probes());
            probes.add(probe);
            return replacedBy(new DecisionRow(row.number(), row.kind(), row.title(), row.given(), probes));
        }

        private Row replacedBy(DecisionRow newest) {
            rows.set(rows.size() - 1, newest);
            row = newest;
            return this;
        }
    }
}
