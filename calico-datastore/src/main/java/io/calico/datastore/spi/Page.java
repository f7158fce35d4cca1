package io.calico.datastore.spi;

import java.util.List;
import java.util.Optional;

/**
 * A part of the records under a prefix, in ascending order of key (by UTF-8 bytes).
 *
 * @param records at most as many as the request's limit
 * @param revision the revision at which the whole list is read; the same for all its pages
 * @param nextKey where the next page begins; empty: this is the last page
 */
public record Page(List<KeyValue> records, long revision, Optional<String> nextKey) {
    public Page {
        records = List.copyOf(records);
    }
}
