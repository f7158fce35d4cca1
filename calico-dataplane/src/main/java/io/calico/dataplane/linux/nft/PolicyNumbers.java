package io.calico.dataplane.linux.nft;

import io.calico.policy.Direction;
import io.calico.policy.ProfileList;
import java.util.HashMap;
import java.util.Map;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The number by which each list of profiles goes from the interface to its chains. Immutable.
 *
 * <p>A list keeps its number as long as it is used, and within the life of one table no number is given out twice: a
 * packet that is on its way through the table while a transaction takes effect may have got its number from the map as
 * it was and look it up in the map as it is; it must then find the same list or nothing, never another one.
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
        Map<Datum, Long> byChain = new HashMap<>();
        long last = 0;
        for (Datum value : there.valuesOf(Layout.POLICY_OF).values()) {
            last = Math.max(last, value instanceof Datum.Scalar number ? number.value() : 0);
        }
        for (Datum key : inbound.keySet()) {
            last = Math.max(last, key instanceof Datum.Scalar number ? number.value() : 0);
        }
        for (Map.Entry<Datum, Datum> entry : outbound.entrySet()) {
            if (entry.getKey() instanceof Datum.Scalar number && number.value() > 0) {
                last = Math.max(last, number.value());
                byChain.put(entry.getValue(), number.value());
            }
        }
        SortedMap<ProfileList, Long> known = new TreeMap<>();
        for (ProfileList list : lists) {
            Long number = byChain.get(NftVerdict.goTo(ProfileChains.chainOf(list, Direction.OUTBOUND)));
            NftVerdict in = NftVerdict.goTo(ProfileChains.chainOf(list, Direction.INBOUND));
            if (number != null && in.equals(inbound.get(Datum.number(number)))) {
                known.put(list, number);
            }
        }
        return new PolicyNumbers(known, last + 1);
    }

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
