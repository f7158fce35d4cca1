package io.calico.policy;

import io.calico.model.net.Cidr;
import io.calico.model.net.IpAddress;
import io.calico.model.net.PortRange;
import io.calico.model.rule.Protocol;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;

/** The meaning of a match for one packet: whether it holds. */
final class PacketTest implements Match.Visitor<Boolean> {
    private final Packet packet;
    private final Map<TagSet, AddressSet> tagSets;

    PacketTest(Packet packet, Map<TagSet, AddressSet> tagSets) {
        this.packet = packet;
        this.tagSets = tagSets;
    }

    /** Whether the packet is of the rule's version and all matches hold. */
    boolean passes(CompiledRule rule) {
        return rule.isFor(packet.version()) && rule.matches().stream().allMatch(match -> match.accept(this));
    }

    @Override
    public Boolean protocolIs(Protocol protocol) {
        return packet.protocol().equals(protocol);
    }

    @Override
    public Boolean sourceIn(Cidr network) {
        return network.contains(packet.source());
    }

    @Override
    public Boolean destinationIn(Cidr network) {
        return network.contains(packet.destination());
    }

    @Override
    public Boolean sourceHasTag(TagSet tag) {
        return isMember(packet.source(), tag);
    }

    @Override
    public Boolean destinationHasTag(TagSet tag) {
        return isMember(packet.destination(), tag);
    }

    private boolean isMember(IpAddress address, TagSet tag) {
        AddressSet members = tagSets.get(tag);
        return members != null && members.contains(address);
    }

    @Override
    public Boolean sourcePorts(List<PortRange> ranges) {
        return isIn(packet.sourcePort(), ranges);
    }

    @Override
    public Boolean destinationPorts(List<PortRange> ranges) {
        return isIn(packet.destinationPort(), ranges);
    }

    private static boolean isIn(OptionalInt port, List<PortRange> ranges) {
        return port.isPresent() && ranges.stream().anyMatch(range -> range.contains(port.getAsInt()));
    }

    @Override
    public Boolean icmpTypeIs(int type) {
        return packet.icmpType().equals(OptionalInt.of(type));
    }

    @Override
    public Boolean icmpCodeIs(int code) {
        return packet.icmpCode().equals(OptionalInt.of(code));
    }
}
