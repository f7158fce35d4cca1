package io.calico.datastore;

import io.calico.datastore.spi.Datastore;

/**
 * The typed layer: profiles, pools, endpoints, networks, nodes and settings in a store. Reads and writes block and throw
 * {@link io.calico.datastore.spi.DatastoreException}; a record that cannot be read is a
 * {@link io.calico.model.json.BadRecordException} with its key where one record was asked for, and an entry of
 * {@link Listing#damaged} where many were. Writes whose answer got lost are resolved by reading back where that is
 * possible; else {@code UnknownResult} is thrown. Thread-safe. It does not close the store.
 */
public final class CalicoStore {
    private final Datastore datastore;
    private final Profiles profiles;
    private final Pools pools;
    private final Endpoints endpoints;
    private final Networks networks;
    private final Nodes nodes;
    private final VxlanTunnels vxlanTunnels;
    private final Config config;

    /** The typed view of a store; does no I/O. */
    public CalicoStore(Datastore datastore) {
        this.datastore = datastore;
        this.profiles = new Profiles(datastore);
        this.pools = new Pools(datastore);
        this.endpoints = new Endpoints(datastore);
        this.networks = new Networks(datastore);
        this.nodes = new Nodes(datastore);
        this.vxlanTunnels = new VxlanTunnels(datastore);
        this.config = new Config(datastore);
    }

    /** The store itself. */
    public Datastore datastore() {
        return datastore;
    }

    /** Tags and rules by profile. */
    public Profiles profiles() {
        return profiles;
    }

    /** Address pools. */
    public Pools pools() {
        return pools;
    }

    /** Workload endpoints. */
    public Endpoints endpoints() {
        return endpoints;
    }

    /** Docker networks. */
    public Networks networks() {
        return networks;
    }

    /** Hosts. */
    public Nodes nodes() {
        return nodes;
    }

    /** How hosts are reached through VXLAN. */
    public VxlanTunnels vxlanTunnels() {
        return vxlanTunnels;
    }

    /** Settings. */
    public Config config() {
        return config;
    }
}
