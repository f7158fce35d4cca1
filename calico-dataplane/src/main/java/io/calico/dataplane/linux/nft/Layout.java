package io.calico.dataplane.linux.nft;

import static io.calico.dataplane.linux.nft.Rule.when;

import io.calico.dataplane.WorkloadInterface;
import io.calico.dataplane.linux.nft.Field.Plain;
import io.calico.dataplane.linux.nft.Statement.KeepMarkBits;
import io.calico.dataplane.linux.nft.Statement.MarkFromMap;
import io.calico.dataplane.linux.nft.Statement.Masquerade;
import io.calico.dataplane.linux.nft.Statement.NoTrack;
import io.calico.dataplane.linux.nft.Statement.SetMark;
import io.calico.dataplane.linux.nft.Statement.VerdictMap;
import io.calico.model.VxlanTunnel;
import io.calico.model.net.Cidr;
import io.calico.model.net.IpAddress;
import io.calico.model.net.IpVersion;
import io.calico.model.net.PortRange;
import io.calico.model.rule.Protocol;
import io.calico.policy.EndpointToHostAction;
import java.util.ArrayList;
import java.util.List;

/**
 * The part of the table that is the same for every policy, and the names of what the changing part is attached to.
 *
 * <pre>
 *   prerouting ─▶ raw-pre ─▶ spoof            source MAC and address must be the interface's (before tracking)
 *                       └ VXLAN of ours is not tracked
 *   forward ─▶ forward ─┬▶ ok                 flow is known
 *                       ├▶ from ─▶ l-…-out ─▶ p-…-out ─▶ out-ok ─▶ out-ok-fwd ─┬▶ to      receiver is a workload here
 *                       │                                                      ├▶ unmarked  it is behind a bridge
 *                       │                                                      └▶ ok
 *                       └▶ to ─▶ l-…-in ─▶ p-…-in ─▶ ok
 *   input ─▶ input ─▶ wl-input ─▶ from ─▶ … ─▶ out-ok ─▶ to-host
 *                 └ VXLAN of ours must come from a host in hosts4, hosts6
 *   output ─▶ raw-out                         VXLAN of ours is not tracked
 *   postrouting ─▶ nat-post                   masquerade
 * </pre>
 *
 * <p>{@code from} and {@code to} find the list of profiles by two look-ups: interface to number ({@code policy_of}, an
 * element for each endpoint) and number to chain ({@code from_policy}, {@code to_policy}, an element for each list). The
 * kernel checks all elements that hold verdicts whenever a jump is added; so the map that grows with endpoints holds none.
 * The number travels in the packet mark, which such a look-up replaces whole: marks that others gave to workloads' packets
 * end here, and what leaves has the accept bit or nothing. Once it has led to a list's chain the mark is free, and rules of
 * profiles use it ({@link ProfileChains}). An interface without an element falls through to a drop.
 *
 * <p>Accept is final for this table only. The accept bit tells one iptables rule that policy has seen the packet. It is not
 * given to new flows towards a bridge: what is behind a bridge is protected by whoever made it, for instance Docker.
 *
 * <p>VXLAN of ours is told by port and network: Docker's overlay networks have the same port and other networks, and their
 * hosts are not known here. The rules are there also when no pool has VXLAN. Then no host is in the sets, and what the rule
 * drops would have found nobody who listens.
 */
final class Layout {
    /** The bit that accepted packets carry. */
    static final Datum.Scalar ACCEPT_MARK = Datum.number(0x0001_0000L);

    private static final Datum.Scalar NO_MARK = Datum.number(0);
    private static final Datum.Scalar ALL_BUT_ACCEPT_MARK = Datum.number(0xfffe_ffffL);

    static final String SOURCES4 = "src4";
    static final String SOURCES6 = "src6";
    static final String SOURCE_MACS = "mac";
    static final String UPLINKS = "uplinks";
    static final String HOSTS4 = "hosts4";
    static final String HOSTS6 = "hosts6";
    static final String POLICY_OF = "policy_of";
    static final String FROM_POLICY = "from_policy";
    static final String TO_POLICY = "to_policy";

    /** Where an outbound allow goes. */
    static final String OUTBOUND_ACCEPTED = "out-ok";

    /** Where an inbound allow goes. */
    static final String ACCEPTED = "ok";

    static final String NAT = "nat-post";
    static final String WORKLOAD_TO_HOST = "wl-input";

    private static final String RAW = "raw-pre";
    private static final String RAW_OUTPUT = "raw-out";
    private static final String SPOOF = "spoof";
    private static final String FORWARD = "forward";
    private static final String FROM = "from";
    private static final String TO = "to";
    private static final String OUTBOUND_ACCEPTED_FORWARD = "out-ok-fwd";
    private static final String ACCEPTED_UNMARKED = "unmarked";
    private static final String INPUT = "input";
    private static final String TO_HOST = "to-host";

    private static final Datum WORKLOADS = new Datum.Name(WorkloadInterface.PREFIX, true);
    private static final int IPIP = 4;
    private static final int ICMP_NEIGHBOR_SOLICITATION = 135;

    private Layout() {}

    static void declare(NftTransaction.Builder tx) {
        tx.addSet(SOURCES4, SetType.setOf(SetType.Part.INTERFACE_NAME, SetType.Part.IPV4_ADDRESS));
        tx.addSet(SOURCES6, SetType.setOf(SetType.Part.INTERFACE_NAME, SetType.Part.IPV6_ADDRESS));
        tx.addSet(SOURCE_MACS, SetType.setOf(SetType.Part.INTERFACE_NAME, SetType.Part.MAC_ADDRESS));
        tx.addSet(UPLINKS, SetType.setOf(SetType.Part.INTERFACE_NAME));
        tx.addSet(HOSTS4, SetType.setOf(SetType.Part.IPV4_ADDRESS));
        tx.addSet(HOSTS6, SetType.setOf(SetType.Part.IPV6_ADDRESS));
        tx.addSet(POLICY_OF, SetType.map(SetType.Part.INTERFACE_NAME, SetType.Part.MARK));
        tx.addSet(FROM_POLICY, SetType.map(SetType.Part.MARK, SetType.Part.VERDICT));
        tx.addSet(TO_POLICY, SetType.map(SetType.Part.MARK, SetType.Part.VERDICT));
        tx.addBaseChain(RAW, new Hook(Hook.Point.PREROUTING, Hook.BEFORE_TRACKING));
        tx.addBaseChain(RAW_OUTPUT, new Hook(Hook.Point.OUTPUT, Hook.BEFORE_TRACKING));
        tx.addBaseChain(FORWARD, new Hook(Hook.Point.FORWARD, Hook.BEFORE_FILTERS));
        tx.addBaseChain(INPUT, new Hook(Hook.Point.INPUT, Hook.BEFORE_FILTERS));
        tx.addBaseChain(NAT, new Hook(Hook.Point.POSTROUTING, Hook.SOURCE_NAT));
        List.of(
                        SPOOF,
                        FROM,
                        TO,
                        OUTBOUND_ACCEPTED,
                        OUTBOUND_ACCEPTED_FORWARD,
                        ACCEPTED,
                        ACCEPTED_UNMARKED,
                        WORKLOAD_TO_HOST,
                        TO_HOST)
                .forEach(tx::addChain);
        tx.addRules(RAW, raw());
        tx.addRules(RAW_OUTPUT, List.of(vxlan().and(new NoTrack()).end()));
        tx.addRules(SPOOF, spoof());
        tx.addRules(FORWARD, forward());
        tx.addRules(FROM, dispatch(Plain.IN_INTERFACE, FROM_POLICY, "from unknown endpoint"));
        tx.addRules(TO, dispatch(Plain.OUT_INTERFACE, TO_POLICY, "to unknown endpoint"));
        tx.addRules(OUTBOUND_ACCEPTED, outboundAccepted());
        tx.addRules(OUTBOUND_ACCEPTED_FORWARD, outboundAcceptedForward());
        tx.addRules(ACCEPTED, List.of(when().and(new SetMark(ACCEPT_MARK)).then(NftVerdict.ACCEPT)));
        tx.addRules(ACCEPTED_UNMARKED, List.of(when().and(new SetMark(NO_MARK)).then(NftVerdict.ACCEPT)));
        tx.addRules(TO_HOST, List.of(when().and(new SetMark(NO_MARK)).then(NftVerdict.ACCEPT)));
        tx.addRules(INPUT, input());
    }

    private static List<Rule> raw() {
        return List.of(
                when().is(Plain.IN_INTERFACE, WORKLOADS).then(NftVerdict.goTo(SPOOF)),
                // Each direction has another source port: an entry would never see a reply. What is only forwarded may
                // be
                // of hosts behind this one whose addresses are translated here, and for that it must be tracked.
                vxlan().is(Plain.DESTINATION_KIND, Datum.Word.LOCAL)
                        .and(new NoTrack())
                        .end());
    }

    private static List<Rule> input() {
        return List.of(
                // What is inside has any source that its sender likes. Fragments are whole here: tracking joins them.
                vxlan().notIn(HOSTS4, Plain.SOURCE4).countedDrop("VXLAN from a stranger"),
                vxlan().notIn(HOSTS6, Plain.SOURCE6).countedDrop("VXLAN from a stranger"),
                when().is(Plain.IN_INTERFACE, WORKLOADS).then(NftVerdict.goTo(WORKLOAD_TO_HOST)));
    }

    /** VXLAN of our network, and no other's on that port. */
    private static Rule.Builder vxlan() {
        return when().is(udp(false), port(VxlanTunnel.PORT)).is(Plain.VXLAN_NETWORK, Datum.number(VxlanTunnel.NETWORK));
    }

    private static List<Rule> spoof() {
        return List.of(
                when().and(new KeepMarkBits(ALL_BUT_ACCEPT_MARK)).end(),
                when().notIn(SOURCE_MACS, Plain.IN_INTERFACE, Plain.SOURCE_MAC).countedDrop("source MAC"),
                // A tunnel would carry packets past the outbound policy.
                when().is(Plain.PROTOCOL, Datum.number(IPIP)).countedDrop("IPIP from a workload"),
                when().is(udp(false), port(VxlanTunnel.PORT)).countedDrop("VXLAN from a workload"),
                when().in(SOURCES4, Plain.IN_INTERFACE, Plain.SOURCE4).then(NftVerdict.ACCEPT),
                when().in(SOURCES6, Plain.IN_INTERFACE, Plain.SOURCE6).then(NftVerdict.ACCEPT),
                // Never forwarded by the kernel; neighbour discovery and listener reports need them.
                when().is(Plain.SOURCE6, new Datum.Network(Cidr.parse("fe80::/10")))
                        .then(NftVerdict.ACCEPT),
                when().is(Plain.SOURCE6, Datum.address(IpAddress.v6(0, 0)))
                        .is(Plain.ICMPV6_TYPE, numbers(131, ICMP_NEIGHBOR_SOLICITATION, 143))
                        .then(NftVerdict.ACCEPT),
                // A DHCP client has no address yet.
                when().is(Plain.SOURCE4, Datum.address(IpAddress.v4(0)))
                        .is(udp(true), port(68))
                        .is(udp(false), port(67))
                        .then(NftVerdict.ACCEPT),
                when().countedDrop("source address"));
    }

    private static List<Rule> forward() {
        List<Rule> rules = new ArrayList<>();
        // Not ours: others decide.
        rules.add(when().isNot(Plain.IN_INTERFACE, WORKLOADS)
                .isNot(Plain.OUT_INTERFACE, WORKLOADS)
                .then(NftVerdict.ACCEPT));
        rules.addAll(knownFlows(NftVerdict.goTo(ACCEPTED)));
        rules.add(when().is(Plain.IN_INTERFACE, WORKLOADS).then(NftVerdict.goTo(FROM)));
        rules.add(when().then(NftVerdict.goTo(TO)));
        return rules;
    }

    /**
     * Three rules, and no map of verdicts: when a rule goes, a packet that is still in it finds its map empty already, and
     * what is not found is dropped.
     */
    private static List<Rule> knownFlows(NftVerdict verdict) {
        return List.of(
                when().is(Plain.FLOW_STATE, Datum.Word.ESTABLISHED).then(verdict),
                when().is(Plain.FLOW_STATE, Datum.Word.RELATED).then(verdict),
                when().is(Plain.FLOW_STATE, Datum.Word.INVALID).then(NftVerdict.DROP));
    }

    private static List<Rule> dispatch(Field interfaceName, String byNumber, String unknown) {
        return List.of(
                // Without an element the next rule changes nothing: no number may be left from before.
                when().and(new SetMark(NO_MARK)).end(),
                when().and(new MarkFromMap(interfaceName, POLICY_OF)).end(),
                when().and(new VerdictMap(Plain.MARK, byNumber)).end(),
                when().countedDrop(unknown));
    }

    private static List<Rule> outboundAccepted() {
        return List.of(
                // In the input hook there is no outgoing interface.
                when().isNot(Plain.OUT_INDEX, NO_MARK).then(NftVerdict.goTo(OUTBOUND_ACCEPTED_FORWARD)),
                when().then(NftVerdict.goTo(TO_HOST)));
    }

    private static List<Rule> outboundAcceptedForward() {
        return List.of(
                when().is(Plain.OUT_INTERFACE, WORKLOADS).then(NftVerdict.goTo(TO)),
                when().is(Plain.OUT_KIND, Datum.name("bridge"))
                        .notIn(UPLINKS, Plain.OUT_INTERFACE)
                        .then(NftVerdict.goTo(ACCEPTED_UNMARKED)),
                when().then(NftVerdict.goTo(ACCEPTED)));
    }

    /** The chain {@link #WORKLOAD_TO_HOST}. */
    static List<Rule> workloadToHost(EndpointToHostAction action) {
        List<Rule> rules = new ArrayList<>();
        rules.addAll(knownFlows(NftVerdict.ACCEPT));
        rules.add(when().is(Plain.ICMPV6_TYPE, numbers(130, 131, 132, 133, ICMP_NEIGHBOR_SOLICITATION, 136))
                .then(NftVerdict.ACCEPT));
        rules.add(when().is(Plain.IP_VERSION, Datum.Word.IPV4)
                .is(udp(true), port(68))
                .is(udp(false), port(67))
                .then(NftVerdict.ACCEPT));
        rules.add(when().is(Plain.IP_VERSION, Datum.Word.IPV6)
                .is(udp(true), port(546))
                .is(udp(false), port(547))
                .then(NftVerdict.ACCEPT));
        rules.add(when().is(udp(false), port(53)).then(NftVerdict.ACCEPT));
        rules.add(
                switch (action) {
                    case DROP -> when().countedDrop("workload to host");
                    case RETURN, ACCEPT -> when().then(NftVerdict.goTo(FROM));
                });
        return List.copyOf(rules);
    }

    /** The chain {@link #NAT}: sources in a pool that asks for it, towards what is in no pool, but never to a workload. */
    static List<Rule> nat(List<Cidr> pools, List<Cidr> natPools) {
        List<Rule> rules = new ArrayList<>();
        rules.add(when().is(Plain.OUT_INTERFACE, WORKLOADS).then(NftVerdict.RETURN));
        for (IpVersion version : IpVersion.values()) {
            List<Cidr> sources = of(version, natPools);
            List<Cidr> inside = of(version, pools);
            boolean somethingIsOutside = inside.stream().noneMatch(pool -> pool.prefixLength() == 0);
            if (!sources.isEmpty() && somethingIsOutside) {
                for (Cidr pool : inside.isEmpty() ? sources : inside) {
                    rules.add(when().is(destination(version), new Datum.Network(pool))
                            .then(NftVerdict.RETURN));
                }
                for (Cidr pool : sources) {
                    rules.add(when().is(source(version), new Datum.Network(pool))
                            .and(new Masquerade())
                            .end());
                }
            }
        }
        return List.copyOf(rules);
    }

    private static List<Cidr> of(IpVersion version, List<Cidr> networks) {
        return networks.stream().filter(n -> n.version() == version).toList();
    }

    static Field source(IpVersion version) {
        return version == IpVersion.V4 ? Plain.SOURCE4 : Plain.SOURCE6;
    }

    static Field destination(IpVersion version) {
        return version == IpVersion.V4 ? Plain.DESTINATION4 : Plain.DESTINATION6;
    }

    private static Field udp(boolean source) {
        return new Field.Port(Protocol.UDP, source);
    }

    private static Datum port(int port) {
        return new Datum.Ports(PortRange.of(port));
    }

    private static Datum[] numbers(int... values) {
        Datum[] numbers = new Datum[values.length];
        for (int i = 0; i < values.length; i++) {
            numbers[i] = Datum.number(values[i]);
        }
        return numbers;
    }
}
