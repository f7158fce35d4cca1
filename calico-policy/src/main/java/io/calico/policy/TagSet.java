package io.calico.policy;

import io.calico.model.net.IpVersion;
import java.util.Comparator;

/**
 * Names the members of a tag that are of one IP version. The members themselves are in
 * {@link CompiledPolicy#tagSets()}. Order: tag, then version.
 *
 * @param tag the tag's name
 */
public record TagSet(String tag, IpVersion version) implements Comparable<TagSet> {
    private static final Comparator<TagSet> ORDER =
            Comparator.comparing(TagSet::tag).thenComparing(TagSet::version);

    @Override
    public int compareTo(TagSet other) {
        return ORDER.compare(this, other);
    }
}
