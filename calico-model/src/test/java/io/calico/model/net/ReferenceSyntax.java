package io.calico.model.net;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/**
 * What an address looks like, written a second time and quite differently (expressions and splitting instead of one pass
 * over characters), to judge the parser by.
 */
final class ReferenceSyntax {
    private static final String OCTET = "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])";
    private static final Pattern QUAD = Pattern.compile(OCTET + "(\\." + OCTET + "){3}");
    private static final Pattern GROUP = Pattern.compile("[0-9a-fA-F]{1,4}");

    private ReferenceSyntax() {}

    static boolean isAddress(String text) {
        return QUAD.matcher(text).matches() || isV6(text);
    }

    private static boolean isV6(String text) {
        int gap = text.indexOf("::");
        if (gap < 0) {
            return groups(text, true) == 8;
        }
        String before = text.substring(0, gap);
        String after = text.substring(gap + 2);
        int left = before.isEmpty() ? 0 : groups(before, false);
        int right = after.isEmpty() ? 0 : groups(after, true);
        return left >= 0 && right >= 0 && left + right <= 7;
    }

    /** How many groups the text holds, a dotted quad at its end counting two; -1 if it holds anything else. */
    private static int groups(String text, boolean mayEndInQuad) {
        List<String> parts = new ArrayList<>(List.of(text.split(":", -1)));
        int count = 0;
        if (mayEndInQuad && QUAD.matcher(parts.get(parts.size() - 1)).matches()) {
            parts.remove(parts.size() - 1);
            count = 2;
        }
        for (String part : parts) {
            if (!GROUP.matcher(part).matches()) {
                return -1;
            }
            count++;
        }
        return count;
    }
}
