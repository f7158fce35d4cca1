package io.calico.model.net;

import org.jspecify.annotations.Nullable;

/** The text form of addresses: strict reading, canonical writing. Works on characters only, no name look-ups. */
final class AddressText {
    private AddressText() {}

    static @Nullable IpAddress parse(String text) {
        return text.indexOf(':') >= 0 ? parseV6(text) : parseV4(text, 0);
    }

    private static @Nullable IpAddress parseV4(String text, int from) {
        long bits = parseV4Bits(text, from);
        return bits < 0 ? null : IpAddress.v4((int) bits);
    }

    /** The 32 bits of the dotted quad that is the rest of the text, or -1. */
    private static long parseV4Bits(String text, int from) {
        long bits = 0;
        int at = from;
        for (int part = 0; part < 4; part++) {
            if (part > 0) {
                if (at >= text.length() || text.charAt(at) != '.') {
                    return -1;
                }
                at++;
            }
            int start = at;
            int value = 0;
            while (at < text.length() && isDigit(text.charAt(at)) && at - start < 3) {
                value = value * 10 + text.charAt(at) - '0';
                at++;
            }
            boolean leadingZero = at - start > 1 && text.charAt(start) == '0';
            if (at == start || leadingZero || value > 255) {
                return -1;
            }
            bits = bits << 8 | value;
        }
        return at == text.length() ? bits : -1;
    }

    /** RFC 4291 section 2.2: eight groups; one "::" for a run of zero groups; the last two groups may be a dotted quad. */
    private static @Nullable IpAddress parseV6(String text) {
        int[] groups = new int[8];
        int count = 0;
        int gap = -1;
        int at = 0;
        int length = text.length();
        if (text.startsWith("::")) {
            gap = 0;
            at = 2;
        } else if (text.startsWith(":")) {
            return null;
        }
        while (at < length) {
            if (count == 8) {
                return null;
            }
            int end = groupEnd(text, at);
            if (end < length && text.charAt(end) == '.') {
                long quad = count > 6 ? -1 : parseV4Bits(text, at);
                if (quad < 0) {
                    return null;
                }
                groups[count++] = (int) (quad >>> 16);
                groups[count++] = (int) (quad & 0xffff);
                at = length;
                break;
            }
            if (end == at || end - at > 4) {
                return null;
            }
            groups[count++] = Integer.parseInt(text, at, end, 16);
            at = end;
            if (at == length) {
                break;
            }
            if (text.charAt(at) != ':' || at + 1 == length) {
                return null;
            }
            at++;
            if (text.charAt(at) == ':') {
                if (gap >= 0) {
                    return null;
                }
                gap = count;
                at++;
            }
        }
        if (gap < 0 ? count != 8 : count > 7) {
            return null;
        }
        return assemble(groups, count, gap);
    }

    private static IpAddress assemble(int[] groups, int count, int gap) {
        long high = 0;
        long low = 0;
        for (int i = 0; i < 8; i++) {
            int group;
            if (gap < 0 || i < gap) {
                group = groups[i];
            } else {
                int fromEnd = 8 - i;
                group = fromEnd <= count - gap ? groups[count - fromEnd] : 0;
            }
            if (i < 4) {
                high = high << 16 | group;
            } else {
                low = low << 16 | group;
            }
        }
        return IpAddress.v6(high, low);
    }

    private static int groupEnd(String text, int from) {
        int at = from;
        while (at < text.length() && isHexDigit(text.charAt(at))) {
            at++;
        }
        return at;
    }

    private static boolean isDigit(char c) {
        return c >= '0' && c <= '9';
    }

    private static boolean isHexDigit(char c) {
        return isDigit(c) || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F';
    }

    static String print(IpAddress address) {
        return address.isV4() ? printV4(address.low()) : printV6(address);
    }

    private static String printV4(long bits) {
        return (bits >>> 24) + "." + (bits >>> 16 & 255) + "." + (bits >>> 8 & 255) + "." + (bits & 255);
    }

    /** RFC 5952 section 4: lower case, no leading zeros, the first longest run of at least two zero groups as "::". */
    private static String printV6(IpAddress address) {
        int bestStart = -1;
        int bestLength = 1;
        for (int i = 0; i < 8; i++) {
            int run = 0;
            while (i + run < 8 && group(address, i + run) == 0) {
                run++;
            }
            if (run > bestLength) {
                bestStart = i;
                bestLength = run;
            }
            i += run;
        }
        if (bestStart == 0 && bestLength == 5 && group(address, 5) == 0xffff) {
            // Section 5: an IPv4-mapped address is written with its dotted quad.
            return "::ffff:" + printV4(address.low() & 0xffff_ffffL);
        }
        StringBuilder text = new StringBuilder(39);
        for (int i = 0; i < 8; i++) {
            if (i == bestStart) {
                text.append("::");
                i += bestLength - 1;
            } else {
                if (i > 0 && i != bestStart + bestLength) {
                    text.append(':');
                }
                text.append(Integer.toHexString(group(address, i)));
            }
        }
        return text.toString();
    }

    private static int group(IpAddress address, int index) {
        long half = index < 4 ? address.high() : address.low();
        return (int) (half >>> 16 * (3 - index % 4)) & 0xffff;
    }
}
