package io.calico.policy;

import io.calico.model.EndpointKey;
import io.calico.model.EndpointState;
import io.calico.model.ProfileRules;
import io.calico.model.WorkloadEndpoint;
import io.calico.model.net.IpAddress;
import io.calico.model.net.IpNet;
import io.calico.model.net.PortRange;
import io.calico.model.rule.Protocol;
import io.calico.model.rule.Rule;
import io.calico.model.rule.RuleAction;
import io.calico.policy.testkit.PolicyState;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * A second opinion on what policy means: reads the records as they are stored, rule by rule, packet by packet, with no
 * compiled form, no sets, no memory and no speed. It shares no code with the compiler and the evaluator; answers have the
 * form of {@link Decision#toString}.
 */
final class ReferenceInterpreter {
    private final PolicyState state;
    private final String host;

    ReferenceInterpreter(PolicyState state, String host) {
        this.state = state;
        this.host = host;
    }

    String decide(Packet packet, Path path) {
        if (path instanceof Path.FromHost) {
            return "allow: from the host itself";
        }
        String in = path instanceof Path.Forwarded forwarded ? forwarded.in() : ((Path.ToHost) path).in();
        Optional<String> out =
                path instanceof Path.Forwarded forwarded ? Optional.of(forwarded.out()) : Optional.empty();
        boolean fromWorkload = in.startsWith("cali");
        boolean toWorkload = out.isPresent() && out.get().startsWith("cali");
        if (!fromWorkload && !toWorkload) {
            return "allow: no workload interface involved";
        }
        String allowedBy = "";
        if (fromWorkload) {
            String onEntry = entry(packet, in);
            if (!onEntry.isEmpty()) {
                return onEntry;
            }
            if (out.isEmpty()) {
                return toHost(packet, in);
            }
            String outbound = walk(packet, local(in).orElseThrow().profileIds(), Direction.OUTBOUND);
            if (outbound.startsWith("deny") || !toWorkload) {
                return outbound;
            }
            allowedBy = outbound.substring("allow: ".length()) + ", ";
        }
        Optional<WorkloadEndpoint> receiver = local(out.orElseThrow());
        if (receiver.isEmpty()) {
            return "deny: to unknown endpoint";
        }
        String inbound = walk(packet, receiver.get().profileIds(), Direction.INBOUND);
        return inbound.startsWith("deny") ? inbound : "allow: " + allowedBy + inbound.substring("allow: ".length());
    }

    private String toHost(Packet packet, String in) {
        int type = packet.source().isV6() && packet.protocol().number() == 58
                ? packet.icmpType().orElse(-1)
                : -1;
        boolean neighbours = type >= 130 && type <= 133 || type == 135 || type == 136;
        boolean dhcp = udp(packet, 68, 67) || udp(packet, 546, 547);
        boolean dns = udp(packet, packet.sourcePort().orElse(-1), 53);
        if (neighbours || dhcp || dns) {
            return "allow: fixed exception for packets to the host";
        }
        return state.toHost() == EndpointToHostAction.DROP
                ? "deny: packets to the host are dropped"
                : walk(packet, local(in).orElseThrow().profileIds(), Direction.OUTBOUND);
    }

    private static boolean udp(Packet packet, int from, int to) {
        return packet.protocol().number() == 17
                && packet.sourcePort().orElse(-2) == from
                && packet.destinationPort().orElse(-2) == to;
    }

    /** The refusal at the sender's interface; empty if there is none. */
    private String entry(Packet packet, String in) {
        Optional<WorkloadEndpoint> sender = local(in);
        if (sender.isEmpty()) {
            return "deny: from unknown endpoint";
        }
        if (packet.sourceMac().isPresent()
                && packet.sourceMac().get().bits() != sender.get().mac().bits()) {
            return "deny: source MAC is not the endpoint's";
        }
        if (packet.protocol().number() == 4
                || packet.protocol().number() == 17 && packet.destinationPort().orElse(-1) == 4789) {
            return "deny: tunnel packet from a workload";
        }
        String source = packet.source().toString();
        boolean own =
                sender.get().addresses().stream().anyMatch(a -> a.toString().equals(source));
        boolean linkLocal = source.startsWith("fe80:");
        boolean noAddressYet = source.equals("0.0.0.0") && udp(packet, 68, 67)
                || source.equals("::")
                        && packet.protocol().number() == 58
                        && List.of(131, 135, 143).contains(packet.icmpType().orElse(-1));
        return own || linkLocal || noAddressYet ? "" : "deny: source address is not the endpoint's";
    }

    private String walk(Packet packet, List<String> profileIds, Direction direction) {
        for (String id : profileIds) {
            Optional<ProfileRules> rules = Optional.ofNullable(state.rules().get(id))
                    .filter(r -> r.invalidReason().isEmpty());
            if (rules.isEmpty()) {
                return "deny: " + id + " " + direction + " missing";
            }
            List<Rule> list = direction == Direction.INBOUND
                    ? rules.get().inbound()
                    : rules.get().outbound();
            for (int i = 0; i < list.size(); i++) {
                if (matches(list.get(i), packet)) {
                    return (list.get(i).action() == RuleAction.ALLOW ? "allow: " : "deny: ") + id + " " + direction
                            + " " + (i + 1);
                }
            }
        }
        String names = profileIds.isEmpty()
                ? "no profiles"
                : String.join(",", profileIds.stream().distinct().toList());
        return "deny: " + names + " " + direction + " no match";
    }

    private boolean matches(Rule rule, Packet packet) {
        return rule.ipVersion().filter(v -> v != packet.version()).isEmpty()
                && rule.protocol().filter(p -> !protocolMatches(p, packet)).isEmpty()
                && inside(rule.srcNet(), packet.source())
                && inside(rule.dstNet(), packet.destination())
                && rule.srcTag().filter(tag -> !isMember(tag, packet.source())).isEmpty()
                && rule.dstTag()
                        .filter(tag -> !isMember(tag, packet.destination()))
                        .isEmpty()
                && portMatches(rule.srcPorts(), packet.sourcePort())
                && portMatches(rule.dstPorts(), packet.destinationPort())
                && numberMatches(rule.icmpType(), packet.icmpType())
                && numberMatches(rule.icmpCode(), packet.icmpCode());
    }

    private static boolean protocolMatches(Protocol protocol, Packet packet) {
        return switch (protocol.toString()) {
            case "icmp" -> packet.source().isV4() && packet.protocol().number() == 1;
            case "icmpv6" -> packet.source().isV6() && packet.protocol().number() == 58;
            default -> packet.protocol().number() == protocol.number();
        };
    }

    private static boolean inside(Optional<IpNet> net, IpAddress address) {
        return net.isEmpty()
                || net.get().version() == address.version()
                        && address.compareTo(net.get().network().first()) >= 0
                        && address.compareTo(net.get().network().last()) <= 0;
    }

    private static boolean portMatches(List<PortRange> ranges, OptionalInt port) {
        boolean found = ranges.isEmpty();
        for (PortRange range : ranges) {
            found |= port.isPresent() && port.getAsInt() >= range.first() && port.getAsInt() <= range.last();
        }
        return found;
    }

    private static boolean numberMatches(Optional<Integer> wanted, OptionalInt number) {
        return wanted.isEmpty() || number.isPresent() && wanted.get() == number.getAsInt();
    }

    private boolean isMember(String tag, IpAddress address) {
        return state.endpoints().entrySet().stream()
                .filter(e -> isUsable(e.getKey(), e.getValue()))
                .filter(e -> e.getValue().addresses().contains(address))
                .flatMap(e -> e.getValue().profileIds().stream())
                .map(id -> state.tags().getOrDefault(id, List.of()))
                .filter(tags -> tags.stream().allMatch(ReferenceInterpreter::isName))
                .anyMatch(tags -> tags.contains(tag));
    }

    /** The active endpoint of this host with that interface. */
    private Optional<WorkloadEndpoint> local(String interfaceName) {
        return state.endpoints().entrySet().stream()
                .filter(e -> e.getKey().host().equals(host))
                .filter(e -> isUsable(e.getKey(), e.getValue()))
                .map(Map.Entry::getValue)
                .filter(e -> e.state() == EndpointState.ACTIVE)
                .filter(e -> e.interfaceName().equals(interfaceName))
                .findFirst();
    }

    private boolean isUsable(EndpointKey key, WorkloadEndpoint endpoint) {
        return endpoint.profileIds().stream().allMatch(ReferenceInterpreter::isName)
                && (!key.host().equals(host) || endpoint.interfaceName().matches("cali[A-Za-z0-9_.-]{0,11}"));
    }

    private static boolean isName(String text) {
        return text.matches("[A-Za-z0-9_.-]+");
    }
}
