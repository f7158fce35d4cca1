package io.calico.model.net;

import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * An IPv4 or IPv6 address. Immutable.
 *
 * <p>Parsing is strict and never asks a name server: IPv4 is four decimal numbers 0-255 without leading zeros, IPv6 any
 * form of RFC 4291 section 2.2 (without zone). Text is printed as RFC 5952 asks. An IPv4-mapped IPv6 address
 * ({@code ::ffff:1.2.3.4}) stays IPv6. Order: every IPv4 address before every IPv6 one, each version by unsigned value.
 */
public final class IpAddress implements Comparable<IpAddress> {
    private final IpVersion version;
    /** Upper 64 bits; 0 for IPv4. */
    private final long high;
    /** Lower 64 bits; for IPv4 the address is in the lower 32, the rest is 0. */
    private final long low;

    private IpAddress(IpVersion version, long high, long low) {
        this.version = version;
        this.high = high;
        this.low = low;
    }

    /** The IPv4 address with these 32 bits, most significant byte first. */
    public static IpAddress v4(int bits) {
        return new IpAddress(IpVersion.V4, 0, bits & 0xffff_ffffL);
    }

    /** The IPv6 address with these 128 bits. */
    public static IpAddress v6(long high, long low) {
        return new IpAddress(IpVersion.V6, high, low);
    }

    /** The address {@code version} with these bits; {@code high} and the upper half of {@code low} are 0 for IPv4. */
    static IpAddress of(IpVersion version, long high, long low) {
        return version == IpVersion.V4 ? v4((int) low) : v6(high, low);
    }

    /**
     * The address in network byte order.
     *
     * @throws IllegalArgumentException if there are neither 4 nor 16 bytes
     */
    public static IpAddress ofBytes(byte[] bytes) {
        if (bytes.length == 4) {
            return v4((int) readLong(bytes, 0, 4));
        }
        if (bytes.length == 16) {
            return v6(readLong(bytes, 0, 8), readLong(bytes, 8, 8));
        }
        throw new IllegalArgumentException("an address has 4 or 16 bytes, not " + bytes.length);
    }

    private static long readLong(byte[] bytes, int offset, int count) {
        long value = 0;
        for (int i = 0; i < count; i++) {
            value = value << 8 | bytes[offset + i] & 0xff;
        }
        return value;
    }

    /**
     * Parses an address.
     *
     * @throws IllegalArgumentException if the text is not an address; the message names the text
     */
    public static IpAddress parse(String text) {
        IpAddress address = AddressText.parse(text);
        if (address == null) {
            throw new IllegalArgumentException("'" + text + "' is not an IP address");
        }
        return address;
    }

    /** Parses an address; empty if the text is not one. */
    public static Optional<IpAddress> tryParse(String text) {
        return Optional.ofNullable(AddressText.parse(text));
    }

    /** Its version; an IPv4-mapped IPv6 address is IPv6. */
    public IpVersion version() {
        return version;
    }

    /** Whether it is an IPv4 address. */
    public boolean isV4() {
        return version == IpVersion.V4;
    }

    /** Whether it is an IPv6 address. */
    public boolean isV6() {
        return version == IpVersion.V6;
    }

    /** The upper 64 bits of an IPv6 address; 0 for IPv4. */
    public long high() {
        return high;
    }

    /** The lower 64 bits of an IPv6 address; for IPv4 the whole address, 0 to 2^32 - 1. */
    public long low() {
        return low;
    }

    /** The address in network byte order, 4 or 16 bytes; a new array each time. */
    public byte[] toBytes() {
        byte[] bytes = new byte[version.bits() / 8];
        for (int i = 0; i < bytes.length; i++) {
            int fromEnd = bytes.length - 1 - i;
            bytes[i] = (byte) (fromEnd < 8 ? low >>> 8 * fromEnd : high >>> 8 * (fromEnd - 8));
        }
        return bytes;
    }

    /**
     * The address {@code offset} after this one.
     *
     * @param offset any value; negative goes back
     * @throws ArithmeticException if the result is outside the version's address space
     */
    public IpAddress plus(long offset) {
        if (version == IpVersion.V4) {
            long sum = Math.addExact(low, offset);
            if (sum < 0 || sum > 0xffff_ffffL) {
                throw new ArithmeticException(this + " + " + offset + " is not an IPv4 address");
            }
            return v4((int) sum);
        }
        long newLow = low + offset;
        long carry = 0;
        if (offset >= 0 && Long.compareUnsigned(newLow, low) < 0) {
            carry = 1;
        } else if (offset < 0 && Long.compareUnsigned(newLow, low) > 0) {
            carry = -1;
        }
        long newHigh = high + carry;
        if (carry == 1 && newHigh == 0 || carry == -1 && newHigh == -1) {
            throw new ArithmeticException(this + " + " + offset + " is not an IPv6 address");
        }
        return v6(newHigh, newLow);
    }

    /**
     * How far this address is after {@code other}, negative if before.
     *
     * @throws IllegalArgumentException if the versions differ
     * @throws ArithmeticException if the distance does not fit a {@code long}
     */
    public long minus(IpAddress other) {
        if (version != other.version) {
            throw new IllegalArgumentException(this + " and " + other + " are of different IP versions");
        }
        long distance = low - other.low;
        boolean after = compareTo(other) >= 0;
        long highDistance = high - other.high - (Long.compareUnsigned(low, other.low) < 0 ? 1 : 0);
        if (highDistance != (after ? 0 : -1) || after != distance >= 0) {
            throw new ArithmeticException("the distance from " + other + " to " + this + " does not fit 64 bits");
        }
        return distance;
    }

    @Override
    public int compareTo(IpAddress other) {
        int byVersion = version.compareTo(other.version);
        if (byVersion != 0) {
            return byVersion;
        }
        int byHigh = Long.compareUnsigned(high, other.high);
        return byHigh != 0 ? byHigh : Long.compareUnsigned(low, other.low);
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof IpAddress that && version == that.version && high == that.high && low == that.low;
    }

    @Override
    public int hashCode() {
        return version.number() * 31 + Long.hashCode(high * 31 + low);
    }

    @Override
    public String toString() {
        return AddressText.print(this);
    }
}
