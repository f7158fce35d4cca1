package io.calico.model.net;

import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * An address with a prefix length, host bits kept as given ({@code 10.1.2.3/8}): what a rule's CIDR is stored and shown
 * as. Equal to another one if both name the same network, whatever the host bits. Immutable.
 */
public final class IpNet {
    private final IpAddress address;
    private final Cidr network;

    private IpNet(IpAddress address, Cidr network) {
        this.address = address;
        this.network = network;
    }

    /**
     * The address with that prefix length.
     *
     * @throws IllegalArgumentException if the prefix length is out of range
     */
    public static IpNet of(IpAddress address, int prefixLength) {
        return new IpNet(address, Cidr.of(address, prefixLength));
    }

    /** The network itself, with no host bits. */
    public static IpNet of(Cidr network) {
        return new IpNet(network.first(), network);
    }

    /**
     * Parses {@code ADDRESS} (then /32 or /128) or {@code ADDRESS/LENGTH}.
     *
     * @throws IllegalArgumentException if the text is anything else; the message names the text
     */
    public static IpNet parse(String text) {
        return tryParse(text).orElseThrow(() -> new IllegalArgumentException("'" + text + "' is not a CIDR"));
    }

    /** Parses as {@link #parse}; empty if the text is not of that form. */
    public static Optional<IpNet> tryParse(String text) {
        int slash = text.indexOf('/');
        if (slash < 0) {
            return IpAddress.tryParse(text).map(a -> of(a, a.version().bits()));
        }
        Optional<IpAddress> address = IpAddress.tryParse(text.substring(0, slash));
        int length = parseLength(text, slash + 1);
        if (address.isEmpty() || length < 0 || length > address.get().version().bits()) {
            return Optional.empty();
        }
        return Optional.of(of(address.get(), length));
    }

    /** The decimal number that is the rest of the text, one to three digits without leading zeros, or -1. */
    private static int parseLength(String text, int from) {
        int digits = text.length() - from;
        if (digits < 1 || digits > 3 || digits > 1 && text.charAt(from) == '0') {
            return -1;
        }
        int value = 0;
        for (int i = from; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c < '0' || c > '9') {
                return -1;
            }
            value = value * 10 + c - '0';
        }
        return value;
    }

    /** The address as given, host bits included. */
    public IpAddress address() {
        return address;
    }

    /** The network, host bits cleared. */
    public Cidr network() {
        return network;
    }

    /** The version of the address. */
    public IpVersion version() {
        return address.version();
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof IpNet that && network.equals(that.network);
    }

    @Override
    public int hashCode() {
        return network.hashCode();
    }

    /** {@code ADDRESS/LENGTH}, host bits as given. */
    @Override
    public String toString() {
        return address + "/" + network.prefixLength();
    }
}
