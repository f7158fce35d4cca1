package io.calico.libnetwork.reconcile;

import io.calico.datastore.CalicoStore;
import io.calico.libnetwork.engine.EngineSnapshot;
import io.calico.model.HostNetwork;
import io.calico.model.Network;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/**
 * Which networks engine and datastore disagree about. Profiles and pools hold what an operator wrote: they are reported,
 * never removed. Only when the operator has removed the profile of a network that the engine does not have, what else is
 * recorded of it goes.
 */
final class NetworkRules {
    private final String host;
    private final CalicoStore store;
    private final EngineSnapshot engine;

    NetworkRules(String host, CalicoStore store, EngineSnapshot engine) {
        this.host = host;
        this.store = store;
        this.engine = engine;
    }

    void find(Consumer<Suspect> found) {
        Set<String> recorded = Set.copyOf(store.networks().requestIds());
        Map<String, HostNetwork> here = store.networks().ofHost(host);
        List<Network> named = store.networks().list().values();
        Set<String> elsewhere = named.stream()
                // A removed one goes when all hosts have let it go, and is not missed.
                .filter(network -> network.removed()
                        || network.host().filter(h -> !h.equals(host)).isPresent())
                .map(Network::id)
                .collect(Collectors.toSet());
        Set<String> known = here.values().stream().map(HostNetwork::network).collect(Collectors.toSet());
        Set<String> inEngine = engine.canonicalIds();
        recorded.stream()
                .sorted()
                .filter(id -> !inEngine.contains(id))
                .filter(id -> known.contains(id) || !elsewhere.contains(id))
                .forEach(id -> found.accept(lost(id, here)));
        engine.networks().entrySet().stream()
                .filter(network -> !recorded.contains(engine.canonicalId(network.getKey())))
                .sorted(Map.Entry.comparingByKey())
                .forEach(network -> found.accept(Suspect.reported(
                        "network " + network.getKey() + " unknown",
                        "network " + network.getValue() + " (" + network.getKey() + ") is Docker's and not in the"
                                + " datastore: no container can be started on it; remove it (docker network rm) and create"
                                + " it anew")));
    }

    private Suspect lost(String id, Map<String, HostNetwork> here) {
        String name = here.values().stream()
                .filter(network -> network.network().equals(id))
                .findFirst()
                .map(network -> network.name() + " (" + id + ")")
                .orElse(id);
        String identity = "network " + id + " " + engine.instance();
        if (store.profiles().exists(id)) {
            return Suspect.reported(
                    identity,
                    "network " + name
                            + " is in the datastore and not Docker's; its profile is kept; if it is not needed:"
                            + " calicoctl profile remove " + id);
        }
        return Suspect.mendable(
                identity + " without profile",
                "network " + name + " is in the datastore, not Docker's, and has no profile",
                "removed",
                () -> forget(id, here));
    }

    private void forget(String id, Map<String, HostNetwork> here) {
        here.forEach((ownId, network) -> {
            if (network.network().equals(id)) {
                store.networks().releaseName(network.name(), id);
                store.networks().removeFromHost(host, ownId);
            }
        });
        store.networks().removeRequest(id);
    }
}
