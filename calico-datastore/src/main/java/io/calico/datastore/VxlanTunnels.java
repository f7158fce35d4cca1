package io.calico.datastore;

import io.calico.datastore.spi.Datastore;
import io.calico.model.VxlanTunnel;
import io.calico.model.json.ModelJson;
import java.util.Optional;

/**
 * The hosts' ends of the VXLAN tunnel, {@code /calico/v1/host/H/vxlan}. Each is written by its own host only. Thread-safe;
 * see {@link CalicoStore} for errors.
 */
public final class VxlanTunnels {
    private final Datastore store;
    private final Records records;

    VxlanTunnels(Datastore store) {
        this.store = store;
        this.records = new Records(store);
    }

    /** The host's end, if it has one. */
    public Optional<VxlanTunnel> find(String host) {
        return store.get(key(host)).map(record -> ModelJson.read(record.key(), record.value(), VxlanTunnel::fromJson));
    }

    /** Stores the host's end, whatever was there. */
    public void put(String host, VxlanTunnel tunnel) {
        records.put(key(host), ModelJson.write(tunnel));
    }

    /** Removes the host's end; false if it had none. */
    public boolean delete(String host) {
        return records.delete(key(host));
    }

    private static String key(String host) {
        return new StoreKey.HostVxlan(host).path();
    }
}
