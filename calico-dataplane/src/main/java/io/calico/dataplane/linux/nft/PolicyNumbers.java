package io.calico.dataplane.linux.nft;

import io.calico.policy.Direction;
import io.calico.policy.ProfileList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The number by which each list of profiles goes from the interface to its chains. Immutable.
 *
 * <p>A list keeps its number as long as it is used, and no number is given out twice; a takeover, which knows only of the
 * numbers that are in the table, begins above them. The reason: a packet that is on its way through the table while a
 * transaction takes effect may have got its number from the map as it was and look it up in the map as it is; it must then
 * find the same list or nothing, never another one.
 */
final class PolicyNumbers {
    private static final long LAST = 0xffff_ffffL;
    private static final PolicyNumbers NONE = new PolicyNumbers(new TreeMap<>(), 1);

    private final SortedMap<ProfileList, Long> numbers;
    private final long next;

    private PolicyNumbers(SortedMap<ProfileList, Long> numbers, long next) {
        this.numbers = numbers;
        this.next = next;
    }

    /** No list has a number; 1 is the first. 0 is never used: it is the mark of a packet that was not looked up. */
    static PolicyNumbers none() {
        return NONE;
    }

    /**
     * The numbers that lead to these lists' chains in a table that is there; others have none. What that table knows of any
     * other number is not given out again.
     */
    static PolicyNumbers of(TableListing there, SortedSet<ProfileList> lists) {
        Map<Datum, Datum> outbound = there.valuesOf(Layout.FROM_POLICY);
        Map<Datum, Datum> inbound = there.valuesOf(Layout.TO_POLICY);
        Set<Datum> seen = new HashSet<>(there.valuesOf(Layout.POLICY_OF).values());
        seen.addAll(outbound.keySet());
        seen.addAll(inbound.keySet());
        long last = 0;
        Map<Chains, Long> byChains = new HashMap<>();
        for (Datum key : seen) {
            long number = key instanceof Datum.Scalar scalar ? scalar.value() : 0;
            last = Math.max(last, number);
            Datum out = outbound.get(key);
            Datum in = inbound.get(key);
            if (number > 0 && out != null && in != null) {
                byChains.merge(new Chains(out, in), number, Math::min);
            }
        }
        SortedMap<ProfileList, Long> known = new TreeMap<>();
        for (ProfileList list : lists) {
            Long number = byChains.get(new Chains(
                    NftVerdict.goTo(ProfileChains.chainOf(list, Direction.OUTBOUND)),
                    NftVerdict.goTo(ProfileChains.chainOf(list, Direction.INBOUND))));
            if (number != null) {
                known.put(list, number);
            }
        }
        return new PolicyNumbers(known, last + 1);
    }

    private record Chains(Datum outbound, Datum inbound) {}

    /** Numbers for exactly these lists: the ones that there are, and new ones. */
    PolicyNumbers forLists(SortedSet<ProfileList> lists) {
        if (lists.equals(numbers.keySet())) {
            return this;
        }
        SortedMap<ProfileList, Long> changed = new TreeMap<>();
        long free = next;
        for (ProfileList list : lists) {
            Long known = numbers.get(list);
            changed.put(list, known != null ? known : free++);
        }
        return new PolicyNumbers(changed, free);
    }

    /** Whether numbers above 32 bits would have been given out: only a new table can start over. */
    boolean areExhausted() {
        return next - 1 > LAST;
    }

    Datum.Scalar of(ProfileList list) {
        Long number = numbers.get(list);
        if (number == null) {
            throw new IllegalArgumentException("list " + list + " has no number");
        }
        return Datum.number(number);
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof PolicyNumbers that && next == that.next && numbers.equals(that.numbers);
    }

    @Override
    public int hashCode() {
        return numbers.hashCode();
    }

    @Override
    public String toString() {
        return Map.copyOf(numbers).toString();
    }
}
