package io.calico.libnetwork.ipam;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.calico.datastore.CalicoStore;
import io.calico.ipam.AddressInfo;
import io.calico.ipam.AssignOptions;
import io.calico.ipam.AssignRequest;
import io.calico.ipam.AssignResult;
import io.calico.ipam.BlockAllocator;
import io.calico.ipam.IpamException;
import io.calico.ipam.Owner;
import io.calico.ipam.ReleaseRequest;
import io.calico.libnetwork.http.CallException;
import io.calico.libnetwork.http.Routes;
import io.calico.model.IpPool;
import io.calico.model.net.Cidr;
import io.calico.model.net.IpAddress;
import io.calico.model.net.IpVersion;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * {@code IpamDriver.*} of the remote driver protocol. Thread-safe.
 *
 * <p>An engine asks for an address before it says for whom: until an endpoint has it, an address is marked as waiting for
 * one, so that those whose endpoint never came can be found.
 */
public final class IpamDriver {
    private static final Logger LOG = LoggerFactory.getLogger(IpamDriver.class);

    private final CalicoStore store;
    private final BlockAllocator allocator;
    private final AddressUse use;
    private final String host;

    /**
     * @param use who has an address that is to be released
     * @param host this host's name in the datastore
     */
    public IpamDriver(CalicoStore store, BlockAllocator allocator, AddressUse use, String host) {
        this.store = store;
        this.allocator = allocator;
        this.use = use;
        this.host = host;
    }

    /** Adds the driver's calls to a socket's. */
    public Routes.Builder addTo(Routes.Builder routes) {
        // No MACs: the engine would make them up, and containers could not all have the same. No replay: the engine
        // would
        // ask for the pool that we answered, which is everything, and forget the one that the user gave.
        ObjectNode capabilities = JsonNodeFactory.instance.objectNode();
        capabilities.put("RequiresMACAddress", false).put("RequiresRequestReplay", false);
        ObjectNode spaces = JsonNodeFactory.instance.objectNode();
        spaces.put("LocalDefaultAddressSpace", "CalicoLocalAddressSpace");
        spaces.put("GlobalDefaultAddressSpace", "CalicoGlobalAddressSpace");
        return routes.callWithoutBody("/IpamDriver.GetCapabilities", context -> capabilities)
                .callWithoutBody("/IpamDriver.GetDefaultAddressSpaces", context -> spaces)
                .call("/IpamDriver.RequestPool", RequestPoolRequest::fromJson, (r, context) -> requestPool(r))
                .call("/IpamDriver.ReleasePool", AddressRequest::fromJson, (r, context) -> done())
                .call("/IpamDriver.RequestAddress", AddressRequest::fromJson, (r, context) -> requestAddress(r))
                .call("/IpamDriver.ReleaseAddress", AddressRequest::fromJson, (r, context) -> releaseAddress(r));
    }

    private JsonNode requestPool(RequestPoolRequest request) {
        if (request.v6()
                || request.subnet().filter(net -> net.version() == IpVersion.V6).isPresent()) {
            throw CallException.failed(
                    "calico does not support IPv6 on Docker networks yet; create the network without");
        }
        if (!request.subPool().isEmpty()) {
            throw CallException.failed("calico cannot restrict a network to --ip-range " + request.subPool()
                    + "; make a calico pool of that range (calicoctl pool add) and give it as --subnet");
        }
        request.subnet().ifPresent(this::requirePool);
        return RequestPoolAnswer.of(request.subnet());
    }

    private static JsonNode done() {
        return JsonNodeFactory.instance.objectNode();
    }

    private void requirePool(Cidr subnet) {
        Optional<IpPool> pool = store.pools().find(subnet).filter(IpamDriver::isAssignable);
        if (pool.isEmpty()) {
            String pools = store.pools().list().values().stream()
                    .filter(IpamDriver::isAssignable)
                    .filter(p -> p.cidr().version() == IpVersion.V4)
                    .map(p -> p.cidr().toString())
                    .collect(Collectors.joining(", "));
            throw CallException.failed("subnet " + subnet + " is not a calico pool that gives addresses; "
                    + (pools.isEmpty() ? "there is none" : "those are " + pools)
                    + "; add one with: calicoctl pool add " + subnet);
        }
    }

    private static boolean isAssignable(IpPool pool) {
        return pool.ipam() && !pool.disabled();
    }

    private JsonNode requestAddress(AddressRequest request) {
        IpAddress address =
                request.specific().isPresent() ? assign(request.specific().get(), request.pool()) : autoAssign(request);
        LOG.debug("address {} assigned", address);
        return answer(address);
    }

    /** The answered mask is that of one address: a container shares its link with nobody. */
    private static JsonNode answer(IpAddress address) {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        json.put("Address", Cidr.of(address).toString());
        json.putObject("Data");
        return json;
    }

    private IpAddress assign(IpAddress address, Optional<Cidr> pool) {
        if (address.isV6()) {
            throw CallException.failed("calico does not give IPv6 addresses to containers yet");
        }
        if (pool.isPresent() && !pool.get().contains(address)) {
            throw CallException.failed("address " + address + " is not in " + pool.get() + ", the network's subnet");
        }
        allocator.assign(
                address,
                AssignOptions.builder().owner(Owner.pendingEndpoint(host)).build());
        return address;
    }

    private IpAddress autoAssign(AddressRequest request) {
        if (request.pool().isEmpty() && !request.poolId().equals(RequestPoolAnswer.ANY_IPV4)) {
            throw CallException.badRequest("PoolID '" + request.poolId() + "' is none that calico gave");
        }
        AssignResult.Family result = allocator
                .autoAssign(AssignRequest.builder()
                        .num4(1)
                        .pools4(request.pool().map(List::of).orElse(List.of()))
                        .owner(Owner.pendingEndpoint(host))
                        .build())
                .ipv4();
        if (result.addresses().isEmpty()) {
            throw CallException.failed("no free address is left in "
                    + request.pool().map(pool -> "calico pool " + pool).orElse("any calico pool"));
        }
        return result.addresses().get(0);
    }

    private JsonNode releaseAddress(AddressRequest request) {
        // The gateway of a network without one is released as 0.0.0.0.
        Optional<IpAddress> address = request.specific().filter(a -> a.high() != 0 || a.low() != 0);
        if (address.isEmpty() || !use.giveUp(address.get())) {
            return done();
        }
        try {
            release(address.get(), Owner.pendingEndpoint(host));
        } catch (IpamException.StaleRelease e) {
            releaseFromOwner(address.get(), e);
        }
        return done();
    }

    private void release(IpAddress address, Owner owner) {
        boolean released = !allocator
                .release(List.of(ReleaseRequest.of(address, owner)))
                .released()
                .isEmpty();
        LOG.debug("address {} {}", address, released ? "released" : "was not assigned");
    }

    /**
     * Releases an address that does not wait for an endpoint of this host: that of a network, or of an endpoint that is
     * gone. Any other belongs to somebody who has not given it up: this release is late, or meant for another host.
     */
    private void releaseFromOwner(IpAddress address, IpamException.StaleRelease refusal) {
        Optional<Owner> owner = allocator.info(address).flatMap(AddressInfo::owner);
        try {
            if (owner.filter(this::hasGivenUp).isPresent()) {
                release(address, owner.get());
                return;
            }
        } catch (IpamException.StaleRelease e) {
            LOG.debug("address {} changed hands meanwhile", address, e);
        }
        LOG.warn("{}: the release is late, or meant for another host", refusal.getMessage());
    }

    private boolean hasGivenUp(Owner owner) {
        return switch (owner.kind()) {
            case Owner.ENDPOINT_PENDING -> owner.node().equals(host);
            case Owner.ENDPOINT ->
                owner.node().equals(host)
                        && owner.id().filter(id -> !use.isEndpoint(id)).isPresent();
            case Owner.NETWORK -> true;
            default -> false;
        };
    }
}
