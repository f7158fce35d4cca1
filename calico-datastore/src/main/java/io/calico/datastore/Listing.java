package io.calico.datastore;

import io.calico.model.json.BadRecordException;
import java.util.List;

/**
 * What a list found, at one revision. Damaged records do not hide the others: they are reported beside them.
 *
 * @param values in the order of their keys unless the method says otherwise
 * @param damaged one for each record that could not be read, with its key
 * @param revision of the store when it was read
 */
public record Listing<T>(List<T> values, List<BadRecordException> damaged, long revision) {
    /** Copies the lists. */
    public Listing {
        values = List.copyOf(values);
        damaged = List.copyOf(damaged);
    }
}
