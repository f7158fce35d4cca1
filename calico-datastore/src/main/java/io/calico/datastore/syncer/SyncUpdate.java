package io.calico.datastore.syncer;

import io.calico.datastore.StoreKey;
import java.util.Optional;

/**
 * The newest state of one key.
 *
 * @param key what the key names
 * @param rawKey the key's text
 * @param value the record's value; empty: it was deleted
 * @param revision of the change; of a delete that was found by reading a snapshot, the snapshot's
 */
public record SyncUpdate(StoreKey key, String rawKey, Optional<String> value, long revision) {}
