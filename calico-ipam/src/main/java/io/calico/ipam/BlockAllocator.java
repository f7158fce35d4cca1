package io.calico.ipam;

import io.calico.datastore.spi.Datastore;
import io.calico.datastore.spi.DatastoreException;
import io.calico.datastore.spi.Transaction;
import io.calico.ipam.internal.view.AllocationView;
import io.calico.model.net.Cidr;
import io.calico.model.net.IpAddress;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.UnaryOperator;

/**
 * Hands out addresses from the pools in the datastore. A pool is cut into blocks, by default of 64 addresses; a block
 * belongs to a host, which takes addresses from it without asking anybody:
 *
 * <pre>
 * pool 10.0.0.0/16
 *  ├─ block 10.0.0.0/26    of node-1   10.0.0.0 taken, 10.0.0.1 taken, 10.0.0.2 … free
 *  ├─ block 10.0.0.64/26   of node-2   10.0.0.64 taken, …
 *  └─ the rest: not cut yet
 * </pre>
 *
 * <p>Each assignment and each release is one transaction that changes the block, the handle and, for a new block, the
 * host's row of it together, under the conditions that they and the pool are as they were last seen. What was last seen is
 * kept in memory, so on the steady path nothing is read; whatever is out of date makes the transaction fail, and the
 * answer to that says how it is now. Any number of hosts and processes may work on one store: no address is given to two
 * callers, whoever dies when.
 *
 * <p>Every method blocks until it is done or the deadline has passed. All throw {@link
 * IpamException.DatastoreUnavailable}, {@link IpamException.DeadlineExceeded}, {@link IpamException.OutcomeUnknown} and
 * {@link IpamException.CorruptBlock}; each says what was done before, if it was anything. Thread-safe: calls of one
 * allocator take turns, in the order they came, and those that wait at the same time share one transaction where they can.
 * Use one allocator per store and host in a process.
 */
public final class BlockAllocator {
    private final Datastore store;
    private final Counters counters = new Counters();
    private final Combiner calls;
    private final Upkeep upkeep = new Upkeep();

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
        this.calls = new Combiner(store, host, options, new AllocationView(host), counters);
    }

    /**
     * Assigns addresses from this host's blocks, from new ones, or from those of others, in this order.
     *
     * @throws IpamException.PoolNotFound if a pool asked for does not exist or is not enabled, or there is none at all;
     *     nothing was assigned
     * @throws IpamException.BlockLimit if another block would be needed and the host may not own more
     */
    public AssignResult autoAssign(AssignRequest request) {
        return calls.call("assign addresses", new AssignCall(request));
    }

    /**
     * Assigns one specific address. Returning means that it is assigned.
     *
     * @throws IpamException.PoolNotFound if the address is in no enabled pool
     * @throws IpamException.AlreadyAssigned if it is assigned; nothing was changed
     * @throws IpamException.NoHostAffinity if affinity is strict and the address's block belongs to another host
     */
    public void assign(IpAddress address, AssignOptions what) {
        calls.call("assign " + address, new SpecificAssignCall(address, what));
    }

    /**
     * Releases addresses, of either version, in pools enabled or not.
     *
     * @throws IpamException.StaleRelease if an address has another handle, sequence number or owner than the request says;
     *     then no address of its block was released, those of other blocks were
     */
    public ReleaseResult release(Collection<ReleaseRequest> requests) {
        return calls.call("release addresses", new ReleaseCall(requests));
    }

    /**
     * Releases all addresses with that handle.
     *
     * @return how many
     * @throws IpamException.HandleNotFound if there is none; most callers take that as 'released already'
     */
    public int releaseByHandle(String handle) {
        String id = HandleIds.check(handle);
        return calls.call("release the addresses of handle " + id, new HandleReleaseCall(id));
    }

    /**
     * The addresses with that handle, by block and address ascending; not those that are cooling down.
     *
     * @throws IpamException.HandleNotFound if there is none
     */
    public List<IpAddress> addressesByHandle(String handle) {
        String id = HandleIds.check(handle);
        return inTurn("look up handle " + id, session -> new Queries(session).addressesByHandle(id));
    }

    /** What is stored about the address; empty if it is not assigned. */
    public Optional<AddressInfo> info(IpAddress address) {
        return inTurn("look up " + address, session -> new Queries(session).info(address));
    }

    /**
     * How full every pool is, IPv4 before IPv6, by CIDR text ascending; last, if there are any, the blocks that lie in
     * no pool.
     */
    public List<PoolUtilisation> utilisation() {
        try {
            return new UtilisationQuery(store).run();
        } catch (DatastoreException e) {
            throw new IpamException.DatastoreUnavailable("could not read pools and blocks: " + e.getMessage(), e);
        }
    }

    /**
     * Hands an address over if it is still the one owner's, and carries out a transaction of the caller's with it: both
     * or neither. All else about the address stays. An address that is the new owner's already counts as handed over, so the call may be repeated.
     *
     * @param with about other records than the allocator's; no more than 100 compares and writes
     */
    public TransferResult transferOwner(IpAddress address, Owner from, Owner to, Transaction with) {
        return calls.call("hand over " + address, session -> new OwnerTransfer(session, address, from, to, with).run());
    }

    /**
     * The assigned addresses whose owner names that node, in blocks of whatever host, by block and address ascending; not
     * those that are cooling down. Reads all blocks; those that are damaged are left out.
     */
    public List<AddressInfo> addressesOwnedOn(String node) {
        try {
            return new Ownership(store).on(node);
        } catch (DatastoreException e) {
            throw new IpamException.DatastoreUnavailable("could not read the blocks: " + e.getMessage(), e);
        }
    }

    /**
     * As {@link #addressesOwnedOn(String)}, but reads only the blocks that the node has an affinity to, and some others.
     *
     * @param alsoIn blocks of other hosts, or of none; those that do not exist are passed over
     */
    public List<AddressInfo> addressesOwnedOn(String node, Set<Cidr> alsoIn) {
        try {
            return new Ownership(store).on(node, alsoIn);
        } catch (DatastoreException e) {
            throw new IpamException.DatastoreUnavailable("could not read the blocks: " + e.getMessage(), e);
        }
    }

    /**
     * Takes all blocks from a host, this one or another, also those in pools that exist no more: what is to be done when a
     * host is removed. Addresses that are assigned stay assigned; their blocks become nobody's and vanish with the last of
     * them. Doing it twice does no harm.
     *
     * @return how many blocks the host had
     */
    public int releaseHostAffinities(String ofHost) {
        return releaseHostAffinities(ofHost, false);
    }

    /**
     * As {@link #releaseHostAffinities(String)}.
     *
     * @param mustBeEmpty whether blocks with addresses are left alone
     * @throws IpamException.BlockNotEmpty if there are such blocks; the empty ones have been given back
     */
    public int releaseHostAffinities(String ofHost, boolean mustBeEmpty) {
        return inTurn(
                "release the blocks of host " + ofHost,
                session -> new AffinityRelease(session, ofHost, cidr -> true, mustBeEmpty).run());
    }

    /**
     * Claims every block of a range for a host, without assigning an address. Doing it twice does no harm.
     *
     * @throws IpamException.PoolNotFound if the range is not in an enabled pool
     * @throws IpamException.InvalidSize if it is smaller than a block
     */
    public ClaimResult claimAffinity(Cidr range, String forHost) {
        return inTurn(
                "claim " + range + " for host " + forHost, session -> new AffinityClaim(session, range, forHost).run());
    }

    /**
     * Takes the blocks in a range from a host, as {@link #releaseHostAffinities(String, boolean)}; blocks that are not the
     * host's are passed over.
     *
     * @return how many of them the host had
     */
    public int releaseAffinity(Cidr range, String ofHost, boolean mustBeEmpty) {
        return inTurn(
                "release " + range + " of host " + ofHost,
                session -> new AffinityRelease(session, ofHost, range::contains, mustBeEmpty).run());
    }

    /**
     * Removes a pool that may be in use: from the first step on nothing more is assigned from it; its blocks are taken from
     * their hosts, and vanish with their last address. Addresses stay assigned until they are released.
     *
     * @return false if there was no such pool
     */
    public boolean removePool(Cidr cidr) {
        return inTurn("remove pool " + cidr, session -> new PoolRemoval(session, cidr).run());
    }

    /** The settings in force; what is not stored has its default. */
    public IpamSettings settings() {
        return inTurn("read the settings", session -> {
            session.refreshBasics();
            return SettingsRecord.read(session.config());
        });
    }

    /**
     * Changes the settings.
     *
     * @param change gives the new ones from those in force; called again if another writer comes first
     * @return those in force now
     * @throws IpamException.ConfigConflict if they cannot be in force together; nothing was changed
     */
    public IpamSettings configure(UnaryOperator<IpamSettings> change) {
        return inTurn("change the settings", session -> new SettingsChange(session, change).run());
    }

    /**
     * Gives back this host's blocks that are empty, and were so the whole time since an earlier call that is at least the
     * grace period ago (15 minutes is usual). One block of each version is kept. Call it from time to time.
     *
     * @return how many
     */
    public int giveBackEmptyBlocks(Duration grace) {
        return inTurn("give back empty blocks", session -> upkeep.giveBackEmptyBlocks(session, grace));
    }

    /**
     * Frees, in all blocks, addresses that have cooled down; where addresses are assigned and released that happens by
     * itself. Call it from time to time if there is a cool-down.
     *
     * @return how many blocks were changed
     */
    public int freeCooledDown() {
        return inTurn("free addresses that have cooled down", Upkeep::freeCooledDown);
    }

    /** What this allocator has done so far; costs nothing. */
    public AllocatorStatistics statistics() {
        return counters.snapshot();
    }

    private <T> T inTurn(String doing, Work<T> work) {
        return calls.call(doing, work);
    }
}
