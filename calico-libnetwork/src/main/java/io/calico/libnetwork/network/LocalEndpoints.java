package io.calico.libnetwork.network;

import io.calico.dataplane.WorkloadInterface;
import io.calico.datastore.CalicoStore;
import io.calico.datastore.EndpointFilter;
import io.calico.datastore.StoredEndpoint;
import io.calico.model.EndpointKey;
import io.calico.model.WorkloadEndpoint;
import io.calico.model.net.IpAddress;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * This host's endpoints by address and by sandbox: an index over the datastore, read from it at first use and kept up by
 * the calls that change it. Nobody else adds endpoints of this plugin on this host; another host may remove one, so what
 * is found here is looked up in the datastore before anything depends on it.
 *
 * <p>The sandbox of an endpoint is stored with it, in a field of our own, so that the index is the same after a restart:
 *
 * <pre>{"state":"active", …, "ipv4_gateway":"169.254.1.1", "sandbox":"/run/docker/netns/09ffebfd296e"}</pre>
 *
 * Thread-safe.
 */
final class LocalEndpoints {
    private static final String ORCHESTRATOR = "libnetwork";
    private static final String WORKLOAD = "libnetwork";

    private final CalicoStore store;
    private final String host;
    private final Object lock = new Object();

    /** Guarded by the lock; null until read. */
    private @Nullable Map<EndpointKey, WorkloadEndpoint> byKey;

    /** Guarded by the lock; holds exactly the addresses of {@link #byKey}. */
    private final Map<IpAddress, EndpointKey> byAddress = new HashMap<>();

    LocalEndpoints(CalicoStore store, String host) {
        this.store = store;
        this.host = host;
    }

    /** The key of an endpoint with that id on this host. */
    EndpointKey key(String endpointId) {
        return new EndpointKey(host, ORCHESTRATOR, WORKLOAD, endpointId);
    }

    /** Remembers an endpoint as it has been stored. */
    void put(EndpointKey key, WorkloadEndpoint endpoint) {
        synchronized (lock) {
            WorkloadEndpoint before = loaded().put(key, endpoint);
            if (before != null) {
                before.addresses().forEach(address -> byAddress.remove(address, key));
            }
            endpoint.addresses().forEach(address -> byAddress.put(address, key));
        }
    }

    /** Forgets an endpoint that has been deleted. */
    void remove(EndpointKey key) {
        synchronized (lock) {
            WorkloadEndpoint before = loaded().remove(key);
            if (before != null) {
                before.addresses().forEach(address -> byAddress.remove(address, key));
            }
        }
    }

    /** The endpoint of this host that has the address. */
    Optional<EndpointKey> holderOf(IpAddress address) {
        synchronized (lock) {
            loaded();
            return Optional.ofNullable(byAddress.get(address));
        }
    }

    /**
     * The endpoint with its sandbox and the gateway that it gets there: the usual one, unless another endpoint of the
     * sandbox has it, because an engine refuses two interfaces of a container with the same next hop. An endpoint that
     * has been given one in this sandbox keeps it. It is remembered at once, so that no other gets the same.
     */
    WorkloadEndpoint withGateway(EndpointKey key, WorkloadEndpoint endpoint, String sandbox) {
        synchronized (lock) {
            Set<IpAddress> taken = new HashSet<>();
            loaded().forEach((otherKey, other) -> {
                if (!otherKey.equals(key)
                        && !sandbox.isEmpty()
                        && other.sandbox().equals(Optional.of(sandbox))) {
                    other.ipv4Gateway().ifPresent(taken::add);
                }
            });
            Optional<IpAddress> kept = endpoint.ipv4Gateway()
                    .filter(gateway -> endpoint.sandbox().orElse("").equals(sandbox) && !taken.contains(gateway));
            IpAddress gateway = kept.orElseGet(() -> freeGateway(key.endpoint(), taken));
            WorkloadEndpoint joined = endpoint.withIpv4Gateway(gateway).withSandbox(sandbox);
            put(key, joined);
            return joined;
        }
    }

    private static IpAddress freeGateway(String endpointId, Set<IpAddress> taken) {
        return taken.contains(WorkloadInterface.DEFAULT_GATEWAY)
                ? LinkLocalGateways.choose(endpointId, taken)
                : WorkloadInterface.DEFAULT_GATEWAY;
    }

    /** To be called under the lock. Reads the datastore the first time; if that fails, the next call tries again. */
    private Map<EndpointKey, WorkloadEndpoint> loaded() {
        if (byKey == null) {
            EndpointFilter ours = new EndpointFilter(
                    Optional.of(host), Optional.of(ORCHESTRATOR), Optional.of(WORKLOAD), Optional.empty());
            Map<EndpointKey, WorkloadEndpoint> read = new HashMap<>();
            for (StoredEndpoint stored : store.endpoints().list(ours).values()) {
                read.put(stored.key(), stored.value());
                stored.value().addresses().forEach(address -> byAddress.put(address, stored.key()));
            }
            byKey = read;
        }
        return byKey;
    }
}
