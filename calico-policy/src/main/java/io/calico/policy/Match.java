package io.calico.policy;

import io.calico.model.net.Cidr;
import io.calico.model.net.PortRange;
import io.calico.model.rule.Protocol;
import java.util.List;

/**
 * One condition on a packet. What it means is up to a {@link Visitor}: a packet filter writes it, the evaluator tests
 * it. Ports appear only together with the protocol that has them, ICMP numbers only together with ICMP of the rule's
 * version, a code only together with a type. The text of each is for people, in the words of the rule language.
 */
public sealed interface Match {
    /** Asks the visitor about this kind of match. */
    <R> R accept(Visitor<R> visitor);

    /**
     * A meaning of matches. No method has a default: a new kind must break every backend at compile time.
     *
     * @param <R> what the visitor makes of a match
     */
    interface Visitor<R> {
        /** The protocol after the IP header (IPv6: after its extension headers) is this one. */
        R protocolIs(Protocol protocol);

        /** The source address is inside the network. */
        R sourceIn(Cidr network);

        /** The destination address is inside the network. */
        R destinationIn(Cidr network);

        /** The source address is a member of the set at this moment. */
        R sourceHasTag(TagSet tag);

        /** The destination address is a member of the set at this moment. */
        R destinationHasTag(TagSet tag);

        /** The source port is in one of the ranges: never empty, ascending, neither overlapping nor touching. */
        R sourcePorts(List<PortRange> ranges);

        /** The destination port is in one of the ranges: never empty, ascending, neither overlapping nor touching. */
        R destinationPorts(List<PortRange> ranges);

        /** The ICMP or ICMPv6 type is this one, 0 to 255; 255 is a number like the others. */
        R icmpTypeIs(int type);

        /** The ICMP or ICMPv6 code is this one, 0 to 255. */
        R icmpCodeIs(int code);
    }

    /** See {@link Visitor#protocolIs}. */
    record ProtocolIs(Protocol protocol) implements Match {
        @Override
        public <R> R accept(Visitor<R> visitor) {
            return visitor.protocolIs(protocol);
        }

        @Override
        public String toString() {
            return protocol.toString();
        }
    }

    /** See {@link Visitor#sourceIn}. */
    record SourceIn(Cidr network) implements Match {
        @Override
        public <R> R accept(Visitor<R> visitor) {
            return visitor.sourceIn(network);
        }

        @Override
        public String toString() {
            return "from " + network;
        }
    }

    /** See {@link Visitor#destinationIn}. */
    record DestinationIn(Cidr network) implements Match {
        @Override
        public <R> R accept(Visitor<R> visitor) {
            return visitor.destinationIn(network);
        }

        @Override
        public String toString() {
            return "to " + network;
        }
    }

    /** See {@link Visitor#sourceHasTag}. */
    record SourceHasTag(TagSet tag) implements Match {
        @Override
        public <R> R accept(Visitor<R> visitor) {
            return visitor.sourceHasTag(tag);
        }

        @Override
        public String toString() {
            return "from tag " + tag.tag();
        }
    }

    /** See {@link Visitor#destinationHasTag}. */
    record DestinationHasTag(TagSet tag) implements Match {
        @Override
        public <R> R accept(Visitor<R> visitor) {
            return visitor.destinationHasTag(tag);
        }

        @Override
        public String toString() {
            return "to tag " + tag.tag();
        }
    }

    /** See {@link Visitor#sourcePorts}; the constructor merges ranges in any order. */
    record SourcePorts(List<PortRange> ranges) implements Match {
        public SourcePorts {
            ranges = PortRanges.merged(ranges);
        }

        @Override
        public <R> R accept(Visitor<R> visitor) {
            return visitor.sourcePorts(ranges);
        }

        @Override
        public String toString() {
            return "from ports " + PortRanges.text(ranges);
        }
    }

    /** See {@link Visitor#destinationPorts}; the constructor merges ranges in any order. */
    record DestinationPorts(List<PortRange> ranges) implements Match {
        public DestinationPorts {
            ranges = PortRanges.merged(ranges);
        }

        @Override
        public <R> R accept(Visitor<R> visitor) {
            return visitor.destinationPorts(ranges);
        }

        @Override
        public String toString() {
            return "to ports " + PortRanges.text(ranges);
        }
    }

    /** See {@link Visitor#icmpTypeIs}. */
    record IcmpTypeIs(int type) implements Match {
        @Override
        public <R> R accept(Visitor<R> visitor) {
            return visitor.icmpTypeIs(type);
        }

        @Override
        public String toString() {
            return "type " + type;
        }
    }

    /** See {@link Visitor#icmpCodeIs}. */
    record IcmpCodeIs(int code) implements Match {
        @Override
        public <R> R accept(Visitor<R> visitor) {
            return visitor.icmpCodeIs(code);
        }

        @Override
        public String toString() {
            return "code " + code;
        }
    }
}
