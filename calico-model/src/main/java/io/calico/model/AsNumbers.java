package io.calico.model;

import java.util.OptionalLong;

/** Autonomous system numbers of BGP: 32 bits, held and shown as a plain decimal number. */
public final class AsNumbers {
    /** The highest one, 2^32 - 1. */
    public static final long MAX = 0xffff_ffffL;

    private AsNumbers() {}

    /**
     * Reads a plain decimal number 0-4294967295, or {@code HI.LO} (RFC 5396 "asdot") with both 0-65535, which is {@code
     * HI * 65536 + LO}; empty for any other text.
     */
    public static OptionalLong tryParse(String text) {
        int dot = text.indexOf('.');
        if (dot < 0) {
            return decimal(text, MAX);
        }
        OptionalLong high = decimal(text.substring(0, dot), 0xffff);
        OptionalLong low = decimal(text.substring(dot + 1), 0xffff);
        return high.isPresent() && low.isPresent()
                ? OptionalLong.of(high.getAsLong() << 16 | low.getAsLong())
                : OptionalLong.empty();
    }

    private static OptionalLong decimal(String digits, long max) {
        long value = 0;
        for (int i = 0; i < digits.length(); i++) {
            char c = digits.charAt(i);
            if (c < '0' || c > '9') {
                return OptionalLong.empty();
            }
            value = value * 10 + c - '0';
            if (value > max) {
                return OptionalLong.empty();
            }
        }
        return digits.isEmpty() ? OptionalLong.empty() : OptionalLong.of(value);
    }
}
