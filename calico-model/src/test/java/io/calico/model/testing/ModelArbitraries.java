package io.calico.model.testing;

import io.calico.model.EndpointKey;
import io.calico.model.EndpointState;
import io.calico.model.IpPool;
import io.calico.model.Profile;
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
import java.util.List;
import java.util.Optional;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.Tuple;

/**
 * Arbitrary addresses, networks, rules, profiles, pools and endpoints. They shrink towards zero, and lean towards the
 * values where mistakes live: first and last addresses, runs of zero groups, prefix lengths at the ends.
 */
public final class ModelArbitraries {
    private ModelArbitraries() {}

    public static Arbitrary<IpAddress> v4Addresses() {
        return Arbitraries.integers().map(IpAddress::v4);
    }

    /** Half of the groups are zero, so that every shape of {@code ::} appears. */
    public static Arbitrary<IpAddress> v6Addresses() {
        Arbitrary<Long> group = Arbitraries.frequencyOf(
                Tuple.of(4, Arbitraries.just(0L)),
                Tuple.of(1, Arbitraries.just(0xffffL)),
                Tuple.of(3, Arbitraries.longs().between(0, 0xffff)));
        Arbitrary<Long> half = group.list()
                .ofSize(4)
                .map(groups -> groups.get(0) << 48 | groups.get(1) << 32 | groups.get(2) << 16 | groups.get(3));
        return Combinators.combine(half, half).as(IpAddress::v6);
    }

    public static Arbitrary<IpAddress> addresses() {
        return Arbitraries.oneOf(v4Addresses(), v6Addresses());
    }

    public static Arbitrary<IpAddress> addresses(IpVersion version) {
        return version == IpVersion.V4 ? v4Addresses() : v6Addresses();
    }

    public static Arbitrary<Cidr> cidrs() {
        return ipNets().map(IpNet::network);
    }

    public static Arbitrary<Cidr> cidrs(IpVersion version) {
        return ipNets(version).map(IpNet::network);
    }

    /** Networks with host bits. */
    public static Arbitrary<IpNet> ipNets() {
        return Arbitraries.oneOf(ipNets(IpVersion.V4), ipNets(IpVersion.V6));
    }

    /** Networks with host bits, of that version. */
    public static Arbitrary<IpNet> ipNets(IpVersion version) {
        return Combinators.combine(addresses(version), Arbitraries.integers().between(0, version.bits()))
                .as(IpNet::of);
    }

    public static Arbitrary<MacAddress> macAddresses() {
        return Arbitraries.longs().between(0, (1L << 48) - 1).map(MacAddress::of);
    }

    /** Every third one is a single port. */
    public static Arbitrary<PortRange> portRanges() {
        Arbitrary<Integer> ports = Arbitraries.integers().between(0, 65535);
        Arbitrary<PortRange> ranges = Combinators.combine(ports, ports)
                .as((one, other) -> new PortRange(Math.min(one, other), Math.max(one, other)));
        return Arbitraries.frequencyOf(Tuple.of(1, ports.map(PortRange::of)), Tuple.of(2, ranges));
    }

    /** Valid names of profiles and tags that an argument can hold: none starts with a dash. */
    public static Arbitrary<String> names() {
        Arbitrary<String> any = Arbitraries.strings()
                .withCharRange('a', 'z')
                .withCharRange('A', 'Z')
                .withCharRange('0', '9')
                .withChars('_', '.', '-')
                .ofMinLength(1)
                .ofMaxLength(12)
                .filter(name -> !name.startsWith("-"));
        Arbitrary<String> keywords =
                Arbitraries.of("tag", "cidr", "ports", "from", "to", "type", "code", "allow", "deny", "tcp", "icmp");
        return Arbitraries.frequencyOf(Tuple.of(4, any), Tuple.of(1, keywords));
    }

    /** Rules that the command line can say. */
    public static Arbitrary<Rule> writableRules() {
        Arbitrary<Optional<Protocol>> protocols = Arbitraries.of(
                Optional.empty(),
                Optional.of(Protocol.TCP),
                Optional.of(Protocol.UDP),
                Optional.of(Protocol.ICMP),
                Optional.of(Protocol.ICMPV6));
        return protocols.flatMap(ModelArbitraries::writableRules);
    }

    private static Arbitrary<Rule> writableRules(Optional<Protocol> protocol) {
        boolean icmp = protocol.filter(Protocol::isIcmp).isPresent();
        Arbitrary<IpVersion> versions = protocol.equals(Optional.of(Protocol.ICMP))
                ? Arbitraries.just(IpVersion.V4)
                : icmp ? Arbitraries.just(IpVersion.V6) : Arbitraries.of(IpVersion.values());
        boolean ports = protocol.filter(Protocol::hasPorts).isPresent();
        Arbitrary<List<PortRange>> portLists = ports ? portRanges().list().ofMaxSize(5) : Arbitraries.just(List.of());
        Arbitrary<Optional<Integer>> numbers =
                icmp ? Arbitraries.integers().between(0, 254).optional() : Arbitraries.just(Optional.empty());
        return versions.flatMap(version -> Combinators.combine(
                        Arbitraries.of(RuleAction.values()),
                        names().optional(),
                        names().optional(),
                        ipNets(version).optional(),
                        ipNets(version).optional(),
                        portLists,
                        portLists,
                        Combinators.combine(numbers, numbers).as(Tuple::of))
                .as((action, srcTag, dstTag, srcNet, dstNet, srcPorts, dstPorts, typeAndCode) -> Rule.builder()
                        .action(action)
                        .protocol(protocol)
                        .srcTag(srcTag)
                        .dstTag(dstTag)
                        .srcNet(srcNet)
                        .dstNet(dstNet)
                        .srcPorts(srcPorts)
                        .dstPorts(dstPorts)
                        .icmpType(typeAndCode.get1())
                        .icmpCode(typeAndCode.get1().flatMap(type -> typeAndCode.get2()))
                        .build()));
    }

    /**
     * Rules that a dataplane must apply: also such that only records can hold, with an IP version, any protocol or ICMP
     * number, and networks of two families in one rule.
     */
    public static Arbitrary<Rule> applicableRules() {
        Arbitrary<Rule> withVersion = writableRules().map(rule -> {
            Optional<IpVersion> version = rule.srcNet().or(rule::dstNet).map(IpNet::version);
            boolean icmpv6 = rule.protocol().equals(Optional.of(Protocol.ICMPV6));
            return rule.withIpVersion(version.orElse(icmpv6 ? IpVersion.V6 : IpVersion.V4));
        });
        Arbitrary<Rule> otherProtocol = Combinators.combine(
                        writableRules(), Arbitraries.integers().between(1, 255).map(Protocol::of))
                .as((rule, protocol) -> rule.withProtocol(protocol)
                        .withIcmpType(protocol.isIcmp() ? rule.icmpType() : Optional.empty())
                        .withIcmpCode(protocol.isIcmp() ? rule.icmpCode() : Optional.empty())
                        .withSrcPorts(protocol.hasPorts() ? rule.srcPorts() : List.of())
                        .withDstPorts(protocol.hasPorts() ? rule.dstPorts() : List.of()));
        Arbitrary<Rule> twoFamilies = Combinators.combine(writableRules(), ipNets(), ipNets())
                .as((rule, srcNet, dstNet) -> rule.withSrcNet(srcNet).withDstNet(dstNet));
        Arbitrary<Rule> highestIcmp = Arbitraries.of(Protocol.ICMP, Protocol.ICMPV6)
                .map(protocol -> Rule.builder()
                        .protocol(protocol)
                        .icmpType(255)
                        .icmpCode(255)
                        .build());
        return Arbitraries.frequencyOf(
                Tuple.of(6, writableRules()),
                Tuple.of(2, withVersion),
                Tuple.of(2, otherProtocol),
                Tuple.of(1, twoFamilies),
                Tuple.of(1, highestIcmp));
    }

    /** Rule lists of up to eight applicable rules each. */
    public static Arbitrary<ProfileRules> profileRules() {
        Arbitrary<List<Rule>> rules = applicableRules().list().ofMaxSize(8);
        return Combinators.combine(names().optional(), rules, rules)
                .as((id, inbound, outbound) -> ProfileRules.builder()
                        .id(id)
                        .inbound(inbound)
                        .outbound(outbound)
                        .build());
    }

    /** Profiles, some without rules. */
    public static Arbitrary<Profile> profiles() {
        return Combinators.combine(
                        names(),
                        names().list().ofMaxSize(4).uniqueElements(),
                        profileRules().optional(0.9))
                .as((name, tags, rules) ->
                        Profile.builder().name(name).tags(tags).rules(rules).build());
    }

    /** Pools of both versions that hold at least one block. */
    public static Arbitrary<IpPool> pools() {
        Arbitrary<Cidr> nets = Arbitraries.oneOf(
                Combinators.combine(v4Addresses(), Arbitraries.integers().between(8, 26))
                        .as(Cidr::of),
                Combinators.combine(v6Addresses(), Arbitraries.integers().between(16, 122))
                        .as(Cidr::of));
        Arbitrary<Boolean> flags = Arbitraries.of(true, false);
        return Combinators.combine(
                        nets,
                        Arbitraries.just("tunl0").optional(),
                        flags,
                        flags,
                        flags,
                        Arbitraries.of("always", "cross-subnet").optional(),
                        Arbitraries.integers().between(0, 6).optional())
                .as((net, ipip, nat, ipam, disabled, vxlan, hostBits) -> IpPool.builder()
                        .cidr(net)
                        .ipip(ipip)
                        .natOutgoing(nat)
                        .ipam(ipam)
                        .disabled(disabled)
                        .vxlan(vxlan)
                        .blockSize(hostBits.map(bits -> net.version().bits() - bits))
                        .build());
    }

    /** Endpoint ids of any host and orchestrator. */
    public static Arbitrary<EndpointKey> endpointKeys() {
        return Combinators.combine(names(), Arbitraries.of("docker", "libnetwork", "namespace"), names(), names())
                .as(EndpointKey::new);
    }

    /** Endpoints with up to three addresses of each version and up to three profiles. */
    public static Arbitrary<WorkloadEndpoint> endpoints() {
        Arbitrary<String> ids = Arbitraries.strings()
                .withCharRange('0', '9')
                .withCharRange('a', 'f')
                .ofLength(11);
        return Combinators.combine(
                        Arbitraries.of(EndpointState.values()),
                        ids,
                        macAddresses(),
                        names().list().ofMaxSize(3).uniqueElements(),
                        v4Addresses().map(Cidr::of).list().ofMaxSize(3),
                        v6Addresses().map(Cidr::of).list().ofMaxSize(3),
                        v4Addresses().optional(),
                        v6Addresses().optional())
                .as((state, id, mac, profiles, v4, v6, gateway4, gateway6) -> WorkloadEndpoint.builder()
                        .state(state)
                        .interfaceName("cali" + id)
                        .mac(mac)
                        .profileIds(profiles)
                        .ipv4Nets(v4)
                        .ipv6Nets(v6)
                        .ipv4Gateway(gateway4)
                        .ipv6Gateway(gateway6)
                        .build());
    }
}
