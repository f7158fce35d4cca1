package io.calico.ipam;

import io.calico.datastore.Keys;
import io.calico.datastore.StoreKey;
import io.calico.datastore.spi.Datastore;
import io.calico.datastore.spi.DatastoreException;
import io.calico.datastore.spi.KeyValue;
import io.calico.model.IpPool;
import io.calico.model.VxlanTunnel;
import io.calico.model.WorkloadEndpoint;
import io.calico.model.json.BadRecordException;
import io.calico.model.json.ModelJson;
import io.calico.model.net.IpAddress;
import io.calico.model.net.IpVersion;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Compares what is assigned with what uses addresses, and the allocator's records with each other. Everything is read at
 * one revision, so what is reported was so at one moment, however busy the store is. Reads only; {@link IpamRepair} puts
 * right what can be put right without guessing.
 *
 * <p>Users of addresses are the endpoints of all hosts, their tunnel addresses, the networks (their gateways and auxiliary
 * addresses), and whatever the caller adds. Confined to one thread; used once.
 */
public final class IpamCheck {
    private static final Logger LOG = LoggerFactory.getLogger(IpamCheck.class);

    private final Datastore store;
    private final Clock clock;
    private final Map<IpAddress, List<String>> users = new TreeMap<>();

    /** A check of that store; does no I/O yet. */
    public IpamCheck(Datastore store) {
        this(store, Clock.systemUTC());
    }

    /** A check with a clock of the caller's. */
    public IpamCheck(Datastore store, Clock clock) {
        this.store = Objects.requireNonNull(store);
        this.clock = clock;
    }

    /** These addresses are in use, too, by that. */
    public IpamCheck alsoInUse(Collection<IpAddress> addresses, String user) {
        addresses.forEach(a -> use(a, user));
        return this;
    }

    private void use(IpAddress address, String user) {
        users.computeIfAbsent(address, a -> new ArrayList<>()).add(user);
    }

    /**
     * Reads all of it and compares.
     *
     * @throws IpamException.DatastoreUnavailable if the store cannot be read
     */
    public CheckReport run() {
        try {
            var page = store.listAll(Keys.ROOT);
            CheckScan scan = new CheckScan(users, clock.instant(), page.revision());
            for (KeyValue record : page.records()) {
                take(scan, record);
            }
            return scan.report();
        } catch (DatastoreException e) {
            throw new IpamException.DatastoreUnavailable("could not read the datastore: " + e.getMessage(), e);
        }
    }

    private void take(CheckScan scan, KeyValue record) {
        StoreKey key = Keys.parse(record.key());
        if (key instanceof StoreKey.Block block) {
            scan.block(block.cidr(), record);
        } else if (key instanceof StoreKey.Handle handle) {
            scan.handle(handle.id(), record);
        } else if (key instanceof StoreKey.Affinity row) {
            scan.row(row, record);
        } else if (key instanceof StoreKey.Pool pool) {
            scan.pool(pool.cidr(), isActive(record));
        } else if (key instanceof StoreKey.Endpoint endpoint) {
            useEndpoint(endpoint, record);
            scan.host(endpoint.key().host());
        } else if (key instanceof StoreKey.HostConfig setting) {
            scan.host(setting.host());
            if (setting.name().equals("IpInIpTunnelAddr")) {
                IpAddress.tryParse(record.value()).ifPresent(a -> use(a, "tunnel of host " + setting.host()));
            }
        } else if (key instanceof StoreKey.HostVxlan tunnel) {
            scan.host(tunnel.host());
            useTunnel(tunnel.host(), record);
        } else if (key instanceof StoreKey.HostAddress host) {
            scan.host(host.host());
        } else if (key instanceof StoreKey.HostBirdIp host) {
            scan.host(host.host());
        } else if (key instanceof StoreKey.LibnetworkNetwork network) {
            scan.network(network.id());
        } else if (key instanceof StoreKey.GlobalConfig setting
                && setting.name().equals("ClusterGUID")) {
            scan.cluster(record.value());
        }
    }

    private static boolean isActive(KeyValue record) {
        try {
            IpPool pool = ModelJson.read(record.key(), record.value(), IpPool::fromJson);
            return !pool.disabled();
        } catch (BadRecordException e) {
            return false;
        }
    }

    private void useTunnel(String host, KeyValue record) {
        try {
            VxlanTunnel tunnel = ModelJson.read(record.key(), record.value(), VxlanTunnel::fromJson);
            for (IpVersion version : IpVersion.values()) {
                tunnel.address(version).ifPresent(a -> use(a, "VXLAN tunnel of host " + host));
            }
        } catch (BadRecordException e) {
            LOG.warn("record {} is damaged; its addresses look unused: {}", record.key(), e.getMessage());
        }
    }

    private void useEndpoint(StoreKey.Endpoint key, KeyValue record) {
        try {
            WorkloadEndpoint endpoint = ModelJson.read(record.key(), record.value(), WorkloadEndpoint::fromJson);
            endpoint.addresses()
                    .forEach(a -> use(
                            a, "endpoint " + key.key().host() + "/" + key.key().endpoint()));
        } catch (BadRecordException e) {
            LOG.warn("endpoint {} is damaged; its addresses look unused: {}", record.key(), e.getMessage());
        }
    }
}
