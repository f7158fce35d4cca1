package io.calico.libnetwork.network;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.calico.dataplane.WorkloadInterface;
import io.calico.datastore.CalicoStore;
import io.calico.datastore.StoredEndpoint;
import io.calico.ipam.BlockAllocator;
import io.calico.libnetwork.http.CallContext;
import io.calico.libnetwork.http.CallException;
import io.calico.libnetwork.http.CallHandler;
import io.calico.libnetwork.http.Deadline;
import io.calico.libnetwork.http.Routes;
import io.calico.libnetwork.ipam.AddressUse;
import io.calico.model.EndpointKey;
import io.calico.model.WorkloadEndpoint;
import io.calico.model.net.IpAddress;
import io.calico.model.net.MacAddress;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * {@code NetworkDriver.*} of the remote driver protocol. Thread-safe.
 *
 * <p>Of the calls for one endpoint only these orders can be relied on: CreateEndpoint before Join, and one at a time. All
 * others (Leave without Join, DeleteEndpoint without Leave or on another host, everything twice, everything after a
 * restart of the engine or of ours) happen, and succeed.
 */
public final class NetworkDriver {
    private static final Logger LOG = LoggerFactory.getLogger(NetworkDriver.class);
    /** Of every container that did not ask for another: each has its link to itself, so all can have the same. */
    private static final MacAddress CONTAINER_MAC = MacAddress.parse("ee:ee:ee:ee:ee:ee");

    /** How long the release of an address waits for a call that is at work on its endpoint. */
    private static final Duration RELEASE_WAIT = Duration.ofSeconds(5);

    private final CalicoStore store;
    private final NetworkRecords networks;
    private final EndpointRecords records;
    private final EndpointTurns turns = new EndpointTurns();
    private final LocalEndpoints endpoints;
    private final Workloads workloads;
    private final DriverScope scope;
    private final Runnable engineCalled;

    /**
     * Does no I/O.
     *
     * @param allocator of the IPAM driver
     * @param options what is particular to this host
     */
    public NetworkDriver(
            CalicoStore store, BlockAllocator allocator, Workloads workloads, NetworkDriverOptions options) {
        this.store = store;
        this.networks = new NetworkRecords(store, allocator, options.host());
        this.records = new EndpointRecords(store, allocator, options.host());
        this.endpoints = new LocalEndpoints(store, options.host());
        this.workloads = workloads;
        this.scope = options.scope();
        this.engineCalled = options.engineCalled();
    }

    /** Who has an address of this host; for the IPAM driver. */
    public AddressUse addressUse() {
        return new AddressUse() {
            @Override
            public boolean giveUp(IpAddress address) {
                return NetworkDriver.this.giveUp(address);
            }

            @Override
            public boolean isEndpoint(String endpointId) {
                return store.endpoints().find(endpoints.key(endpointId)).isPresent();
            }
        };
    }

    /** Forgets an endpoint that somebody else has removed from the datastore. */
    public void removed(StoredEndpoint endpoint) {
        endpoints.remove(endpoint.key());
    }

    /** What whoever keeps the engine's networks equal to other hosts' tells this driver. */
    public ReplicaGuard replicas() {
        return new ReplicaGuard() {
            @Override
            public Making making(String canonicalId) {
                networks.beginReplica(canonicalId);
                return () -> networks.endReplica(canonicalId);
            }

            @Override
            public void retryDeletions() {
                networks.retryDeletions();
            }
        };
    }

    /** Adds the driver's calls to a socket's. */
    public Routes.Builder addTo(Routes.Builder routes) {
        return routes.callWithoutBody("/NetworkDriver.GetCapabilities", this::capabilities)
                .call(
                        "/NetworkDriver.CreateNetwork",
                        CreateNetworkRequest::fromJson,
                        inTurn(CreateNetworkRequest::networkId, this::createNetwork))
                .call(
                        "/NetworkDriver.DeleteNetwork",
                        NetworkRequest::fromJson,
                        inTurn(NetworkRequest::networkId, this::deleteNetwork))
                .call(
                        "/NetworkDriver.CreateEndpoint",
                        CreateEndpointRequest::fromJson,
                        inTurn(CreateEndpointRequest::endpointId, this::createEndpoint))
                .call("/NetworkDriver.EndpointOperInfo", EndpointRequest::fromJson, (r, context) -> operationalInfo())
                .call(
                        "/NetworkDriver.DeleteEndpoint",
                        EndpointRequest::fromJson,
                        inTurn(EndpointRequest::endpointId, this::deleteEndpoint))
                .call("/NetworkDriver.Join", JoinRequest::fromJson, inTurn(JoinRequest::endpointId, this::join))
                .call(
                        "/NetworkDriver.Leave",
                        EndpointRequest::fromJson,
                        inTurn(EndpointRequest::endpointId, this::leave))
                // Published ports: nothing is asked for yet that we would refuse, and a refusal would fail the start.
                .call("/NetworkDriver.ProgramExternalConnectivity", EndpointRequest::fromJson, (r, context) -> done())
                .call("/NetworkDriver.RevokeExternalConnectivity", EndpointRequest::fromJson, (r, context) -> done())
                .callWithoutBody("/NetworkDriver.DiscoverNew", context -> done())
                .callWithoutBody("/NetworkDriver.DiscoverDelete", context -> done());
    }

    private <Q> CallHandler<Q> inTurn(Function<Q, String> id, CallHandler<Q> handler) {
        return (request, context) ->
                turns.inTurn(id.apply(request), context.deadline(), () -> handler.handle(request, context));
    }

    private JsonNode capabilities(CallContext context) {
        engineCalled.run();
        // Containers of all hosts reach each other, whatever the engine spreads.
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        return json.put("Scope", scope.of(context.callerPid())).put("ConnectivityScope", "global");
    }

    private static JsonNode done() {
        return JsonNodeFactory.instance.objectNode();
    }

    /** What an engine shows of an endpoint beside what it knows: nothing. */
    private static JsonNode operationalInfo() {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        json.putObject("Value");
        return json;
    }

    private JsonNode createNetwork(CreateNetworkRequest request, CallContext context) {
        engineCalled.run();
        networks.create(request, context.body());
        LOG.info(
                "network {} created{}",
                request.networkId(),
                request.replicaOf().map(id -> ", a copy of network " + id).orElse(""));
        return done();
    }

    private JsonNode deleteNetwork(NetworkRequest request, CallContext context) {
        networks.delete(request.networkId());
        LOG.info("network {} deleted", request.networkId());
        return done();
    }

    private JsonNode createEndpoint(CreateEndpointRequest request, CallContext context) {
        IpAddress address = supportedAddress(request.requested());
        MacAddress mac = request.requested().mac().orElse(CONTAINER_MAC);
        requireUsable(mac);
        CreateNetworkRequest network = networks.require(request.networkId());
        EndpointKey key = endpoints.key(request.endpointId());
        WorkloadEndpoint endpoint = WorkloadEndpoint.builder()
                .interfaceName(WorkloadInterface.hostNameFor(request.endpointId()))
                .mac(mac)
                .addProfileIds(network.networkId())
                .build()
                .withAddresses(List.of(address));
        EndpointRecords.Creation creation = networks.onLinkSubnet(network).isPresent()
                ? records.create(key, endpoint)
                : records.create(key, endpoint, address);
        if (creation == EndpointRecords.Creation.ADDRESS_LOST) {
            throw CallException.failed(
                    "address " + address + " does not wait for an endpoint of this host any more: it was"
                            + " released, or given to another, since it was requested; start the container again");
        }
        if (creation == EndpointRecords.Creation.EXISTS) {
            requireSame(key, endpoint);
        }
        endpoints.put(key, endpoint);
        LOG.info("endpoint {} of network {} created with address {}", key.endpoint(), network.networkId(), address);
        return request.requested().mac().isPresent() ? CreateEndpointAnswer.nothing() : CreateEndpointAnswer.mac(mac);
    }

    private static IpAddress supportedAddress(CreateEndpointRequest.Interface requested) {
        if (requested.ipv6().isPresent()) {
            throw CallException.failed("calico does not give IPv6 addresses to containers yet");
        }
        return requested
                .ipv4()
                .filter(IpAddress::isV4)
                .orElseThrow(() -> CallException.failed("the endpoint has no IPv4 address; calico needs one"));
    }

    private static void requireUsable(MacAddress mac) {
        boolean multicast = (mac.toBytes()[0] & 1) != 0;
        if (multicast || mac.bits() == 0 || mac.equals(WorkloadInterface.HOST_MAC)) {
            throw CallException.failed(
                    "MAC address " + mac + " cannot be used: it must be a unicast address other than "
                            + WorkloadInterface.HOST_MAC + ", which is that of the host");
        }
    }

    /** The endpoint exists. If it is what was asked for, a call was made twice, and that is fine. */
    private void requireSame(EndpointKey key, WorkloadEndpoint wanted) {
        boolean same = store.endpoints()
                .find(key)
                .filter(stored -> stored.value().addresses().equals(wanted.addresses()))
                .filter(stored -> stored.value().mac().equals(wanted.mac()))
                .filter(stored -> stored.value().profileIds().equals(wanted.profileIds()))
                .isPresent();
        if (!same) {
            throw CallException.failed("endpoint " + key.endpoint() + " exists with another address, MAC or network");
        }
    }

    private JsonNode join(JoinRequest request, CallContext context) {
        EndpointKey key = endpoints.key(request.endpointId());
        StoredEndpoint stored = store.endpoints()
                .find(key)
                .orElseThrow(() ->
                        CallException.failed("endpoint " + key.endpoint() + " is not known on host " + key.host()));
        CreateNetworkRequest network = networks.require(request.networkId());
        WorkloadEndpoint joined = endpoints.withGateway(key, stored.value(), request.sandboxKey());
        IpAddress gateway = joined.ipv4Gateway().orElseThrow();
        if (!joined.equals(stored.value())
                && store.endpoints().update(key, stored.modRevision(), joined).isEmpty()) {
            throw CallException.failed("endpoint " + key.endpoint() + " was changed or deleted while it was joining");
        }
        String containerName = WorkloadInterface.containerNameFor(key.endpoint());
        WorkloadInterface workload = WorkloadInterface.builder()
                .hostName(joined.interfaceName())
                .containerName(containerName)
                .containerMac(joined.mac())
                .addresses(joined.addresses())
                .gateway4(gateway)
                .mtuBytes(workloads.mtuBytes())
                .build();
        // The revision of before: what was written since is of no concern to policy, and need not be waited for.
        workloads.join(key, workload, stored.modRevision(), context.deadline().remaining());
        LOG.info("endpoint {} joined {} as {}", key.endpoint(), request.sandboxKey(), joined.interfaceName());
        return JoinAnswer.of(containerName, gateway, networks.onLinkSubnet(network));
    }

    private JsonNode leave(EndpointRequest request, CallContext context) {
        workloads.leave(WorkloadInterface.hostNameFor(request.endpointId()));
        LOG.info("endpoint {} left", request.endpointId());
        return done();
    }

    private JsonNode deleteEndpoint(EndpointRequest request, CallContext context) {
        EndpointKey key = endpoints.key(request.endpointId());
        // First the interface, which a Join may have left: an endpoint that is gone must not have had traffic since.
        workloads.leave(WorkloadInterface.hostNameFor(request.endpointId()));
        boolean deleted = records.delete(key) || deleteElsewhere(request.endpointId());
        endpoints.remove(key);
        LOG.info("endpoint {} deleted{}", request.endpointId(), deleted ? "" : ": it was not known");
        return done();
    }

    /** An engine of a cluster may remove an endpoint of a host that is lost. */
    private boolean deleteElsewhere(String endpointId) {
        Optional<StoredEndpoint> elsewhere = store.endpoints().findById(endpointId);
        return elsewhere.isPresent() && records.delete(elsewhere.get().key());
    }

    /**
     * An engine releases an address when its endpoint is gone. If we still have the endpoint, a call was lost: DeleteEndpoint,
     * and then the endpoint goes now; or the release itself came late, and then the address belongs to a container that
     * runs.
     */
    private boolean giveUp(IpAddress address) {
        Optional<EndpointKey> holder = endpoints.holderOf(address);
        return holder.isEmpty() || giveUp(address, holder.get());
    }

    private boolean giveUp(IpAddress address, EndpointKey key) {
        return turns.inTurn(key.endpoint(), Deadline.after(RELEASE_WAIT, System::nanoTime), () -> {
            Optional<StoredEndpoint> stored = store.endpoints()
                    .find(key)
                    .filter(endpoint -> endpoint.value().addresses().contains(address));
            if (stored.isPresent() && workloads.isPresent(stored.get().value().interfaceName())) {
                LOG.warn(
                        "address {} is not released: endpoint {} has a live interface with it",
                        address,
                        key.endpoint());
                return false;
            }
            if (stored.isPresent()) {
                LOG.info("endpoint {} deleted: it has no interface and its address is released", key.endpoint());
                records.delete(stored.get());
            }
            endpoints.remove(key);
            return true;
        });
    }
}
