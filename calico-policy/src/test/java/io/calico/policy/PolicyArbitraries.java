package io.calico.policy;

import io.calico.model.EndpointKey;
import io.calico.model.EndpointState;
import io.calico.model.IpPool;
import io.calico.model.ProfileRules;
import io.calico.model.WorkloadEndpoint;
import io.calico.model.net.Cidr;
import io.calico.model.net.IpAddress;
import io.calico.model.net.IpNet;
import io.calico.model.net.IpVersion;
import io.calico.model.net.MacAddress;
import io.calico.model.net.PortRange;
import io.calico.model.rule.Protocol;
import io.calico.model.rule.Rule;
import io.calico.model.rule.RuleAction;
import io.calico.policy.testkit.PolicyState;
import java.util.List;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.TreeMap;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.RandomDistribution;
import net.jqwik.api.Tuple;
import net.jqwik.api.Tuple.Tuple2;

/**
 * Random records and packets from small stocks of names, addresses and ports, so that rules and packets meet often. A few
 * records cannot be used; the host looked at is {@code h1}.
 */
final class PolicyArbitraries {
    private static final List<String> PROFILES = List.of("P1", "P2", "P3");
    private static final List<String> TAGS = List.of("T1", "T2", "T3");
    private static final List<IpAddress> ADDRESSES =
            addresses("10.65.0.2", "10.65.0.3", "10.65.0.4", "10.65.0.5", "fd80::2", "fd80::3", "fd80::4");
    private static final List<IpAddress> OTHER_ADDRESSES =
            addresses("203.0.113.9", "0.0.0.0", "255.255.255.255", "2001:db8::9", "::", "fe80::1");
    private static final List<EndpointKey> KEYS =
            List.of(key("h1", "a"), key("h1", "b"), key("h1", "c"), key("h2", "d"), key("h2", "e"));

    /** Of the endpoints in the order of their keys, and what comes after. */
    private static final List<String> INTERFACES = List.of("cali1", "cali2", "cali3", "eth9", "cali1", "cali2");

    private PolicyArbitraries() {}

    private static List<IpAddress> addresses(String... texts) {
        return List.of(texts).stream().map(IpAddress::parse).toList();
    }

    private static EndpointKey key(String host, String id) {
        return new EndpointKey(host, "libnetwork", "libnetwork", id);
    }

    static Arbitrary<PolicyState> states() {
        return Combinators.combine(
                        records(PROFILES, tags()),
                        records(PROFILES, profileRules()),
                        endpoints(),
                        pools(),
                        Arbitraries.of(EndpointToHostAction.class))
                .as(PolicyState::new)
                // Edge cases are the unusable records of each stock: all at once they leave nothing to decide.
                .withoutEdgeCases();
    }

    /** For most of the keys a value. */
    private static <K extends Comparable<K>, V> Arbitrary<NavigableMap<K, V>> records(
            List<K> keys, Arbitrary<V> values) {
        return values.optional(0.95).list().ofSize(keys.size()).map(drawn -> {
            NavigableMap<K, V> records = new TreeMap<>();
            for (int i = 0; i < keys.size(); i++) {
                K key = keys.get(i);
                drawn.get(i).ifPresent(value -> records.put(key, value));
            }
            return records;
        });
    }

    private static Arbitrary<NavigableMap<Cidr, IpPool>> pools() {
        return Combinators.combine(
                        Arbitraries.of("10.65.0.0/16", "10.65.4.0/24", "10.66.0.0/16", "fd80::/64"),
                        Arbitraries.of(true, false))
                .as((cidr, nat) ->
                        IpPool.builder().cidr(Cidr.parse(cidr)).natOutgoing(nat).build())
                .list()
                .ofMaxSize(4)
                .map(pools -> {
                    NavigableMap<Cidr, IpPool> byCidr = new TreeMap<>();
                    pools.forEach(pool -> byCidr.put(pool.cidr(), pool));
                    return byCidr;
                });
    }

    private static Arbitrary<List<String>> tags() {
        return Arbitraries.frequencyOf(
                Tuple.of(12, Arbitraries.of(TAGS).list().ofMaxSize(3)),
                Tuple.of(1, Arbitraries.just(List.of("T1", "a b"))));
    }

    private static Arbitrary<ProfileRules> profileRules() {
        Arbitrary<List<Rule>> lists = rules().list().ofMaxSize(5).withSizeDistribution(RandomDistribution.uniform());
        return Combinators.combine(lists, lists)
                .as((inbound, outbound) -> ProfileRules.builder()
                        .addAllInbound(inbound)
                        .addAllOutbound(outbound)
                        .build());
    }

    private static Arbitrary<NavigableMap<EndpointKey, WorkloadEndpoint>> endpoints() {
        Arbitrary<Integer> shifts = Arbitraries.frequency(Tuple.of(15, 0), Tuple.of(1, 1));
        return Combinators.combine(records(KEYS, endpoint()), shifts.list().ofSize(KEYS.size()))
                .as((drawn, shift) -> {
                    NavigableMap<EndpointKey, WorkloadEndpoint> endpoints = new TreeMap<>();
                    // Mostly an interface each; now and then the next one's, or a foreign one.
                    drawn.forEach((key, endpoint) -> {
                        int number = KEYS.indexOf(key) + shift.get(KEYS.indexOf(key));
                        endpoints.put(key, endpoint.withInterfaceName(INTERFACES.get(number)));
                    });
                    return endpoints;
                });
    }

    private static Arbitrary<WorkloadEndpoint> endpoint() {
        return Combinators.combine(
                        Arbitraries.frequency(Tuple.of(15, EndpointState.ACTIVE), Tuple.of(1, EndpointState.INACTIVE)),
                        macs(),
                        Arbitraries.frequency(
                                        Tuple.of(30, "P1"), Tuple.of(30, "P2"), Tuple.of(30, "P3"), Tuple.of(1, "a b"))
                                .list()
                                .ofMaxSize(3)
                                .withSizeDistribution(RandomDistribution.uniform()),
                        Arbitraries.of(ADDRESSES)
                                .set()
                                .ofMinSize(2)
                                .ofMaxSize(5)
                                .withSizeDistribution(RandomDistribution.uniform()))
                .as((state, mac, profiles, addresses) -> WorkloadEndpoint.builder()
                        .interfaceName("cali0")
                        .state(state)
                        .mac(mac)
                        .addAllProfileIds(profiles)
                        .build()
                        .withAddresses(addresses));
    }

    private static Arbitrary<MacAddress> macs() {
        return Arbitraries.frequency(Tuple.of(15, 1L), Tuple.of(1, 2L))
                .map(last -> MacAddress.of(0xeeeeee000000L + last));
    }

    /** Rules, nearly all of which can be applied; one that cannot makes the whole profile missing. */
    static Arbitrary<Rule> rules() {
        return Arbitraries.frequencyOf(
                Tuple.of(20, withPeers(Arbitraries.just(Rule.builder().build()))),
                Tuple.of(30, withPeers(portRules())),
                Tuple.of(15, withPeers(icmpRules())),
                Tuple.of(
                        10,
                        withPeers(
                                protocols().map(p -> Rule.builder().protocol(p).build()))),
                Tuple.of(
                        3,
                        Arbitraries.of(RuleAction.class)
                                .map(a -> Rule.builder().action(a).build())),
                Tuple.of(
                        1,
                        Arbitraries.just(
                                Rule.builder().addDstPorts(PortRange.of(80)).build())));
    }

    private static Arbitrary<Protocol> protocols() {
        return Arbitraries.of(
                Protocol.TCP, Protocol.UDP, Protocol.ICMP, Protocol.ICMPV6, Protocol.of(4), Protocol.SCTP);
    }

    private static Arbitrary<Rule> portRules() {
        return Combinators.combine(
                        Arbitraries.frequency(
                                Tuple.of(4, Protocol.TCP),
                                Tuple.of(2, Protocol.UDP),
                                Tuple.of(1, Protocol.SCTP),
                                Tuple.of(1, Protocol.of(33))),
                        Arbitraries.frequencyOf(
                                Tuple.of(3, Arbitraries.just(List.<PortRange>of())), Tuple.of(1, ports())),
                        ports())
                .as((protocol, source, destination) -> Rule.builder()
                        .protocol(protocol)
                        .addAllSrcPorts(source)
                        .addAllDstPorts(destination)
                        .build());
    }

    private static Arbitrary<List<PortRange>> ports() {
        return Arbitraries.of("22", "80", "79:82", "443", "53", "0:1023", "1024:65535", "67:68")
                .map(PortRange::parse)
                .list()
                .ofMaxSize(3);
    }

    private static Arbitrary<Rule> icmpRules() {
        return Combinators.combine(
                        Arbitraries.of(Protocol.ICMP, Protocol.ICMPV6),
                        icmpNumbers().optional(0.5),
                        icmpNumbers().optional(0.3))
                .as((protocol, type, code) -> Rule.builder()
                        .protocol(protocol)
                        .icmpType(type)
                        .icmpCode(type.flatMap(t -> code))
                        .build());
    }

    private static Arbitrary<Integer> icmpNumbers() {
        return Arbitraries.of(0, 8, 128, 131, 135, 143, 255);
    }

    private static Arbitrary<Rule> withPeers(Arbitrary<Rule> rules) {
        Arbitrary<Optional<String>> tag = Arbitraries.of(TAGS).optional(0.2);
        Arbitrary<Optional<IpNet>> net = Arbitraries.of(
                        "10.65.0.2/32",
                        "10.65.0.3/31",
                        "10.65.0.0/24",
                        "0.0.0.0/0",
                        "203.0.113.0/24",
                        "fd80::2/128",
                        "fd80::/64",
                        "::/0")
                .map(IpNet::parse)
                .optional(0.1);
        return Combinators.combine(
                        rules,
                        Arbitraries.of(RuleAction.class),
                        Arbitraries.of(IpVersion.class).optional(0.05),
                        tag,
                        tag,
                        net,
                        net)
                .as((rule, action, version, source, destination, sourceNet, destinationNet) -> rule.withAction(action)
                        .withIpVersion(version)
                        .withSrcTag(source)
                        .withDstTag(destination)
                        .withSrcNet(sourceNet)
                        .withDstNet(destinationNet));
    }

    static Arbitrary<Packet> packets() {
        Arbitrary<IpAddress> some = Arbitraries.frequencyOf(
                Tuple.of(8, Arbitraries.of(ADDRESSES)), Tuple.of(1, Arbitraries.of(OTHER_ADDRESSES)));
        Arbitrary<Integer> port = Arbitraries.of(22, 80, 81, 82, 443, 1023, 1024, 40000, 65535);
        Arbitrary<Tuple2<Integer, Integer>> ports = Arbitraries.frequencyOf(
                Tuple.of(5, Combinators.combine(port, port).as(Tuple::of)),
                Tuple.of(
                        1,
                        Arbitraries.of(
                                Tuple.of(68, 67), Tuple.of(546, 547), Tuple.of(40000, 53), Tuple.of(40000, 4789))));
        return Combinators.combine(
                        some,
                        some,
                        Arbitraries.frequencyOf(
                                Tuple.of(4, Arbitraries.of(Protocol.TCP, Protocol.TCP, Protocol.UDP)),
                                Tuple.of(2, Arbitraries.just(Protocol.ICMP)),
                                Tuple.of(1, protocols())),
                        ports,
                        icmpNumbers(),
                        icmpNumbers(),
                        macs().optional(0.2))
                .filter((source, destination, protocol, portPair, type, code, mac) ->
                        source.version() == destination.version())
                .as(PolicyArbitraries::packet);
    }

    private static Packet packet(
            IpAddress source,
            IpAddress destination,
            Protocol drawn,
            Tuple2<Integer, Integer> ports,
            int type,
            int code,
            Optional<MacAddress> mac) {
        // Mostly ICMP of the packet's own version: the other one is never seen in practice.
        Protocol protocol = drawn.equals(Protocol.ICMP) && source.isV6() ? Protocol.ICMPV6 : drawn;
        boolean icmp = protocol.equals(source.isV4() ? Protocol.ICMP : Protocol.ICMPV6);
        return new Packet(
                source,
                destination,
                protocol,
                protocol.hasPorts() ? OptionalInt.of(ports.get1()) : OptionalInt.empty(),
                protocol.hasPorts() ? OptionalInt.of(ports.get2()) : OptionalInt.empty(),
                icmp ? OptionalInt.of(type) : OptionalInt.empty(),
                icmp ? OptionalInt.of(code) : OptionalInt.empty(),
                mac);
    }

    /** The packet between these addresses; ICMP becomes that of their version. */
    static Packet between(IpAddress source, IpAddress destination, Packet packet) {
        boolean icmp = packet.icmpType().isPresent();
        return new Packet(
                source,
                destination,
                icmp ? source.isV4() ? Protocol.ICMP : Protocol.ICMPV6 : packet.protocol(),
                packet.sourcePort(),
                packet.destinationPort(),
                packet.icmpType(),
                packet.icmpCode(),
                Optional.empty());
    }

    static Arbitrary<Path> paths() {
        Arbitrary<String> interfaces = Arbitraries.frequency(
                Tuple.of(6, "cali1"),
                Tuple.of(6, "cali2"),
                Tuple.of(6, "cali3"),
                Tuple.of(1, "cali99"),
                Tuple.of(3, "eth0"),
                Tuple.of(1, "docker0"));
        return Arbitraries.frequencyOf(
                Tuple.of(10, Combinators.combine(interfaces, interfaces).as(Path::forwarded)),
                Tuple.of(2, interfaces.map(Path::toHost)),
                Tuple.of(1, interfaces.map(Path::fromHost)));
    }
}
