package io.calico.datastore;

import io.calico.datastore.spi.Datastore;
import io.calico.datastore.spi.KeyValue;
import io.calico.datastore.spi.Page;
import io.calico.datastore.spi.Transaction;
import io.calico.model.EndpointKey;
import io.calico.model.WorkloadEndpoint;
import io.calico.model.json.BadRecordException;
import io.calico.model.json.ModelJson;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * Workload endpoints of all hosts, each at {@code /calico/v1/host/H/workload/O/W/endpoint/E}. Thread-safe; see
 * {@link CalicoStore} for errors.
 */
public final class Endpoints {
    private final Datastore store;
    private final Records records;

    Endpoints(Datastore store) {
        this.store = store;
        this.records = new Records(store);
    }

    /** The endpoints that the filter matches, in the order of their keys; reads no more than it must. */
    public Listing<StoredEndpoint> list(EndpointFilter filter) {
        Page page = store.listAll(filter.prefix());
        List<StoredEndpoint> endpoints = new ArrayList<>();
        List<BadRecordException> damaged = new ArrayList<>();
        for (KeyValue record : page.records()) {
            if (Keys.parse(record.key()) instanceof StoreKey.Endpoint endpoint && filter.matches(endpoint.key())) {
                try {
                    endpoints.add(read(endpoint.key(), record));
                } catch (BadRecordException e) {
                    damaged.add(e);
                }
            }
        }
        return new Listing<>(endpoints, damaged, page.revision());
    }

    /** The endpoint, or empty if it does not exist. */
    public Optional<StoredEndpoint> find(EndpointKey key) {
        return store.get(path(key)).map(record -> read(key, record));
    }

    /** The first endpoint with that id in the order of hosts; reads all endpoints. */
    public Optional<StoredEndpoint> findById(String endpointId) {
        EndpointFilter filter =
                new EndpointFilter(Optional.empty(), Optional.empty(), Optional.empty(), Optional.of(endpointId));
        Listing<StoredEndpoint> found = list(filter);
        if (found.values().isEmpty() && !found.damaged().isEmpty()) {
            throw found.damaged().get(0);
        }
        return found.values().stream().findFirst();
    }

    /** Stores a new endpoint; its revision, or empty, and nothing is done, if there is one at that key. */
    public OptionalLong create(EndpointKey key, WorkloadEndpoint endpoint) {
        return records.create(path(key), ModelJson.write(endpoint));
    }

    /** Stores an endpoint, whatever is there; its revision. */
    public long put(EndpointKey key, WorkloadEndpoint endpoint) {
        return records.put(path(key), ModelJson.write(endpoint));
    }

    /** Replaces the endpoint if it was last written at that revision; the new revision, or empty if it was not. */
    public OptionalLong update(EndpointKey key, long expectedRevision, WorkloadEndpoint endpoint) {
        return records.replace(path(key), expectedRevision, ModelJson.write(endpoint));
    }

    /** Deletes the endpoint; false if there was none. */
    public boolean delete(EndpointKey key) {
        return records.delete(path(key));
    }

    /** Deletes the endpoint if it was last written at that revision; whether it did. */
    public boolean delete(EndpointKey key, long expectedRevision) {
        return records.delete(path(key), expectedRevision);
    }

    /** What {@link #create} does, as a transaction to be carried out with others. */
    public static Transaction creation(EndpointKey key, WorkloadEndpoint endpoint) {
        return Transaction.builder()
                .ifAbsent(path(key))
                .put(path(key), ModelJson.write(endpoint))
                .build();
    }

    /** What {@link #delete(EndpointKey, long)} does, as a transaction to be carried out with others. */
    public static Transaction deletion(StoredEndpoint endpoint) {
        return Transaction.builder()
                .ifUnchanged(path(endpoint.key()), endpoint.modRevision())
                .delete(path(endpoint.key()))
                .build();
    }

    /** The condition that the endpoint is as it was read, as a transaction to be carried out with others. */
    public static Transaction unchanged(StoredEndpoint endpoint) {
        return Transaction.builder()
                .ifUnchanged(path(endpoint.key()), endpoint.modRevision())
                .build();
    }

    private static StoredEndpoint read(EndpointKey key, KeyValue record) {
        WorkloadEndpoint value = ModelJson.read(record.key(), record.value(), WorkloadEndpoint::fromJson);
        return new StoredEndpoint(key, value, record.modRevision(), record.createRevision());
    }

    private static String path(EndpointKey key) {
        return new StoreKey.Endpoint(key).path();
    }
}
