package io.calico.datastore.spi;

import java.util.Map;
import java.util.Optional;

/**
 * What became of a transaction. An outcome that cannot be known is not a result but
 * {@link DatastoreException.UnknownResult}.
 *
 * @param committed whether every compare held and all writes were made
 * @param revision if committed, the revision of the writes (of the snapshot, if nothing changed); else the revision of
 *     the snapshot in which a compare failed
 * @param current if not committed, for each else-read key its record in that snapshot; else empty
 */
public record TransactionResult(boolean committed, long revision, Map<String, Optional<KeyValue>> current) {
    /** Copies the map. */
    public TransactionResult {
        current = Map.copyOf(current);
    }
}
