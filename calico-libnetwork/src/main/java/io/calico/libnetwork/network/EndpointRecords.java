package io.calico.libnetwork.network;

import io.calico.datastore.CalicoStore;
import io.calico.datastore.Endpoints;
import io.calico.datastore.StoredEndpoint;
import io.calico.datastore.spi.DatastoreException;
import io.calico.datastore.spi.Transaction;
import io.calico.ipam.BlockAllocator;
import io.calico.ipam.Owner;
import io.calico.ipam.TransferResult;
import io.calico.model.EndpointKey;
import io.calico.model.WorkloadEndpoint;
import io.calico.model.net.IpAddress;
import java.util.List;
import java.util.Optional;

/**
 * Endpoints and the addresses that belong to them, changed together: an address is its endpoint's exactly while the
 * endpoint exists.
 *
 * <pre>
 *   RequestAddress         CreateEndpoint           DeleteEndpoint              ReleaseAddress
 *   free ──────▶ pending on this host ──▶ endpoint E ──▶ pending on this host ──────▶ free
 *                          └─ one transaction with E's record ─┘
 * </pre>
 *
 * <p>So a call that is lost anywhere leaves an address that is pending, or an endpoint; and a release that comes late
 * cannot free what belongs to an endpoint. Thread-safe.
 */
public final class EndpointRecords {
    private static final int ATTEMPTS = 20;

    private final CalicoStore store;
    private final BlockAllocator allocator;
    private final String host;

    /** What became of an attempt to create an endpoint. */
    enum Creation {
        CREATED,
        /** There is a record with that key; nothing was written. */
        EXISTS,
        /** The address waits for no endpoint of this host; nothing was written. */
        ADDRESS_LOST
    }

    /**
     * Does no I/O.
     *
     * @param host this host's name in the datastore
     */
    public EndpointRecords(CalicoStore store, BlockAllocator allocator, String host) {
        this.store = store;
        this.allocator = allocator;
        this.host = host;
    }

    /** Creates an endpoint of this host whose address our allocator gave. */
    Creation create(EndpointKey key, WorkloadEndpoint endpoint, IpAddress address) {
        TransferResult result = allocator.transferOwner(
                address,
                Owner.pendingEndpoint(host),
                Owner.endpoint(host, key.endpoint()),
                Endpoints.creation(key, endpoint));
        return switch (result) {
            case DONE -> Creation.CREATED;
            case OTHERS_CHANGED -> Creation.EXISTS;
            case NOT_OWNED -> Creation.ADDRESS_LOST;
        };
    }

    /** Creates an endpoint whose address comes from elsewhere. */
    Creation create(EndpointKey key, WorkloadEndpoint endpoint) {
        return store.endpoints().create(key, endpoint).isPresent() ? Creation.CREATED : Creation.EXISTS;
    }

    /** Deletes an endpoint of whatever host; its addresses wait for their release then. False if there was none. */
    boolean delete(EndpointKey key) {
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            Optional<StoredEndpoint> stored = store.endpoints().find(key);
            if (stored.isEmpty()) {
                return false;
            }
            if (delete(stored.get())) {
                return true;
            }
        }
        throw new DatastoreException.Conflict(
                key.toString(), "others changed endpoint " + key.endpoint() + " again and again; try again");
    }

    /** Deletes an endpoint as {@link #delete(EndpointKey)} if it is as it was read; false, and nothing is done, if not. */
    public boolean delete(StoredEndpoint endpoint) {
        List<IpAddress> addresses = endpoint.value().addresses();
        Transaction deletion = Endpoints.deletion(endpoint);
        for (int i = 0; i < addresses.size(); i++) {
            TransferResult result = handBack(endpoint.key(), addresses.get(i), deletion);
            if (result == TransferResult.OTHERS_CHANGED) {
                return false;
            }
            if (result == TransferResult.DONE) {
                Transaction nothing = Transaction.builder().build();
                addresses.subList(i + 1, addresses.size()).forEach(other -> handBack(endpoint.key(), other, nothing));
                return true;
            }
        }
        // No address of ours: another IPAM driver's.
        return store.endpoints().delete(endpoint.key(), endpoint.modRevision());
    }

    private TransferResult handBack(EndpointKey key, IpAddress address, Transaction with) {
        return allocator.transferOwner(
                address, Owner.endpoint(key.host(), key.endpoint()), Owner.pendingEndpoint(host), with);
    }
}
