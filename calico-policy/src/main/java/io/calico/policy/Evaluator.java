package io.calico.policy;

import io.calico.model.net.Cidr;
import io.calico.model.net.IpAddress;
import io.calico.model.rule.Protocol;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/**
 * Answers what the host does with the first packet of a flow, and why: which rule of which profile decided, or which
 * fixed rule. It reads the same compiled form that a packet filter is written from, and takes the same way. Immutable.
 *
 * <pre>
 *   from a workload:  known interface? MAC? tunnel? source address?
 *     to the host:       fixed exceptions, then the action for such packets, then outbound rules
 *     elsewhere:         outbound rules of the sender
 *   to a workload:    known interface? inbound rules of the receiver
 * </pre>
 *
 * What depends on more than one packet is not its business: replies and related packets, which a connection table lets
 * through, address translation, and what other programs' filters do afterwards.
 */
public final class Evaluator {
    private static final Protocol IPIP = Protocol.of(4);
    private static final int VXLAN_PORT = 4789;
    private static final Cidr LINK_LOCAL_V6 = Cidr.parse("fe80::/10");
    private static final IpAddress UNSPECIFIED_V4 = IpAddress.v4(0);
    private static final IpAddress UNSPECIFIED_V6 = IpAddress.v6(0, 0);
    /** Multicast listener discovery, neighbour solicitation: sent before an address is configured (RFC 4862). */
    private static final Set<Integer> UNSPECIFIED_SOURCE_TYPES = Set.of(131, 135, 143);
    /** Multicast listener discovery, router solicitation and advertisement, neighbour discovery. */
    private static final Set<Integer> HOST_ICMPV6_TYPES = Set.of(130, 131, 132, 133, 135, 136);

    private final CompiledPolicy policy;
    private final EndpointToHostAction toHost;

    /** An evaluator of that policy on a host that does {@code toHost} with packets from its workloads to itself. */
    public Evaluator(CompiledPolicy policy, EndpointToHostAction toHost) {
        this.policy = policy;
        this.toHost = toHost;
    }

    /** What happens to the packet on that way. */
    public Decision evaluate(Packet packet, Path path) {
        if (path instanceof Path.Forwarded forwarded) {
            return evaluateForwarded(packet, forwarded);
        }
        if (path instanceof Path.ToHost toThisHost) {
            return evaluateToHost(packet, toThisHost.in());
        }
        // A host that wanted to reach its own workloads could change the rules anyway, and health checks must.
        return allow(Reason.Fixed.FROM_HOST);
    }

    private Decision evaluateForwarded(Packet packet, Path.Forwarded path) {
        boolean fromWorkload = CompiledEndpoint.isWorkloadInterface(path.in());
        boolean toWorkload = CompiledEndpoint.isWorkloadInterface(path.out());
        if (!fromWorkload) {
            return toWorkload ? evaluateInbound(packet, path.out()) : allow(Reason.Fixed.NO_WORKLOAD);
        }
        Optional<Reason> refused = refusedAtEntry(packet, path.in());
        if (refused.isPresent()) {
            return deny(refused.get());
        }
        Decision outbound = evaluateOutbound(packet, path.in());
        if (outbound.verdict() == Verdict.DENY || !toWorkload) {
            return outbound;
        }
        Decision inbound = evaluateInbound(packet, path.out());
        return inbound.verdict() == Verdict.DENY
                ? inbound
                : new Decision(
                        Verdict.ALLOW,
                        List.of(outbound.reasons().get(0), inbound.reasons().get(0)));
    }

    private Decision evaluateToHost(Packet packet, String in) {
        if (!CompiledEndpoint.isWorkloadInterface(in)) {
            return allow(Reason.Fixed.NO_WORKLOAD);
        }
        Optional<Reason> refused = refusedAtEntry(packet, in);
        if (refused.isPresent()) {
            return deny(refused.get());
        }
        if (isHostException(packet)) {
            return allow(Reason.Fixed.HOST_EXCEPTION);
        }
        return switch (toHost) {
            case DROP -> deny(Reason.Fixed.HOST_ACTION);
            case RETURN, ACCEPT -> evaluateOutbound(packet, in);
        };
    }

    /** Why a packet from that workload interface is dropped before anything else is looked at, if it is. */
    private Optional<Reason> refusedAtEntry(Packet packet, String in) {
        CompiledEndpoint sender = policy.endpoints().get(in);
        if (sender == null) {
            return Optional.of(Reason.Fixed.UNKNOWN_SENDER);
        }
        if (!packet.sourceMac().orElse(sender.mac()).equals(sender.mac())) {
            return Optional.of(Reason.Fixed.SOURCE_MAC);
        }
        if (packet.protocol().equals(IPIP) || isUdpTo(packet, VXLAN_PORT)) {
            return Optional.of(Reason.Fixed.TUNNEL_FROM_WORKLOAD);
        }
        return sender.sourceAddresses().contains(packet.source()) || isSourceBeforeAddress(packet)
                ? Optional.empty()
                : Optional.of(Reason.Fixed.SOURCE_ADDRESS);
    }

    /** Sources which a workload uses while it does not know its address, or to its direct neighbour only. */
    private static boolean isSourceBeforeAddress(Packet packet) {
        if (packet.source().equals(UNSPECIFIED_V4)) {
            return isUdp(packet, 68, 67);
        }
        if (packet.source().equals(UNSPECIFIED_V6)) {
            return isIcmpv6(packet, UNSPECIFIED_SOURCE_TYPES);
        }
        return LINK_LOCAL_V6.contains(packet.source());
    }

    private static boolean isHostException(Packet packet) {
        return isIcmpv6(packet, HOST_ICMPV6_TYPES)
                || isUdp(packet, 68, 67)
                || isUdp(packet, 546, 547)
                || isUdpTo(packet, 53);
    }

    private static boolean isIcmpv6(Packet packet, Set<Integer> types) {
        OptionalInt type = packet.icmpType();
        return packet.source().isV6()
                && packet.protocol().equals(Protocol.ICMPV6)
                && type.isPresent()
                && types.contains(type.getAsInt());
    }

    private static boolean isUdp(Packet packet, int sourcePort, int destinationPort) {
        return isUdpTo(packet, destinationPort) && packet.sourcePort().equals(OptionalInt.of(sourcePort));
    }

    private static boolean isUdpTo(Packet packet, int destinationPort) {
        return packet.protocol().equals(Protocol.UDP)
                && packet.destinationPort().equals(OptionalInt.of(destinationPort));
    }

    private Decision evaluateOutbound(Packet packet, String in) {
        CompiledEndpoint sender = policy.endpoints().get(in);
        return sender == null
                ? deny(Reason.Fixed.UNKNOWN_SENDER)
                : evaluateList(packet, sender.profiles(), Direction.OUTBOUND);
    }

    private Decision evaluateInbound(Packet packet, String out) {
        CompiledEndpoint receiver = policy.endpoints().get(out);
        return receiver == null
                ? deny(Reason.Fixed.UNKNOWN_RECEIVER)
                : evaluateList(packet, receiver.profiles(), Direction.INBOUND);
    }

    private Decision evaluateList(Packet packet, ProfileList profiles, Direction direction) {
        PacketTest test = new PacketTest(packet, policy.tagSets());
        for (String name : profiles.ids()) {
            CompiledProfile profile = policy.profiles().get(name);
            if (profile == null || profile.missing()) {
                return deny(new Reason.MissingProfile(name, direction));
            }
            for (CompiledRule rule : profile.rules(direction)) {
                if (test.passes(rule)) {
                    return new Decision(rule.verdict(), List.of(new Reason.MatchedRule(rule.source())));
                }
            }
        }
        return deny(new Reason.NoMatch(profiles, direction));
    }

    private static Decision allow(Reason reason) {
        return new Decision(Verdict.ALLOW, List.of(reason));
    }

    private static Decision deny(Reason reason) {
        return new Decision(Verdict.DENY, List.of(reason));
    }
}
