package io.calico.datastore.spi;

import java.util.List;
import java.util.Optional;

/**
 * A part of the records under a prefix, in {@link KeyOrder ascending order of key}.
 *
 * @param records at most as many as the request's limit; a provider may return fewer, even if more follow
 * @param revision the revision at which the whole list is read; the same for all its pages; 1 or more
 * @param nextKey where the next page begins; empty: this is the last page
 */
public record Page(List<KeyValue> records, long revision, Optional<String> nextKey) {
    /** Copies the list. */
    public Page {
        records = List.copyOf(records);
    }
}
