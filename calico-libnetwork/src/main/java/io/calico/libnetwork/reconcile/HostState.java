package io.calico.libnetwork.reconcile;

import io.calico.datastore.CalicoStore;
import io.calico.datastore.EndpointFilter;
import io.calico.datastore.Listing;
import io.calico.datastore.StoredEndpoint;
import io.calico.ipam.AddressInfo;
import io.calico.libnetwork.engine.EngineSnapshot;
import io.calico.model.net.IpAddress;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Engine, kernel and datastore as they were read for one look, in an order in which what is being made is missed rather
 * than taken for left over: whoever needs is read after what is needed. Of the endpoints only this host's are read; those of
 * all hosts, which may be a hundred thousand, when somebody asks, and once. Not thread-safe.
 */
final class HostState {
    private final String host;
    private final Optional<EngineSnapshot> engine;
    private final List<AddressInfo> addresses;
    private final Set<String> links;
    private final CalicoStore store;
    private final Listing<StoredEndpoint> endpoints;
    private @Nullable Listing<StoredEndpoint> everywhere;

    /**
     * Reads the rest.
     *
     * @param engine empty if none could be asked
     * @param addresses those whose owner names this host
     */
    HostState(
            String host,
            Optional<EngineSnapshot> engine,
            List<AddressInfo> addresses,
            CalicoStore store,
            HostLinks hostLinks) {
        this.host = host;
        this.engine = engine;
        this.addresses = List.copyOf(addresses);
        this.store = store;
        this.links = Set.copyOf(hostLinks.names());
        this.endpoints = store.endpoints().list(EndpointFilter.ofHost(host));
    }

    String host() {
        return host;
    }

    /** Empty if none could be asked. */
    Optional<EngineSnapshot> engine() {
        return engine;
    }

    /** Those whose owner names this host. */
    List<AddressInfo> addresses() {
        return addresses;
    }

    /** Host-side names. */
    Set<String> links() {
        return links;
    }

    /** This host's, of whatever orchestrator. */
    Listing<StoredEndpoint> endpoints() {
        return endpoints;
    }

    /** All hosts' endpoints that have the address. */
    List<StoredEndpoint> having(IpAddress address) {
        return everywhere().values().stream()
                .filter(endpoint -> endpoint.value().addresses().contains(address))
                .toList();
    }

    /** Whether the record of an endpoint of any host cannot be read: nobody knows which addresses are its. */
    boolean hasDamagedEndpointsAnywhere() {
        return !everywhere().damaged().isEmpty();
    }

    private Listing<StoredEndpoint> everywhere() {
        if (everywhere == null) {
            everywhere = store.endpoints().list(EndpointFilter.all());
        }
        return everywhere;
    }

    Set<String> endpointIds() {
        return endpoints.values().stream().map(e -> e.key().endpoint()).collect(Collectors.toSet());
    }
}
