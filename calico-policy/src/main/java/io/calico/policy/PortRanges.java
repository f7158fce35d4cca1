package io.calico.policy;

import io.calico.model.net.PortRange;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/** Arithmetic on lists of port ranges. */
final class PortRanges {
    private static final PortRange ALL = new PortRange(0, 65535);

    private PortRanges() {}

    /**
     * The same ports with the fewest ranges, ascending: touching and overlapping ones become one, since packet filters
     * refuse sets with overlaps.
     *
     * @throws IllegalArgumentException if there is no range: no port would ever match
     */
    static List<PortRange> merged(List<PortRange> ranges) {
        if (ranges.isEmpty()) {
            throw new IllegalArgumentException("a match on ports needs at least one port");
        }
        List<PortRange> merged = new ArrayList<>(ranges.size());
        PortRange open = null;
        for (PortRange next : ranges.stream().sorted().toList()) {
            if (open == null) {
                open = next;
            } else if (next.first() <= open.last() + 1) {
                open = new PortRange(open.first(), Math.max(open.last(), next.last()));
            } else {
                merged.add(open);
                open = next;
            }
        }
        if (open != null) {
            merged.add(open);
        }
        return List.copyOf(merged);
    }

    /** Whether the ranges hold every port, so that a match on them tests nothing. */
    static boolean areAll(List<PortRange> ranges) {
        return merged(ranges).equals(List.of(ALL));
    }

    /** The ranges with commas between them. */
    static String text(List<PortRange> ranges) {
        return ranges.stream().map(PortRange::toString).collect(Collectors.joining(","));
    }
}
