package io.calico.datastore;

import io.calico.model.EndpointKey;
import io.calico.model.WorkloadEndpoint;

/**
 * An endpoint as stored.
 *
 * @param modRevision of the transaction that wrote this value
 * @param createRevision of the transaction that created the record
 */
public record StoredEndpoint(EndpointKey key, WorkloadEndpoint value, long modRevision, long createRevision) {}
