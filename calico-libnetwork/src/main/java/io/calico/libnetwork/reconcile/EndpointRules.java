package io.calico.libnetwork.reconcile;

import io.calico.datastore.StoredEndpoint;
import io.calico.ipam.BlockAllocator;
import io.calico.ipam.IpamException;
import io.calico.ipam.Owner;
import io.calico.ipam.ReleaseRequest;
import io.calico.libnetwork.engine.EngineSnapshot;
import io.calico.libnetwork.network.EndpointRecords;
import io.calico.model.net.IpAddress;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/**
 * Which endpoints and interfaces of this host are left over.
 *
 * <ul>
 *   <li>An endpoint of ours that the engine does not know goes, with its interface and its addresses. Unless it has an
 *       interface and is on a network that we have and this engine does not: it may be another engine's. Of a network that was
 *       deleted no engine has a container.
 *   <li>The engine knows an endpoint if a network of it lists it, or if a running container shows it and it has an interface: a
 *       container also shows the endpoint of a connection that failed.
 *   <li>An endpoint that the engine knows and that has no interface is reported: only a restart of its container helps.
 *   <li>An interface that no endpoint of this host has, of whatever orchestrator, goes.
 * </ul>
 */
final class EndpointRules {
    private static final String ORCHESTRATOR = "libnetwork";

    private final HostState state;
    private final Set<String> networkIds;
    private final EndpointRecords records;
    private final BlockAllocator allocator;
    private final HostLinks links;
    private final Consumer<StoredEndpoint> removed;

    /**
     * Rules for one look.
     *
     * @param networkIds of all networks in the datastore
     */
    EndpointRules(
            HostState state,
            Set<String> networkIds,
            EndpointRecords records,
            BlockAllocator allocator,
            HostLinks links,
            Consumer<StoredEndpoint> removed) {
        this.state = state;
        this.networkIds = networkIds;
        this.records = records;
        this.allocator = allocator;
        this.links = links;
        this.removed = removed;
    }

    void find(Consumer<Suspect> found) {
        state.engine()
                .ifPresent(engine -> state.endpoints().values().stream()
                        .filter(endpoint -> endpoint.key().orchestrator().equals(ORCHESTRATOR))
                        .forEach(endpoint -> find(endpoint, engine, found)));
        if (!state.endpoints().damaged().isEmpty()) {
            return;
        }
        Set<String> known = state.endpoints().values().stream()
                .map(e -> e.value().interfaceName())
                .collect(Collectors.toSet());
        state.links().stream()
                .filter(name -> !known.contains(name))
                .map(name -> Suspect.mendable(
                        "interface " + name,
                        "interface " + name + " belongs to no endpoint",
                        "removed",
                        () -> links.remove(name)))
                .forEach(found);
    }

    private void find(StoredEndpoint endpoint, EngineSnapshot engine, Consumer<Suspect> found) {
        String id = endpoint.key().endpoint();
        String name = endpoint.value().interfaceName();
        boolean hasLink = state.links().contains(name);
        String identity = "endpoint " + id + " " + endpoint.createRevision() + " " + engine.instance();
        String text = "endpoint " + id + " (" + name + addresses(endpoint) + ")";
        if (engine.endpoints().contains(id) || hasLink && engine.shown().contains(id)) {
            if (!hasLink) {
                found.accept(Suspect.reported(
                        identity + " has no interface",
                        text + " has no interface on this host, and Docker has it as connected: its container has no"
                                + " network until it is restarted"));
            }
            return;
        }
        List<String> networks = endpoint.value().profileIds();
        boolean ofThisEngine = networks.stream().anyMatch(engine.canonicalIds()::contains);
        boolean mayBeAnothers = networks.stream().anyMatch(networkIds::contains);
        if (hasLink && !ofThisEngine && mayBeAnothers) {
            found.accept(Suspect.reported(
                    identity + " is of no network",
                    text + " is not known to Docker, nor is its network; it has an interface and is kept, for it may be"
                            + " another engine's"));
        } else {
            found.accept(
                    Suspect.mendable(identity, text + " is not known to Docker", "removed", () -> remove(endpoint)));
        }
    }

    private static String addresses(StoredEndpoint endpoint) {
        return endpoint.value().addresses().stream()
                .map(address -> ", " + address)
                .collect(Collectors.joining());
    }

    /** First the interface: an address must not be given again while packets for it go to the old place. */
    private void remove(StoredEndpoint endpoint) {
        links.remove(endpoint.value().interfaceName());
        if (!records.delete(endpoint)) {
            throw new IllegalStateException("it was changed meanwhile");
        }
        removed.accept(endpoint);
        for (IpAddress address : endpoint.value().addresses()) {
            try {
                allocator.release(List.of(ReleaseRequest.of(address, Owner.pendingEndpoint(state.host()))));
            } catch (IpamException.StaleRelease e) {
                // Somebody else's by now; then it is not ours to release.
            }
        }
    }
}
