package io.calico.model.net;

import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A 48-bit Ethernet address. Read in any letter case, six two-digit groups with {@code :} or {@code -}; printed in lower case with {@code :}. Immutable. */
public final class MacAddress implements Comparable<MacAddress> {
    private final long bits;

    private MacAddress(long bits) {
        this.bits = bits;
    }

    /**
     * The address with these 48 bits.
     *
     * @throws IllegalArgumentException if more than 48 bits are set
     */
    public static MacAddress of(long bits) {
        if (bits >>> 48 != 0) {
            throw new IllegalArgumentException("a MAC address has 48 bits: " + Long.toHexString(bits));
        }
        return new MacAddress(bits);
    }

    /**
     * Parses a MAC address.
     *
     * @throws IllegalArgumentException if the text is not one; the message names the text
     */
    public static MacAddress parse(String text) {
        return tryParse(text).orElseThrow(() -> new IllegalArgumentException("'" + text + "' is not a MAC address"));
    }

    /** Parses a MAC address; empty if the text is not one. */
    public static Optional<MacAddress> tryParse(String text) {
        if (text.length() != 17) {
            return Optional.empty();
        }
        long bits = 0;
        char separator = text.charAt(2);
        if (separator != ':' && separator != '-') {
            return Optional.empty();
        }
        for (int i = 0; i < 17; i++) {
            char c = text.charAt(i);
            if (i % 3 == 2) {
                if (c != separator) {
                    return Optional.empty();
                }
            } else {
                int digit = c < 128 ? Character.digit(c, 16) : -1;
                if (digit < 0) {
                    return Optional.empty();
                }
                bits = bits << 4 | digit;
            }
        }
        return Optional.of(new MacAddress(bits));
    }

    /** The 48 bits, first byte most significant. */
    public long bits() {
        return bits;
    }

    /** The six bytes in the order in which they are sent; a new array each time. */
    public byte[] toBytes() {
        byte[] bytes = new byte[6];
        for (int i = 0; i < 6; i++) {
            bytes[i] = (byte) (bits >>> 8 * (5 - i));
        }
        return bytes;
    }

    @Override
    public int compareTo(MacAddress other) {
        return Long.compare(bits, other.bits);
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof MacAddress that && bits == that.bits;
    }

    @Override
    public int hashCode() {
        return Long.hashCode(bits);
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder(17);
        for (int shift = 44; shift >= 0; shift -= 4) {
            text.append(Character.forDigit((int) (bits >>> shift) & 15, 16));
            if (shift % 8 == 0 && shift > 0) {
                text.append(':');
            }
        }
        return text.toString();
    }
}
