package io.calico.policy;

import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;

/**
 * The profiles of an endpoint in the order in which they are asked. Endpoints with the same list share its compiled
 * form, so a backend keeps one chain per list and not one per endpoint. A name that comes twice is kept at its first
 * place only: asked again it would answer the same. Order: by the names, one after the other.
 *
 * @param ids names of profiles, without repetition; empty is the list that drops everything
 */
public record ProfileList(List<String> ids) implements Comparable<ProfileList> {
    public ProfileList {
        ids = List.copyOf(new LinkedHashSet<>(ids));
    }

    /** The list of these profiles. */
    public static ProfileList of(String... ids) {
        return new ProfileList(List.of(ids));
    }

    @Override
    public int compareTo(ProfileList other) {
        Iterator<String> others = other.ids.iterator();
        for (String id : ids) {
            if (!others.hasNext()) {
                return 1;
            }
            int byId = id.compareTo(others.next());
            if (byId != 0) {
                return byId;
            }
        }
        return others.hasNext() ? -1 : 0;
    }

    /** The names with a comma between them. */
    @Override
    public String toString() {
        return String.join(",", ids);
    }
}
