package io.calico.libnetwork.reconcile;

import io.calico.datastore.CalicoStore;
import io.calico.datastore.Endpoints;
import io.calico.datastore.StoredEndpoint;
import io.calico.ipam.AddressInfo;
import io.calico.ipam.AssignOptions;
import io.calico.ipam.BlockAllocator;
import io.calico.ipam.Owner;
import io.calico.ipam.ReleaseRequest;
import io.calico.ipam.TransferResult;
import io.calico.model.IpPool;
import io.calico.model.net.IpAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/**
 * Which addresses of this host are wrong. Only owners in our own form are judged; an address that an endpoint of any host
 * has is never freed.
 *
 * <ul>
 *   <li>One that waits for an endpoint, or whose endpoint or network is gone, is released.
 *   <li>One that waits for an endpoint although an endpoint of this host has it is bound to that (an earlier version did
 *       not bind).
 *   <li>One that an endpoint has, from a pool of ours, and that is not assigned, is assigned: else another container would
 *       get it. If it is somebody else's, that is reported.
 * </ul>
 */
final class AddressRules {
    private final HostState state;
    private final CalicoStore store;
    private final BlockAllocator allocator;
    private final Set<String> networks;
    /** Of this host, by address. */
    private final Map<IpAddress, List<StoredEndpoint>> users = new HashMap<>();

    private final Set<String> endpointIds;

    AddressRules(HostState state, CalicoStore store, BlockAllocator allocator) {
        this.state = state;
        this.store = store;
        this.allocator = allocator;
        this.networks = Set.copyOf(store.networks().requestIds());
        this.endpointIds = state.endpointIds();
        for (StoredEndpoint endpoint : state.endpoints().values()) {
            for (IpAddress address : endpoint.value().addresses()) {
                users.computeIfAbsent(address, a -> new ArrayList<>()).add(endpoint);
            }
        }
    }

    void find(Consumer<Suspect> found) {
        state.addresses().forEach(address -> judge(address, found));
        Set<IpAddress> assigned =
                state.addresses().stream().map(AddressInfo::address).collect(Collectors.toSet());
        List<IpPool> pools = store.pools().list().values();
        for (StoredEndpoint endpoint : state.endpoints().values()) {
            for (IpAddress address : endpoint.value().addresses()) {
                boolean ours = pools.stream()
                        .anyMatch(pool -> pool.ipam() && pool.cidr().contains(address));
                if (ours && !assigned.contains(address)) {
                    judgeUnassigned(endpoint, address, found);
                }
            }
        }
    }

    private void judge(AddressInfo address, Consumer<Suspect> found) {
        Owner owner = address.owner().orElseThrow();
        List<StoredEndpoint> having = users.getOrDefault(address.address(), List.of());
        if (!having.isEmpty()) {
            if (owner.kind().equals(Owner.ENDPOINT_PENDING)) {
                bind(address, owner, having, found);
            }
            return;
        }
        Optional<String> why = whyLeft(owner);
        if (why.isPresent() && state.having(address.address()).isEmpty() && !state.hasDamagedEndpointsAnywhere()) {
            found.accept(Suspect.mendable(
                            "address " + address.address() + " " + address.sequence() + " " + owner.kind() + " "
                                    + owner.id().orElse(""),
                            "address " + address.address() + " " + why.get(),
                            "released",
                            () -> release(address, owner))
                    .since(address.notAssignedAfter()));
        }
    }

    private boolean isOfThisHost(AddressInfo address) {
        return address.owner()
                .filter(owner -> owner.node().equals(state.host()))
                .isPresent();
    }

    private Optional<String> whyLeft(Owner owner) {
        String id = owner.id().orElse("");
        return switch (owner.kind()) {
            case Owner.ENDPOINT_PENDING -> Optional.of("is assigned to this host and no endpoint has it");
            case Owner.ENDPOINT ->
                endpointIds.contains(id)
                        ? Optional.empty()
                        : Optional.of("is assigned to endpoint " + id + ", which does not exist");
            case Owner.NETWORK ->
                networks.contains(id)
                        ? Optional.empty()
                        : Optional.of("is assigned to network " + id + ", which does not exist");
            default -> Optional.empty();
        };
    }

    private void release(AddressInfo address, Owner owner) {
        allocator.release(List.of(new ReleaseRequest(
                address.address(), Optional.empty(), OptionalLong.of(address.sequence()), Optional.of(owner))));
    }

    private void bind(AddressInfo address, Owner pending, List<StoredEndpoint> having, Consumer<Suspect> found) {
        if (having.size() > 1 || state.having(address.address()).size() > 1) {
            return;
        }
        StoredEndpoint endpoint = having.get(0);
        String id = endpoint.key().endpoint();
        found.accept(Suspect.mendable(
                        "address " + address.address() + " of endpoint " + id,
                        "address " + address.address() + " is endpoint " + id + "'s and not bound to it",
                        "bound",
                        () -> {
                            TransferResult result = allocator.transferOwner(
                                    address.address(),
                                    pending,
                                    Owner.endpoint(state.host(), id),
                                    Endpoints.unchanged(endpoint));
                            if (result != TransferResult.DONE) {
                                throw new IllegalStateException("it was changed meanwhile");
                            }
                        })
                .atOnce());
    }

    /** Not assigned, or in a block that was not read because it is another host's. */
    private void judgeUnassigned(StoredEndpoint endpoint, IpAddress address, Consumer<Suspect> found) {
        String id = endpoint.key().endpoint();
        Optional<AddressInfo> info = allocator.info(address);
        String identity = "address " + address + " not of endpoint " + id;
        if (info.isEmpty()) {
            found.accept(Suspect.mendable(
                    identity,
                    "address " + address + " is endpoint " + id + "'s and not assigned",
                    "assigned",
                    () -> allocator.assign(
                            address,
                            AssignOptions.builder()
                                    .owner(Owner.endpoint(state.host(), id))
                                    .build())));
            return;
        }
        if (isOfThisHost(info.get())) {
            judge(info.get(), found);
        } else if (info.get().owner().isPresent()) {
            Owner owner = info.get().owner().get();
            found.accept(Suspect.reported(
                    identity,
                    "address " + address + " is endpoint " + id + "'s, and assigned to " + owner.kind()
                            + owner.id().map(o -> " " + o).orElse("") + " of host " + owner.node()
                            + ": restart the container of the endpoint"));
        }
    }
}
