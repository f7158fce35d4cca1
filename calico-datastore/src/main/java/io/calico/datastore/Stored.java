package io.calico.datastore;

/**
 * A value and the revision of the transaction that wrote it.
 *
 * @param value as read
 * @param modRevision what {@code ifUnchanged} compares with
 */
public record Stored<T>(T value, long modRevision) {}
