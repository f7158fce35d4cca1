package io.calico.dataplane.linux.nft;

import io.calico.model.net.Cidr;
import io.calico.model.net.IpAddress;
import io.calico.model.net.MacAddress;
import io.calico.model.net.PortRange;

/** A value that nftables compares, stores in a set or maps to. Immutable. */
public sealed interface Datum
        permits Datum.Name, Datum.Address, Datum.Network, Datum.Mac, Datum.Scalar, Datum.Ports, Datum.Word, NftVerdict {
    /** Asks the visitor about this kind of value. */
    <R> R accept(Visitor<R> visitor);

    /**
     * A meaning of values; no defaults, so that a new kind breaks every writer at compile time.
     *
     * @param <R> what the visitor makes of a value
     */
    interface Visitor<R> {
        /** An interface name or interface kind. */
        R name(Name name);

        /** One address. */
        R address(IpAddress address);

        /** A network. */
        R network(Cidr network);

        /** A MAC address. */
        R mac(MacAddress mac);

        /** A number. */
        R number(long value);

        /** A range of ports. */
        R ports(PortRange range);

        /** A word of nft's. */
        R word(Word word);

        /** A verdict. */
        R verdict(NftVerdict verdict);
    }

    /**
     * An interface name or kind.
     *
     * @param text 1 to 15 characters of {@code A-Z a-z 0-9 _ . : - @}
     * @param prefix whether every name that begins with it is meant
     */
    record Name(String text, boolean prefix) implements Datum {
        public Name {
            if (text.isEmpty() || text.length() > 15 || !text.chars().allMatch(Name::isSafe)) {
                throw new IllegalArgumentException(
                        "interface name '" + text + "' is not 1 to 15 of A-Z a-z 0-9 _ . : - @");
            }
        }

        private static boolean isSafe(int c) {
            return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || "_.:-@".indexOf(c) >= 0;
        }

        @Override
        public <R> R accept(Visitor<R> visitor) {
            return visitor.name(this);
        }
    }

    /** One IPv4 or IPv6 address. */
    record Address(IpAddress address) implements Datum {
        @Override
        public <R> R accept(Visitor<R> visitor) {
            return visitor.address(address);
        }
    }

    /** A network; only in a comparison. */
    record Network(Cidr network) implements Datum {
        @Override
        public <R> R accept(Visitor<R> visitor) {
            return visitor.network(network);
        }
    }

    /** A MAC address. */
    record Mac(MacAddress mac) implements Datum {
        @Override
        public <R> R accept(Visitor<R> visitor) {
            return visitor.mac(mac);
        }
    }

    /** A number, 0 to 2^32 - 1. */
    record Scalar(long value) implements Datum {
        public Scalar {
            if (value >>> 32 != 0) {
                throw new IllegalArgumentException("number " + value + " is not in 0-4294967295");
            }
        }

        @Override
        public <R> R accept(Visitor<R> visitor) {
            return visitor.number(value);
        }
    }

    /** A port or a range of them. */
    record Ports(PortRange range) implements Datum {
        @Override
        public <R> R accept(Visitor<R> visitor) {
            return visitor.ports(range);
        }
    }

    /** A word with a meaning of its own to nftables. */
    enum Word implements Datum {
        IPV4("ipv4"),
        IPV6("ipv6"),
        INVALID("invalid"),
        ESTABLISHED("established"),
        RELATED("related"),
        LOCAL("local");

        private final String text;

        Word(String text) {
            this.text = text;
        }

        /** The word as nft writes it. */
        public String text() {
            return text;
        }

        @Override
        public <R> R accept(Visitor<R> visitor) {
            return visitor.word(this);
        }
    }

    /** Whether it is one value, not a range or all that begins with something. */
    default boolean isPoint() {
        return !(this instanceof Name name && name.prefix()
                || this instanceof Network network && !network.network().isSingleAddress()
                || this instanceof Ports ports && !ports.range().isSingle());
    }

    /** An interface name. */
    static Name name(String text) {
        return new Name(text, false);
    }

    /** An address. */
    static Address address(IpAddress address) {
        return new Address(address);
    }

    /** A number. */
    static Scalar number(long value) {
        return new Scalar(value);
    }
}
