package io.calico.ipam.internal;

import io.calico.model.net.Cidr;
import io.calico.model.net.IpAddress;
import io.calico.model.net.IpVersion;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Ranges of addresses that are never handed out automatically. They may touch, nest and overlap: what counts is the set
 * of addresses. Immutable.
 *
 * <pre>
 * given    10.0.0.0/25  10.0.0.128/25  10.0.0.7/32   10.0.2.0/24
 * merged   10.0.0.0 to 10.0.0.255                    10.0.2.0 to 10.0.2.255
 * </pre>
 */
public final class Reservations implements AddressFilter {
    /** Nothing is reserved. */
    public static final Reservations NONE = new Reservations(List.of());

    /** First address of each merged range to its last one. */
    private final NavigableMap<IpAddress, IpAddress> merged = new TreeMap<>();

    private final List<Cidr> ranges;

    private Reservations(List<Cidr> ranges) {
        this.ranges = ranges;
        for (Cidr range : ranges.stream().sorted().toList()) {
            IpAddress first = range.first();
            IpAddress last = range.last();
            Map.Entry<IpAddress, IpAddress> before = merged.floorEntry(first);
            if (before != null && touches(before.getValue(), first)) {
                first = before.getKey();
                last = last.compareTo(before.getValue()) > 0 ? last : before.getValue();
            }
            merged.put(first, last);
        }
    }

    private static boolean touches(IpAddress last, IpAddress next) {
        if (last.version() != next.version()) {
            return false;
        }
        return last.compareTo(next) >= 0 || last.plus(1).equals(next);
    }

    /** The set of all addresses of these ranges. */
    public static Reservations of(Collection<Cidr> ranges) {
        return ranges.isEmpty()
                ? NONE
                : new Reservations(ranges.stream().distinct().sorted().toList());
    }

    /** The ranges as they were given, ascending. */
    public List<Cidr> ranges() {
        return ranges;
    }

    public boolean isEmpty() {
        return merged.isEmpty();
    }

    @Override
    public boolean reserves(IpAddress address) {
        Map.Entry<IpAddress, IpAddress> range = merged.floorEntry(address);
        return range != null && range.getValue().compareTo(address) >= 0;
    }

    /** Whether every address of that range is reserved. */
    public boolean covers(Cidr range) {
        Map.Entry<IpAddress, IpAddress> reserved = merged.floorEntry(range.first());
        return reserved != null && reserved.getValue().compareTo(range.last()) >= 0;
    }

    /** How many addresses of that range are reserved; at most {@link Long#MAX_VALUE}. */
    public long countWithin(Cidr range) {
        long count = 0;
        for (List<IpAddress> part : within(range)) {
            count = saturatedSum(count, size(part.get(0), part.get(1)));
        }
        return count;
    }

    /** The parts of that range that are reserved, each as its first and its last address, ascending. */
    private List<List<IpAddress>> within(Cidr range) {
        List<List<IpAddress>> parts = new ArrayList<>();
        IpAddress from = merged.floorKey(range.first());
        merged.tailMap(from == null ? range.first() : from, true).forEach((first, last) -> {
            IpAddress begin = first.compareTo(range.first()) > 0 ? first : range.first();
            IpAddress end = last.compareTo(range.last()) < 0 ? last : range.last();
            if (begin.version() == range.version() && end.version() == range.version() && begin.compareTo(end) <= 0) {
                parts.add(List.of(begin, end));
            }
        });
        return parts;
    }

    private static long size(IpAddress first, IpAddress last) {
        boolean vast = first.version() == IpVersion.V6
                && (first.high() != last.high() || last.low() - first.low() < 0 || last.low() - first.low() == -1);
        return vast ? Long.MAX_VALUE : saturatedSum(last.minus(first), 1);
    }

    private static long saturatedSum(long a, long b) {
        long sum = a + b;
        return sum < 0 ? Long.MAX_VALUE : sum;
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof Reservations that && ranges.equals(that.ranges);
    }

    @Override
    public int hashCode() {
        return ranges.hashCode();
    }

    @Override
    public String toString() {
        return ranges.toString();
    }
}
