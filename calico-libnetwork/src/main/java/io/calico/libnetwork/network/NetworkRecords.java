package io.calico.libnetwork.network;

import io.calico.datastore.CalicoStore;
import io.calico.datastore.PoolPut;
import io.calico.datastore.spi.Transaction;
import io.calico.ipam.BlockAllocator;
import io.calico.ipam.Owner;
import io.calico.ipam.TransferResult;
import io.calico.libnetwork.http.CallException;
import io.calico.model.HostNetwork;
import io.calico.model.IpPool;
import io.calico.model.Network;
import io.calico.model.Profile;
import io.calico.model.json.BadRecordException;
import io.calico.model.json.ModelJson;
import io.calico.model.net.Cidr;
import io.calico.model.net.IpAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the datastore holds of a network:
 *
 * <ul>
 *   <li>the engine's request, word for word, under the network's id: the network exists while it does;
 *   <li>a profile named with the id, whose members may talk to each other;
 *   <li>with another IPAM driver than ours, a pool of the network's subnet from which we assign nothing: it makes the
 *       addresses known as those of workloads;
 *   <li>with ours, gateway and auxiliary addresses that the user gave, bound to the network.
 * </ul>
 *
 * <p>A network may be in the engines of several hosts, in each under an id of its own. All this is stored once, under the
 * canonical id, that of the engine where a user made it; the other engines have copies, of which only is stored what they
 * are copies of. Thread-safe.
 */
final class NetworkRecords {
    private static final Logger LOG = LoggerFactory.getLogger(NetworkRecords.class);
    private static final String IPIP_DEVICE = "tunl0";
    private static final Transaction NOTHING_ELSE = Transaction.builder().build();

    private final CalicoStore store;
    private final BlockAllocator allocator;
    private final String host;
    private final ReentrantLock creating = new ReentrantLock();

    /** Ids of networks that the engine has removed and the datastore may not have. */
    private final Set<String> unfinishedDeletions = ConcurrentHashMap.newKeySet();

    /** Canonical ids of copies that this process is having made by this host's engine. */
    private final Set<String> replicasInTheMaking = ConcurrentHashMap.newKeySet();

    /** By the engine's id the canonical one, which never changes: spares a read in each call. */
    private final Map<String, String> canonicalIds = new ConcurrentHashMap<>();

    NetworkRecords(CalicoStore store, BlockAllocator allocator, String host) {
        this.store = store;
        this.allocator = allocator;
        this.host = host;
    }

    /**
     * Writes all of it, or, on an exception, nothing.
     *
     * @param request as parsed
     * @param verbatim as sent
     */
    void create(CreateNetworkRequest request, String verbatim) {
        requireUsable(request);
        if (request.replicaOf().isPresent()) {
            createReplica(request, request.replicaOf().get());
            return;
        }
        // Two networks with one subnet: the second must see the first.
        creating.lock();
        try {
            requireSame(request);
            write(request, verbatim);
        } finally {
            creating.unlock();
        }
    }

    private void createReplica(CreateNetworkRequest request, String canonicalId) {
        if (!request.ipv4().stream().allMatch(SubnetData::isOurs)) {
            throw CallException.failed("a copy of another host's network needs --ipam-driver calico, too");
        }
        Optional<Network> original = store.networks().findById(canonicalId).filter(network -> !network.removed());
        boolean exists = original.isPresent()
                && store.networks().findRequest(canonicalId).isPresent()
                && store.networks()
                        .putReplica(
                                host,
                                request.networkId(),
                                HostNetwork.builder()
                                        .name(original.get().name())
                                        .network(canonicalId)
                                        .build());
        if (!exists) {
            throw CallException.failed(
                    "there is no network " + canonicalId + " (any more) that this could be a copy of");
        }
        canonicalIds.put(request.networkId(), canonicalId);
    }

    /** From now on an engine that takes back a copy of this network has only failed to make it. */
    void beginReplica(String canonicalId) {
        replicasInTheMaking.add(canonicalId);
    }

    /** Ends what {@link #beginReplica} began. */
    void endReplica(String canonicalId) {
        replicasInTheMaking.remove(canonicalId);
    }

    /** If the network exists, a call was made twice, and that is fine. */
    private void requireSame(CreateNetworkRequest request) {
        Optional<CreateNetworkRequest> existing = findCanonical(request.networkId());
        if (existing.isPresent()
                && !(existing.get().ipv4().equals(request.ipv4())
                        && existing.get().options().equals(request.options()))) {
            throw CallException.failed(
                    "network " + request.networkId() + " exists with other subnets or options; remove it first");
        }
    }

    private void write(CreateNetworkRequest request, String verbatim) {
        String id = request.networkId();
        Optional<Cidr> foreignSubnet = onLinkSubnet(request);
        boolean madePool = foreignSubnet.isPresent() && putPool(request, foreignSubnet.get());
        boolean madeProfile = false;
        List<IpAddress> bound = new ArrayList<>();
        try {
            madeProfile = store.profiles().create(Profile.defaults(id));
            if (foreignSubnet.isEmpty()) {
                bindReserved(request, bound);
            }
            store.networks().putRequest(id, verbatim.strip());
        } catch (RuntimeException e) {
            for (IpAddress address : bound) {
                undo("the binding of address " + address, e, () -> unbind(address, id));
            }
            if (madeProfile) {
                undo("profile " + id, e, () -> store.profiles().remove(id));
            }
            if (madePool) {
                undo("pool " + foreignSubnet.get(), e, () -> store.pools().remove(foreignSubnet.get()));
            }
            throw e;
        }
    }

    private static void undo(String what, RuntimeException why, Runnable removal) {
        try {
            removal.run();
        } catch (RuntimeException e) {
            LOG.warn(
                    "{} was made for a network that could not be created, and cannot be removed: {}",
                    what,
                    e.toString());
            why.addSuppressed(e);
        }
    }

    private static void requireUsable(CreateNetworkRequest request) {
        if (!request.ipv6().isEmpty()) {
            throw CallException.failed(
                    "calico does not support IPv6 on Docker networks yet; create the network without");
        }
        if (request.ipv4().isEmpty()) {
            throw CallException.failed("a calico network needs an IPv4 subnet");
        }
        if (!request.ipv4().stream().allMatch(SubnetData::isOurs)
                && request.ipv4().size() > 1) {
            throw CallException.failed("a calico network with Docker's own IPAM driver can have one IPv4 subnet only");
        }
    }

    /** The network's subnet, if addresses come from another IPAM driver than ours. */
    Optional<Cidr> onLinkSubnet(CreateNetworkRequest request) {
        return request.ipv4().stream()
                .filter(subnet -> !subnet.isOurs())
                .findFirst()
                .flatMap(SubnetData::network);
    }

    /** Whether this call made the pool. */
    private boolean putPool(CreateNetworkRequest request, Cidr subnet) {
        Optional<IpPool> existing = store.pools().find(subnet);
        if (existing.isPresent()) {
            requireAbandoned(existing.get(), request.networkId());
        }
        IpPool pool = IpPool.builder()
                .cidr(subnet)
                .ipam(false)
                .natOutgoing(request.isSet("nat-outgoing"))
                .ipip(request.isSet("ipip") ? Optional.of(IPIP_DEVICE) : Optional.empty())
                .build();
        PoolPut put = store.pools().put(pool);
        if (put instanceof PoolPut.Overlaps overlap) {
            throw CallException.failed("subnet " + subnet + " overlaps with calico's pool " + overlap.other()
                    + "; give another --subnet, or --ipam-driver calico");
        }
        Optional<IpPool> replaced = put instanceof PoolPut.Stored stored ? stored.replaced() : Optional.empty();
        if (existing.isEmpty() && replaced.isPresent()) {
            // Another host's plugin was a moment earlier.
            store.pools().put(replaced.get());
            throw CallException.failed("subnet " + subnet + " was given to another network at this moment");
        }
        return existing.isEmpty();
    }

    private void requireAbandoned(IpPool pool, String networkId) {
        if (pool.ipam()) {
            throw CallException.failed("subnet " + pool.cidr()
                    + " is a pool of calico; to take addresses from it, give --ipam-driver calico as well");
        }
        for (String id : store.networks().requestIds()) {
            Optional<Cidr> subnet = findCanonical(id).flatMap(this::onLinkSubnet);
            if (subnet.equals(Optional.of(pool.cidr())) && !id.equals(networkId)) {
                throw CallException.failed("subnet " + pool.cidr() + " is that of network " + id
                        + "; if that network is gone, remove it: calicoctl pool remove " + pool.cidr());
            }
        }
    }

    /** Adds to {@code bound} what this call has bound. */
    private void bindReserved(CreateNetworkRequest request, List<IpAddress> bound) {
        for (SubnetData subnet : request.ipv4()) {
            for (IpAddress address : subnet.reserved()) {
                TransferResult result = allocator.transferOwner(
                        address, Owner.pendingEndpoint(host), Owner.network(host, request.networkId()), NOTHING_ELSE);
                if (result != TransferResult.DONE) {
                    throw CallException.failed(
                            "address " + address + ", which the network asks for, was released or given"
                                    + " to another meanwhile; create the network again");
                }
                bound.add(address);
            }
        }
    }

    private void unbind(IpAddress address, String id) {
        allocator.transferOwner(address, Owner.network(host, id), Owner.pendingEndpoint(host), NOTHING_ELSE);
    }

    /**
     * Removes a network from this host, and from all: other hosts' engines have to remove their copies, and the last of
     * them removes what is stored. An engine that shares its networks with others tells one of them only; these know the
     * network under the same id, and it goes from all at once. Gateway and auxiliary addresses are released by the engine.
     */
    void delete(String id) {
        try {
            String canonicalId = canonicalId(id);
            // For the case that this has to be done again.
            canonicalIds.put(id, canonicalId);
            deleteAs(id, canonicalId);
            canonicalIds.remove(id);
            unfinishedDeletions.remove(id);
        } catch (RuntimeException e) {
            unfinishedDeletions.add(id);
            throw e;
        }
    }

    /** Does again what could not be finished, for want of the datastore: an engine asks once only. */
    void retryDeletions() {
        unfinishedDeletions.forEach(this::delete);
    }

    private void deleteAs(String id, String canonicalId) {
        if (!canonicalId.equals(id) && replicasInTheMaking.contains(canonicalId)) {
            store.networks().removeFromHost(host, id);
            LOG.info("the engine took back network {}, its copy of network {}", id, canonicalId);
            return;
        }
        // First, so that no error or crash makes a network come back that a user has removed.
        store.networks()
                .findById(canonicalId)
                .ifPresent(network -> store.networks().update(network, found -> found.withRemoved(true)));
        store.networks().removeFromHost(host, id);
        Optional<CreateNetworkRequest> request = findCanonical(canonicalId);
        store.networks().whereIs(canonicalId).stream()
                .filter(elsewhere -> elsewhere.id().equals(id))
                .forEach(elsewhere -> store.networks().removeFromHost(elsewhere.host(), id));
        request.flatMap(this::onLinkSubnet)
                .flatMap(subnet -> store.pools().find(subnet))
                .filter(pool -> !pool.ipam())
                .ifPresent(pool -> store.pools().remove(pool.cidr()));
        // Last, so that what an error left behind can be found.
        if (!store.networks().end(canonicalId)) {
            LOG.info("network {} is kept until other hosts have removed it, too", canonicalId);
        }
    }

    /**
     * The network as it was made, whichever host's engine gave the id; its own id is the canonical one.
     *
     * @throws CallException if it is not known
     */
    CreateNetworkRequest require(String id) {
        return find(id).orElseThrow(() -> CallException.failed("network " + id
                + " is not known to calico: its record is gone or cannot be read; remove it and create it anew"));
    }

    private Optional<CreateNetworkRequest> find(String id) {
        @Nullable String known = canonicalIds.get(id);
        Optional<CreateNetworkRequest> request = findCanonical(known == null ? id : known);
        if (request.isEmpty() && known == null) {
            String canonicalId = canonicalId(id);
            request = canonicalId.equals(id) ? Optional.empty() : findCanonical(canonicalId);
        }
        request.ifPresent(found -> canonicalIds.put(id, found.networkId()));
        return request;
    }

    private String canonicalId(String id) {
        @Nullable String known = canonicalIds.get(id);
        return known != null
                ? known
                : store.networks()
                        .findOnHost(host, id)
                        .map(HostNetwork::network)
                        .orElse(id);
    }

    private Optional<CreateNetworkRequest> findCanonical(String id) {
        Optional<String> json = store.networks().findRequest(id);
        try {
            return json.map(text -> ModelJson.read(id, text, CreateNetworkRequest::fromJson));
        } catch (BadRecordException e) {
            LOG.warn("the record of network {} cannot be read: {}", id, e.getMessage());
            return Optional.empty();
        }
    }
}
