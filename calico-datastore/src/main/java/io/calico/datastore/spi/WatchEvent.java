package io.calico.datastore.spi;

import java.util.Optional;

/**
 * One change of one record.
 *
 * @param key the record's key
 * @param current the record as written; empty if it was deleted
 * @param revision revision of the change
 */
public record WatchEvent(String key, Optional<KeyValue> current, long revision) {}
