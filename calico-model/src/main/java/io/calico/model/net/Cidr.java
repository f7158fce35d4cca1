package io.calico.model.net;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A network: an address with all host bits zero, and a prefix length. Immutable. Order: by first address, then the
 * shorter prefix first.
 */
public final class Cidr implements Comparable<Cidr> {
    private final IpAddress first;
    private final int prefixLength;

    private Cidr(IpAddress first, int prefixLength) {
        this.first = first;
        this.prefixLength = prefixLength;
    }

    /**
     * The network of that length that holds the address; host bits are cleared.
     *
     * @param prefixLength 0 to 32 (IPv4) or 128 (IPv6)
     * @throws IllegalArgumentException if the prefix length is out of range
     */
    public static Cidr of(IpAddress address, int prefixLength) {
        IpVersion version = address.version();
        if (prefixLength < 0 || prefixLength > version.bits()) {
            throw new IllegalArgumentException(
                    "prefix length " + prefixLength + " of " + address + " is not in 0-" + version.bits());
        }
        IpAddress masked = version == IpVersion.V4
                ? IpAddress.v4((int) (address.low() & v4Mask(prefixLength)))
                : IpAddress.v6(address.high() & highMask(prefixLength), address.low() & lowMask(prefixLength));
        return new Cidr(masked, prefixLength);
    }

    /** The network of one address: /32 or /128. */
    public static Cidr of(IpAddress address) {
        return new Cidr(address, address.version().bits());
    }

    private static long v4Mask(int prefixLength) {
        return prefixLength == 0 ? 0 : 0xffff_ffffL << (32 - prefixLength) & 0xffff_ffffL;
    }

    private static long highMask(int prefixLength) {
        return prefixLength == 0 ? 0 : prefixLength >= 64 ? -1L : -1L << (64 - prefixLength);
    }

    private static long lowMask(int prefixLength) {
        return prefixLength <= 64 ? 0 : -1L << (128 - prefixLength);
    }

    /**
     * Parses {@code ADDRESS} (then /32 or /128) or {@code ADDRESS/LENGTH}; host bits may be set and are cleared.
     *
     * @throws IllegalArgumentException if the text is anything else; the message names the text
     */
    public static Cidr parse(String text) {
        return tryParse(text).orElseThrow(() -> new IllegalArgumentException("'" + text + "' is not a CIDR"));
    }

    /** Parses as {@link #parse}; empty if the text is not a CIDR. */
    public static Optional<Cidr> tryParse(String text) {
        return IpNet.tryParse(text).map(IpNet::network);
    }

    /** The first address: all host bits 0. */
    public IpAddress first() {
        return first;
    }

    /** The last address: all host bits 1. */
    public IpAddress last() {
        return first.isV4()
                ? IpAddress.v4((int) (first.low() | ~v4Mask(prefixLength)))
                : IpAddress.v6(first.high() | ~highMask(prefixLength), first.low() | ~lowMask(prefixLength));
    }

    /** 0 to 32 (IPv4) or 128 (IPv6). */
    public int prefixLength() {
        return prefixLength;
    }

    /** The version of all its addresses. */
    public IpVersion version() {
        return first.version();
    }

    /** True for /32 and /128. */
    public boolean isSingleAddress() {
        return prefixLength == version().bits();
    }

    /** Whether the address lies inside; false for an address of the other version. */
    public boolean contains(IpAddress address) {
        if (address.version() != version()) {
            return false;
        }
        if (version() == IpVersion.V4) {
            return (address.low() & v4Mask(prefixLength)) == first.low();
        }
        return (address.high() & highMask(prefixLength)) == first.high()
                && (address.low() & lowMask(prefixLength)) == first.low();
    }

    /** Whether every address of the other network lies inside this one. */
    public boolean contains(Cidr other) {
        return prefixLength <= other.prefixLength && contains(other.first);
    }

    /** Whether the two networks share an address. */
    public boolean overlaps(Cidr other) {
        return contains(other) || other.contains(this);
    }

    /**
     * The fewest networks that together hold exactly the addresses from {@code start} to {@code end}, both included,
     * in ascending order.
     *
     * @throws IllegalArgumentException if the versions differ or {@code start} is after {@code end}
     */
    public static List<Cidr> covering(IpAddress start, IpAddress end) {
        if (start.version() != end.version()) {
            throw new IllegalArgumentException(start + " and " + end + " are of different IP versions");
        }
        if (start.compareTo(end) > 0) {
            throw new IllegalArgumentException("range start " + start + " is after its end " + end);
        }
        List<Cidr> networks = new ArrayList<>();
        IpAddress next = start;
        while (true) {
            Cidr network = largestStartingAt(next, end);
            networks.add(network);
            IpAddress last = network.last();
            if (last.equals(end)) {
                return List.copyOf(networks);
            }
            next = last.plus(1);
        }
    }

    private static Cidr largestStartingAt(IpAddress start, IpAddress end) {
        int prefixLength = start.version().bits();
        Cidr best = of(start);
        while (prefixLength > 0) {
            Cidr wider = of(start, --prefixLength);
            if (!wider.first.equals(start) || wider.last().compareTo(end) > 0) {
                break;
            }
            best = wider;
        }
        return best;
    }

    @Override
    public int compareTo(Cidr other) {
        int byFirst = first.compareTo(other.first);
        return byFirst != 0 ? byFirst : Integer.compare(prefixLength, other.prefixLength);
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof Cidr that && prefixLength == that.prefixLength && first.equals(that.first);
    }

    @Override
    public int hashCode() {
        return first.hashCode() * 31 + prefixLength;
    }

    /** {@code ADDRESS/LENGTH}, always with the length. */
    @Override
    public String toString() {
        return first + "/" + prefixLength;
    }
}
