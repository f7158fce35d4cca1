package io.calico.libnetwork.reconcile;

import io.calico.datastore.CalicoStore;
import io.calico.datastore.EndpointFilter;
import io.calico.datastore.Listing;
import io.calico.datastore.StoredEndpoint;
import io.calico.ipam.AddressInfo;
import io.calico.ipam.BlockAllocator;
import io.calico.libnetwork.engine.EngineSnapshot;
import io.calico.model.net.IpAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Engine, kernel and datastore as they were read for one look, in an order in which what is being made is missed rather
 * than taken for left over: whoever needs is read after what is needed. Immutable.
 *
 * @param engine empty if none could be asked
 * @param addresses those whose owner names this host
 * @param links host-side names
 * @param endpoints of all hosts
 */
record HostState(
        String host,
        Optional<EngineSnapshot> engine,
        List<AddressInfo> addresses,
        Set<String> links,
        Listing<StoredEndpoint> endpoints) {
    static HostState read(
            String host,
            Optional<EngineSnapshot> engine,
            CalicoStore store,
            BlockAllocator allocator,
            HostLinks hostLinks) {
        List<AddressInfo> addresses = allocator.addressesOwnedOn(host);
        Set<String> links = hostLinks.names();
        return new HostState(host, engine, addresses, links, store.endpoints().list(EndpointFilter.all()));
    }

    /** This host's, of whatever orchestrator. */
    List<StoredEndpoint> ofThisHost() {
        return endpoints.values().stream()
                .filter(endpoint -> endpoint.key().host().equals(host))
                .toList();
    }

    /** Whether an endpoint's record cannot be read: nobody knows which interface and which addresses are its. */
    boolean hasDamagedEndpoints() {
        return !endpoints.damaged().isEmpty();
    }

    /** Endpoints of all hosts by address. */
    Map<IpAddress, List<StoredEndpoint>> byAddress() {
        Map<IpAddress, List<StoredEndpoint>> users = new HashMap<>();
        endpoints
                .values()
                .forEach(endpoint -> endpoint.value()
                        .addresses()
                        .forEach(address -> users.computeIfAbsent(address, a -> new ArrayList<>())
                                .add(endpoint)));
        return users;
    }

    Set<String> endpointIdsOfThisHost() {
        return ofThisHost().stream().map(e -> e.key().endpoint()).collect(Collectors.toSet());
    }
}
