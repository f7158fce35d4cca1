package io.calico.policy.testkit;

import io.calico.model.net.IpAddress;
import io.calico.model.net.IpVersion;
import io.calico.model.net.MacAddress;
import io.calico.model.rule.Protocol;
import io.calico.policy.Packet;
import io.calico.policy.Path;
import io.calico.policy.Verdict;
import java.util.Optional;
import java.util.OptionalInt;

/** Fills a probe from what a row says; the rest follows from the fixture. Confined to one thread. */
final class ProbeBuilder {
    private static final int SOURCE_PORT = 40000;

    private final Place from;
    private final Place to;
    private String host = Fixture.HOST;
    private IpVersion version = IpVersion.V4;
    private Protocol protocol = Protocol.TCP;
    private OptionalInt sourcePort = OptionalInt.empty();
    private OptionalInt destinationPort = OptionalInt.empty();
    private OptionalInt icmpType = OptionalInt.empty();
    private OptionalInt icmpCode = OptionalInt.empty();
    private Optional<IpAddress> source = Optional.empty();
    private Optional<IpAddress> destination = Optional.empty();
    private Optional<MacAddress> mac = Optional.empty();

    private ProbeBuilder(Place from, Place to) {
        this.from = from;
        this.to = to;
    }

    static ProbeBuilder packet(String from, String to) {
        return new ProbeBuilder(Fixture.place(from), Fixture.place(to));
    }

    ProbeBuilder tcp(int port) {
        return ports(Protocol.TCP, SOURCE_PORT, port);
    }

    ProbeBuilder tcp(int fromPort, int toPort) {
        return ports(Protocol.TCP, fromPort, toPort);
    }

    ProbeBuilder udp(int port) {
        return ports(Protocol.UDP, SOURCE_PORT, port);
    }

    ProbeBuilder udp(int fromPort, int toPort) {
        return ports(Protocol.UDP, fromPort, toPort);
    }

    private ProbeBuilder ports(Protocol withPorts, int fromPort, int toPort) {
        protocol = withPorts;
        sourcePort = OptionalInt.of(fromPort);
        destinationPort = OptionalInt.of(toPort);
        return this;
    }

    ProbeBuilder icmp(int type, int code) {
        protocol = Protocol.ICMP;
        icmpType = OptionalInt.of(type);
        icmpCode = OptionalInt.of(code);
        return this;
    }

    ProbeBuilder icmpv6(int type) {
        icmp(type, 0);
        protocol = Protocol.ICMPV6;
        return overIpv6();
    }

    ProbeBuilder protocol(int number) {
        protocol = Protocol.of(number);
        return this;
    }

    ProbeBuilder overIpv6() {
        version = IpVersion.V6;
        return this;
    }

    ProbeBuilder withSource(String address) {
        source = Optional.of(IpAddress.parse(address));
        return this;
    }

    ProbeBuilder withDestination(String address) {
        destination = Optional.of(IpAddress.parse(address));
        return this;
    }

    ProbeBuilder withMac(String address) {
        mac = Optional.of(MacAddress.parse(address));
        return this;
    }

    ProbeBuilder onHost(String name) {
        host = name;
        return this;
    }

    Probe build(Verdict verdict, Optional<String> by) {
        Packet packet = new Packet(
                source.orElseGet(() -> from.address(version)),
                destination.orElseGet(() -> to.address(version)),
                protocol,
                sourcePort,
                destinationPort,
                icmpType,
                icmpCode,
                mac);
        return new Probe(from.name(), to.name(), packet, path(), host, verdict, by);
    }

    private Path path() {
        if (isThisHost(from)) {
            return Path.fromHost(interfaceTo(to));
        }
        return isThisHost(to) ? Path.toHost(interfaceTo(from)) : Path.forwarded(interfaceTo(from), interfaceTo(to));
    }

    private boolean isThisHost(Place place) {
        return place.isHost() && place.host().equals(host);
    }

    private String interfaceTo(Place place) {
        return place.host().equals(host) ? place.interfaceName() : Fixture.UPLINK;
    }
}
