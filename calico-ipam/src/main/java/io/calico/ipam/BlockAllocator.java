package io.calico.ipam;

import io.calico.datastore.spi.Datastore;
import io.calico.model.net.IpAddress;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/** Hands out addresses from the pools in the datastore, in blocks that belong to hosts. Thread-safe; calls block. */
@SuppressWarnings("DoNotCallSuggester") // signatures first; bodies follow
public final class BlockAllocator {
    private final Datastore store;
    private final String host;
    private final AllocatorOptions options;

    /** An allocator for that host with default options. Does no I/O. */
    public BlockAllocator(Datastore store, String host) {
        this(store, host, AllocatorOptions.defaults());
    }

    /**
     * An allocator for that host. Does no I/O.
     *
     * @param store stays the caller's to close
     * @param host name of the host on whose behalf addresses are assigned; not empty, no {@code /}
     */
    public BlockAllocator(Datastore store, String host, AllocatorOptions options) {
        if (host.isEmpty() || host.indexOf('/') >= 0) {
            throw new IllegalArgumentException("host name '" + host + "' must be neither empty nor hold a '/'");
        }
        this.store = Objects.requireNonNull(store);
        this.host = host;
        this.options = options;
    }

    /**
     * Assigns addresses from this host's blocks, from new ones, or from those of others, in this order.
     *
     * @throws IpamException.PoolNotFound if a pool asked for does not exist or is not enabled, or there is none at all;
     *     nothing was assigned
     * @throws IpamException.BlockLimit if another block would be needed and the host may not own more
     */
    public AssignResult autoAssign(AssignRequest request) {
        throw new UnsupportedOperationException(request + " for " + host + " in " + store + " with " + options);
    }

    /**
     * Assigns one specific address. Returning means that it is assigned.
     *
     * @throws IpamException.PoolNotFound if the address is in no enabled pool
     * @throws IpamException.AlreadyAssigned if it is assigned; nothing was changed
     * @throws IpamException.NoHostAffinity if affinity is strict and the address's block belongs to another host
     */
    public void assign(IpAddress address, AssignOptions options) {
        throw new UnsupportedOperationException(address + " " + options);
    }

    /**
     * Releases addresses, of either version, in pools enabled or not.
     *
     * @throws IpamException.StaleRelease if an address has another handle or sequence number than the request says; then
     *     no address of its block was released, those of other blocks were
     */
    public ReleaseResult release(Collection<ReleaseRequest> requests) {
        throw new UnsupportedOperationException(requests.toString());
    }

    /**
     * Releases all addresses with that handle.
     *
     * @return how many
     * @throws IpamException.HandleNotFound if there is none; most callers take that as 'released already'
     */
    public int releaseByHandle(String handle) {
        throw new UnsupportedOperationException(handle);
    }

    /**
     * The addresses with that handle, by block and address ascending; not those that are cooling down.
     *
     * @throws IpamException.HandleNotFound if there is none
     */
    public List<IpAddress> addressesByHandle(String handle) {
        throw new UnsupportedOperationException(handle);
    }

    /** What is stored about the address; empty if it is not assigned. */
    public Optional<AddressInfo> info(IpAddress address) {
        throw new UnsupportedOperationException(address.toString());
    }

    /**
     * How full every pool is, IPv4 before IPv6, by CIDR text ascending; last, if there are any, the blocks that lie in
     * no pool.
     */
    public List<PoolUtilisation> utilisation() {
        throw new UnsupportedOperationException();
    }

    /**
     * Says anew whom assigned addresses are for; all else about them stays.
     *
     * @throws IpamException.NotAssigned if one of them is not assigned; the others have been bound
     */
    public void bindOwner(Collection<IpAddress> addresses, Owner owner) {
        throw new UnsupportedOperationException(addresses + " " + owner);
    }
}
