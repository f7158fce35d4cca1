package io.calico.policy;

import io.calico.model.net.IpAddress;
import io.calico.model.net.IpVersion;
import io.calico.model.net.MacAddress;
import io.calico.model.rule.Protocol;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * The first packet of a flow, as the filter sees it: after destination NAT, before source NAT, defragmented.
 *
 * @param protocol the protocol after the IP header (IPv6: after its extension headers)
 * @param sourcePort 0 to 65535; empty if the protocol has no ports
 * @param destinationPort 0 to 65535; empty if the protocol has no ports
 * @param icmpType 0 to 255; empty if the protocol is not ICMP of the packet's version
 * @param icmpCode 0 to 255; empty if the protocol is not ICMP of the packet's version
 * @param sourceMac the MAC it was sent with; empty: the one which its sender ought to use
 */
public record Packet(
        IpAddress source,
        IpAddress destination,
        Protocol protocol,
        OptionalInt sourcePort,
        OptionalInt destinationPort,
        OptionalInt icmpType,
        OptionalInt icmpCode,
        Optional<MacAddress> sourceMac) {
    public Packet {
        if (source.version() != destination.version()) {
            throw new IllegalArgumentException(source + " and " + destination + " are of different IP versions");
        }
        requireRange("source port", sourcePort, 65535);
        requireRange("destination port", destinationPort, 65535);
        requireRange("ICMP type", icmpType, 255);
        requireRange("ICMP code", icmpCode, 255);
    }

    private static void requireRange(String what, OptionalInt value, int highest) {
        if (value.isPresent() && (value.getAsInt() < 0 || value.getAsInt() > highest)) {
            throw new IllegalArgumentException(what + " " + value.getAsInt() + " is not in 0-" + highest);
        }
    }

    /** A packet of a protocol that has ports. */
    public static Packet withPorts(
            Protocol protocol, IpAddress source, int sourcePort, IpAddress destination, int destinationPort) {
        return new Packet(
                source,
                destination,
                protocol,
                OptionalInt.of(sourcePort),
                OptionalInt.of(destinationPort),
                OptionalInt.empty(),
                OptionalInt.empty(),
                Optional.empty());
    }

    /** A packet of ICMP, or of ICMPv6 if the addresses are IPv6. */
    public static Packet icmp(IpAddress source, IpAddress destination, int type, int code) {
        return new Packet(
                source,
                destination,
                source.isV4() ? Protocol.ICMP : Protocol.ICMPV6,
                OptionalInt.empty(),
                OptionalInt.empty(),
                OptionalInt.of(type),
                OptionalInt.of(code),
                Optional.empty());
    }

    /** A packet of a protocol of which nothing more is looked at. */
    public static Packet bare(Protocol protocol, IpAddress source, IpAddress destination) {
        return new Packet(
                source,
                destination,
                protocol,
                OptionalInt.empty(),
                OptionalInt.empty(),
                OptionalInt.empty(),
                OptionalInt.empty(),
                Optional.empty());
    }

    /** This packet, sent with that MAC. */
    public Packet withSourceMac(MacAddress mac) {
        return new Packet(
                source, destination, protocol, sourcePort, destinationPort, icmpType, icmpCode, Optional.of(mac));
    }

    /** The IP version of both addresses. */
    public IpVersion version() {
        return source.version();
    }
}
