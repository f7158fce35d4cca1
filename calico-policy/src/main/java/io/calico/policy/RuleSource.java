package io.calico.policy;

import java.util.Comparator;

/**
 * Where a compiled rule comes from, in the words of {@code calicoctl profile P rule show}. Order: profile, direction,
 * number.
 *
 * @param profile name of the profile
 * @param number position in the profile's list of that direction, from 1
 */
public record RuleSource(String profile, Direction direction, int number) implements Comparable<RuleSource> {
    private static final Comparator<RuleSource> ORDER = Comparator.comparing(RuleSource::profile)
            .thenComparing(RuleSource::direction)
            .thenComparingInt(RuleSource::number);

    public RuleSource {
        if (number < 1) {
            throw new IllegalArgumentException("rules are numbered from 1, not " + number);
        }
    }

    @Override
    public int compareTo(RuleSource other) {
        return ORDER.compare(this, other);
    }

    /** For example {@code APP inbound 2}. */
    @Override
    public String toString() {
        return profile + " " + direction + " " + number;
    }
}
