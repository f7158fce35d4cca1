package io.calico.model.net;

import java.util.Optional;

/**
 * A range of TCP or UDP ports, both ends included; a single port is a range of one.
 *
 * @param first lowest port, 0 to 65535
 * @param last highest port, {@code first} to 65535
 */
public record PortRange(int first, int last) implements Comparable<PortRange> {
    /** Checks the bounds. */
    public PortRange {
        if (first < 0 || last > 65535 || first > last) {
            throw new IllegalArgumentException("ports " + first + ":" + last + " are not a range within 0-65535");
        }
    }

    /**
     * The range of one port.
     *
     * @throws IllegalArgumentException if the port is not in 0-65535
     */
    public static PortRange of(int port) {
        return new PortRange(port, port);
    }

    /**
     * Parses {@code N}, {@code N:M} or {@code N-M}, decimal digits, leading zeros allowed.
     *
     * @throws IllegalArgumentException if the text is anything else or out of range; the message names the text
     */
    public static PortRange parse(String text) {
        return tryParse(text)
                .orElseThrow(() -> new IllegalArgumentException(
                        "'" + text + "' is not a port (0-65535) or a range of ports MIN:MAX"));
    }

    /** Parses as {@link #parse}; empty if the text is not a port or range. */
    public static Optional<PortRange> tryParse(String text) {
        int separator = Math.max(text.indexOf(':'), text.indexOf('-'));
        int first = parsePort(separator < 0 ? text : text.substring(0, separator));
        int last = separator < 0 ? first : parsePort(text.substring(separator + 1));
        return first < 0 || last < first ? Optional.empty() : Optional.of(new PortRange(first, last));
    }

    private static int parsePort(String digits) {
        int value = 0;
        for (int i = 0; i < digits.length(); i++) {
            char c = digits.charAt(i);
            if (c < '0' || c > '9') {
                return -1;
            }
            value = value * 10 + c - '0';
            if (value > 65535) {
                return -1;
            }
        }
        return digits.isEmpty() ? -1 : value;
    }

    /** Whether it holds one port only. */
    public boolean isSingle() {
        return first == last;
    }

    /** Whether the port lies inside; false for any number that is no port. */
    public boolean contains(int port) {
        return first <= port && port <= last;
    }

    @Override
    public int compareTo(PortRange other) {
        int byFirst = Integer.compare(first, other.first);
        return byFirst != 0 ? byFirst : Integer.compare(last, other.last);
    }

    /** {@code N}, or {@code N:M} for more than one port. */
    @Override
    public String toString() {
        return isSingle() ? Integer.toString(first) : first + ":" + last;
    }
}
