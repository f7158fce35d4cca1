package io.calico.model.rule;

import io.calico.model.json.RecordFields;
import io.calico.model.net.IpVersion;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/**
 * An IP protocol: in IPv4 the protocol field, in IPv6 the upper-layer protocol. Six have names ({@code tcp udp icmp
 * icmpv6 sctp udplite}); a number that has a name is equal to it. Immutable; ordered by number.
 */
public final class Protocol implements Comparable<Protocol> {
    /** Internet Control Message Protocol of IPv4, number 1. */
    public static final Protocol ICMP = new Protocol(1, "icmp");
    /** Transmission Control Protocol, number 6. */
    public static final Protocol TCP = new Protocol(6, "tcp");
    /** User Datagram Protocol, number 17. */
    public static final Protocol UDP = new Protocol(17, "udp");
    /** Internet Control Message Protocol of IPv6, number 58. */
    public static final Protocol ICMPV6 = new Protocol(58, "icmpv6");
    /** Stream Control Transmission Protocol, number 132. */
    public static final Protocol SCTP = new Protocol(132, "sctp");
    /** Lightweight User Datagram Protocol, number 136. */
    public static final Protocol UDPLITE = new Protocol(136, "udplite");

    /** Those that the rule language can say, in the order in which it names them. */
    static final List<Protocol> WRITABLE = List.of(TCP, UDP, ICMP, ICMPV6);

    private static final List<Protocol> NAMED = List.of(ICMP, TCP, UDP, ICMPV6, SCTP, UDPLITE);
    /** 33 is the Datagram Congestion Control Protocol: it has ports, but no name in the rule language. */
    private static final List<Protocol> WITH_PORTS = List.of(TCP, UDP, SCTP, UDPLITE, new Protocol(33, "33"));

    private final int number;
    private final String text;

    private Protocol(int number, String text) {
        this.number = number;
        this.text = text;
    }

    /**
     * The protocol with that number.
     *
     * @param number 1 to 255
     * @throws IllegalArgumentException if it is out of range
     */
    public static Protocol of(int number) {
        if (number < 1 || number > 255) {
            throw new IllegalArgumentException("protocol number " + number + " is not in 1-255");
        }
        for (Protocol named : NAMED) {
            if (named.number == number) {
                return named;
            }
        }
        return new Protocol(number, Integer.toString(number));
    }

    /**
     * Parses a name in lower case or a decimal number 1-255.
     *
     * @throws IllegalArgumentException if the text is neither; the message names the text
     */
    public static Protocol parse(String text) {
        return tryParse(text)
                .orElseThrow(() -> new IllegalArgumentException(
                        "'" + text + "' is not a protocol (tcp, udp, icmp, icmpv6, sctp, udplite or a number 1-255)"));
    }

    /** Parses as {@link #parse}; empty if the text is no protocol. */
    public static Optional<Protocol> tryParse(String text) {
        for (Protocol named : NAMED) {
            if (named.text.equals(text)) {
                return Optional.of(named);
            }
        }
        OptionalInt number = RecordFields.decimal(text);
        return number.isPresent() && number.getAsInt() >= 1 && number.getAsInt() <= 255
                ? Optional.of(of(number.getAsInt()))
                : Optional.empty();
    }

    /** The number in the packet, 1 to 255. */
    public int number() {
        return number;
    }

    /** Whether its packets carry source and destination ports. */
    public boolean hasPorts() {
        return WITH_PORTS.contains(this);
    }

    /** Whether it is ICMP or ICMPv6, whose packets carry a type and a code. */
    public boolean isIcmp() {
        return equals(ICMP) || equals(ICMPV6);
    }

    /** The only IP version in which rules with this protocol apply; empty: both. */
    public Optional<IpVersion> ipVersion() {
        return equals(ICMP) ? Optional.of(IpVersion.V4) : equals(ICMPV6) ? Optional.of(IpVersion.V6) : Optional.empty();
    }

    /** Whether it has a name; else its text is a number. */
    public boolean isNamed() {
        return NAMED.contains(this);
    }

    @Override
    public int compareTo(Protocol other) {
        return Integer.compare(number, other.number);
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof Protocol that && number == that.number;
    }

    @Override
    public int hashCode() {
        return number;
    }

    /** The name, else the number in decimal. */
    @Override
    public String toString() {
        return text;
    }
}
