package io.calico.datastore.spi;

/**
 * One stored record, as it was at one revision.
 *
 * @param key path, starts with {@code /}, has no trailing {@code /}
 * @param value UTF-8 text, may be empty
 * @param createRevision revision of the transaction that created it
 * @param modRevision revision of the transaction that wrote this value
 */
public record KeyValue(String key, String value, long createRevision, long modRevision) {}
