package io.calico.ipam;

import io.calico.datastore.Keys;
import io.calico.datastore.StoreKey;
import io.calico.datastore.spi.Datastore;
import io.calico.datastore.spi.DatastoreException;
import io.calico.datastore.spi.KeyValue;
import io.calico.datastore.spi.ListRequest;
import io.calico.datastore.spi.Page;
import io.calico.datastore.spi.Transaction;
import io.calico.datastore.spi.TransactionResult;
import io.calico.ipam.internal.AllocationBlock;
import io.calico.ipam.internal.AllocationHandle;
import io.calico.ipam.internal.IpamConfig;
import io.calico.ipam.internal.view.AllocationView;
import io.calico.ipam.internal.view.BlockSummary;
import io.calico.ipam.internal.view.Draft;
import io.calico.ipam.internal.view.FamilyView;
import io.calico.ipam.internal.view.Seen;
import io.calico.model.net.Cidr;
import io.calico.model.net.IpVersion;
import java.time.Instant;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;

/**
 * One call's dealings with the store: reads into the view, commits, and knows what this call has read itself. What was in
 * the view before may be old; so before a call refuses something because of it, the session reads that part anew, once.
 * Confined to the thread that holds the allocator's lock.
 */
final class Session {
    private static final int PAGE = 500;

    private final Datastore store;
    private final String host;
    private final AllocatorOptions options;
    private final AllocationView view;
    private final Retry retry;
    private final Counters counters;
    private final boolean forOthers;

    private boolean interrupted;
    private boolean basicsAreFresh;
    private final Set<IpVersion> freshFamilies = EnumSet.noneOf(IpVersion.class);
    private final Set<Cidr> freshBlocks = new HashSet<>();

    /** What became of a commit. */
    enum Outcome {
        /** Everything was written; the view shows it. */
        COMMITTED,
        /** Nothing was written: something was not as seen; the view shows how it is. */
        REFUSED,
        /**
         * The answer was lost, and what was written, if it was, has been overwritten since. The view shows how it is. What
         * was taken then is nobody's: a leak can be repaired, two owners cannot.
         */
        LOST,
        /** Nothing was written, because a record that is not the allocator's was not as the caller said. */
        OTHERS_CHANGED
    }

    /**
     * A session.
     *
     * @param forOthers whether it does other callers' work, too: then an interrupt of this thread is noted, and stops nothing
     */
    Session(
            Datastore store,
            String host,
            AllocatorOptions options,
            AllocationView view,
            Retry retry,
            Counters counters,
            boolean forOthers) {
        this.store = store;
        this.host = host;
        this.options = options;
        this.view = view;
        this.retry = retry;
        this.counters = counters;
        this.forOthers = forOthers;
    }

    Counters counters() {
        return counters;
    }

    /** Whether the thread was interrupted while it worked for others, too. */
    boolean wasInterrupted() {
        return interrupted;
    }

    void noteInterrupt() {
        interrupted = true;
    }

    AllocationView view() {
        return view;
    }

    String host() {
        return host;
    }

    Retry retry() {
        return retry;
    }

    Instant now() {
        return options.clock().instant();
    }

    /** Any 64 bits. */
    long random() {
        return options.random().nextLong();
    }

    Draft draft() {
        return new Draft(HexFormat.of().toHexDigits(random()));
    }

    /** The configuration in force. */
    IpamConfig config() {
        Seen<IpamConfig> seen = view.config();
        if (seen.fault().isPresent() && refreshBasics()) {
            // Nothing is written on the strength of it, so nothing else would show that it has been mended.
            seen = view.config();
        }
        if (seen.fault().isPresent()) {
            throw new IpamException.CorruptBlock(
                    new StoreKey.IpamConfig().path(), seen.fault().get().reason());
        }
        return seen.value().orElse(IpamConfig.DEFAULT);
    }

    /** Pools and configuration are in the view. */
    void needBasics() {
        if (!view.hasBasics()) {
            loadBasics();
        }
    }

    /** Reads pools and configuration if this call has not; true if it did so now. */
    boolean refreshBasics() {
        if (basicsAreFresh) {
            return false;
        }
        loadBasics();
        return true;
    }

    private void loadBasics() {
        view.beginBasics();
        for (IpVersion version : IpVersion.values()) {
            readAll(Keys.pools(version), record -> view.observe(record.key(), Optional.of(record)));
        }
        String config = new StoreKey.IpamConfig().path();
        view.observe(config, read(config));
        view.endBasics();
        basicsAreFresh = true;
    }

    /** All blocks of a version, this host's rows, pools and configuration are in the view. */
    FamilyView needFamily(IpVersion version) {
        needBasics();
        FamilyView family = view.family(version);
        if (!family.isLoaded()) {
            loadFamily(version);
        }
        return family;
    }

    /**
     * As {@link #needFamily}, with a list of the blocks at that revision or a later one. So blocks of another size that were
     * there before a pool was stored are known.
     */
    FamilyView needFamily(IpVersion version, long revision) {
        FamilyView family = needFamily(version);
        if (family.revision() < revision) {
            loadFamily(version);
        }
        return family;
    }

    /** Reads everything about a version if this call has not; true if it did so now. */
    boolean refreshFamily(IpVersion version) {
        boolean read = refreshBasics();
        if (!freshFamilies.contains(version)) {
            loadFamily(version);
            read = true;
        }
        return read;
    }

    /** Reads all blocks of a version and this host's rows, whether this call has done so before or not. */
    void loadFamily(IpVersion version) {
        FamilyView family = view.family(version);
        family.beginLoad();
        readAll(Keys.affinities(host, version), record -> view.observe(record.key(), Optional.of(record)));
        long revision = readAll(Keys.blocks(version), record -> view.observe(record.key(), Optional.of(record)));
        family.endLoad(revision);
        freshFamilies.add(version);
    }

    /**
     * Reads this host's rows anew, and the blocks of those that the view does not show as this host's: what other processes
     * of the host have claimed.
     */
    void loadOwn(IpVersion version) {
        FamilyView family = needFamily(version);
        readAll(Keys.affinities(host, version), record -> view.observe(record.key(), Optional.of(record)));
        for (Cidr cidr : family.notable()) {
            boolean known = family.summary(cidr)
                    .flatMap(BlockSummary::host)
                    .filter(host::equals)
                    .isPresent();
            if (!known) {
                readBlock(cidr);
            }
        }
    }

    /** Reads all records under a prefix, at one revision; returns it. */
    long readAll(String prefix, Consumer<KeyValue> take) {
        try {
            Page page = store.list(ListRequest.first(prefix, PAGE));
            page.records().forEach(take);
            while (page.nextKey().isPresent()) {
                page = store.list(new ListRequest(prefix, page.nextKey(), page.revision(), PAGE));
                page.records().forEach(take);
            }
            return page.revision();
        } catch (DatastoreException e) {
            throw unavailable("list " + prefix, e);
        }
    }

    /** Reads any record. */
    Optional<KeyValue> read(String key) {
        try {
            return store.get(key);
        } catch (DatastoreException e) {
            throw unavailable("read " + key, e);
        }
    }

    private IpamException unavailable(String doing, DatastoreException cause) {
        // What was observed half-way is worth nothing.
        view.reset();
        return new IpamException.DatastoreUnavailable("could not " + doing + ": " + cause.getMessage(), cause);
    }

    /** A block, from the view or else from the store; where the view has all blocks, one that it has not is absent. */
    Seen<AllocationBlock> block(Cidr cidr) {
        FamilyView family = view.family(cidr.version());
        boolean absent = family.isLoaded() && family.summary(cidr).isEmpty();
        return family.value(cidr).orElseGet(() -> absent ? Seen.absent() : readBlock(cidr));
    }

    /** Reads a block if this call has not; true if it did so now. */
    boolean refreshBlock(Cidr cidr) {
        if (freshBlocks.contains(cidr) || freshFamilies.contains(cidr.version())) {
            return false;
        }
        readBlock(cidr);
        return true;
    }

    private Seen<AllocationBlock> readBlock(Cidr cidr) {
        String key = new StoreKey.Block(cidr).path();
        view.observe(key, read(key));
        freshBlocks.add(cidr);
        return view.family(cidr.version()).value(cidr).orElseGet(Seen::absent);
    }

    /** The block in a record that was seen; empty if there is none. */
    static Optional<AllocationBlock> sound(Cidr cidr, Seen<AllocationBlock> seen) {
        if (seen.fault().isPresent()) {
            throw new IpamException.CorruptBlock(
                    new StoreKey.Block(cidr).path(), seen.fault().get().reason());
        }
        return seen.value();
    }

    /** A handle, from the view or else from the store. */
    Seen<AllocationHandle> handle(String id) {
        return view.handle(id).orElseGet(() -> readHandle(id));
    }

    /** Reads a handle. */
    Seen<AllocationHandle> readHandle(String id) {
        String key = new StoreKey.Handle(id).path();
        view.observe(key, read(key));
        return view.handle(id).orElseGet(Seen::absent);
    }

    /** Raises a handle by addresses in a block; one that is not in the view is taken to be new. */
    void raise(Draft draft, String id, Cidr cidr, int count) {
        Seen<AllocationHandle> seen = view.handle(id).orElseGet(Seen::absent);
        if (seen.fault().isPresent()) {
            throw new IpamException.CorruptBlock(
                    new StoreKey.Handle(id).path(), seen.fault().get().reason());
        }
        draft.put(seen.value().orElseGet(() -> AllocationHandle.empty(id)).increment(cidr, count), seen);
    }

    /** This host's row of a block. */
    StoreKey.Affinity rowKey(Cidr cidr) {
        return new StoreKey.Affinity(host, cidr);
    }

    /** Reads the row of a block of whatever host. */
    Optional<KeyValue> readRow(StoreKey.Affinity key) {
        return read(key.path());
    }

    /** All hosts' rows of blocks in a range, and when they were written. */
    Map<StoreKey.Affinity, Long> readRows(Cidr range) {
        Map<StoreKey.Affinity, Long> rows = new LinkedHashMap<>();
        readAll(Keys.IPAM + "host/", record -> {
            if (Keys.parse(record.key()) instanceof StoreKey.Affinity row && range.contains(row.cidr())) {
                rows.put(row, record.modRevision());
            }
        });
        return rows;
    }

    /**
     * Carries out a transaction. If its answer is lost it is sent again until there is one: its compares let it
     * happen once at most, and if it has happened, the block says by whom it was written last.
     *
     * @throws IpamException.DatastoreUnavailable if the store cannot be used; nothing was written
     * @throws IpamException.OutcomeUnknown if the answer is lost and the deadline passes
     */
    Outcome commit(Draft draft) {
        Transaction transaction = draft.toTransaction();
        DatastoreException lost = null;
        while (true) {
            TransactionResult result;
            try {
                result = store.commit(transaction);
            } catch (DatastoreException e) {
                boolean shielded = forOthers && Thread.interrupted();
                interrupted |= shielded;
                if (lost == null && !shielded && !(e instanceof DatastoreException.UnknownResult)) {
                    throw unavailable("commit", e);
                }
                lost = e;
                counters.unknown();
                pauseBeforeResending(draft, e);
                continue;
            }
            counters.commit();
            if (result.committed()) {
                view.observe(draft, result.revision());
                retry.succeeded();
                return Outcome.COMMITTED;
            }
            result.current().forEach(view::observe);
            if (lost != null && carriesWriteId(draft)) {
                return Outcome.COMMITTED;
            }
            if (draft.othersFailed(result.current())) {
                return Outcome.OTHERS_CHANGED;
            }
            if (lost == null) {
                return Outcome.REFUSED;
            }
            counters.lost();
            return Outcome.LOST;
        }
    }

    /**
     * Replaces one record that is as it was seen; a lost answer is settled by reading.
     *
     * @return false if it is not as it was seen; then the view shows how it is
     */
    boolean replace(String key, Seen<?> seen, String value) {
        Transaction.Builder transaction = Transaction.builder().put(key, value).elseRead(key);
        if (seen.revision() == 0) {
            transaction.ifAbsent(key);
        } else {
            transaction.ifUnchanged(key, seen.revision());
        }
        try {
            TransactionResult result = store.commit(transaction.build());
            counters.commit();
            result.current().forEach(view::observe);
            if (result.committed()) {
                view.observe(key, read(key));
            }
            return result.committed();
        } catch (DatastoreException.UnknownResult e) {
            Optional<KeyValue> now = read(key);
            view.observe(key, now);
            return now.filter(r -> r.value().equals(value)).isPresent();
        } catch (DatastoreException e) {
            throw unavailable("write " + key, e);
        }
    }

    /** Deletes one record that is as it was seen; whether it did does not matter if the answer is lost. */
    boolean delete(String key, long revision) {
        try {
            TransactionResult result = store.commit(Transaction.builder()
                    .ifUnchanged(key, revision)
                    .delete(key)
                    .elseRead(key)
                    .build());
            result.current().forEach(view::observe);
            if (result.committed()) {
                view.observe(key, Optional.empty());
            }
            return result.committed();
        } catch (DatastoreException e) {
            throw unavailable("delete " + key, e);
        }
    }

    private void pauseBeforeResending(Draft draft, DatastoreException cause) {
        view.forget(draft);
        try {
            retry.failed();
        } catch (IpamException.DeadlineExceeded e) {
            view.reset();
            throw new IpamException.OutcomeUnknown(
                    "a write was sent and its answer lost; it may have happened: " + cause.getMessage(), cause);
        }
    }

    private boolean carriesWriteId(Draft draft) {
        return draft.witnesses().stream()
                .flatMap(cidr -> view.family(cidr.version()).value(cidr).stream())
                .flatMap(seen -> seen.value().stream())
                .flatMap(block -> block.writeId().stream())
                .anyMatch(draft.writeId()::equals);
    }
}
