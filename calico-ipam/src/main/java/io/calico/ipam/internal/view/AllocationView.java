package io.calico.ipam.internal.view;

import io.calico.datastore.Keys;
import io.calico.datastore.StoreKey;
import io.calico.datastore.spi.KeyValue;
import io.calico.ipam.internal.AffinityRow;
import io.calico.ipam.internal.AllocationHandle;
import io.calico.ipam.internal.CorruptRecord;
import io.calico.ipam.internal.IpamConfig;
import io.calico.model.IpPool;
import io.calico.model.json.BadRecordException;
import io.calico.model.json.ModelJson;
import io.calico.model.net.Cidr;
import io.calico.model.net.IpAddress;
import io.calico.model.net.IpVersion;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * All that this process knows of the store: pools, configuration, blocks and rows, handles used lately. It is fed from
 * reads, from what the else-branch of a failed transaction returns, and from our own commits, so that on the steady path
 * nothing has to be read at all. It may be out of date: every use is protected by a transaction's conditions, and nothing
 * is refused to a caller before the view has been read anew.
 */
public final class AllocationView {
    private static final Logger LOG = LoggerFactory.getLogger(AllocationView.class);
    private static final int KEPT_HANDLES = 4096;

    private final String host;
    private final Map<String, StoredPool> pools = new TreeMap<>();
    private Seen<IpamConfig> config = Seen.absent();
    private boolean basicsLoaded;
    private final Map<IpVersion, FamilyView> families = new EnumMap<>(IpVersion.class);
    private final Map<String, Seen<AllocationHandle>> handles = new LruMap<>(KEPT_HANDLES);

    /** An empty view of that host. */
    public AllocationView(String host) {
        this.host = host;
        for (IpVersion version : IpVersion.values()) {
            families.put(version, new FamilyView(host));
        }
    }

    /** Takes note of a record, of whatever kind, or of its absence. */
    public void observe(String path, Optional<KeyValue> record) {
        StoreKey key = Keys.parse(path);
        if (key instanceof StoreKey.Block block) {
            observeBlock(block.cidr(), record);
        } else if (key instanceof StoreKey.Affinity row) {
            observeRow(row, record);
        } else if (key instanceof StoreKey.Handle handle) {
            handles.put(
                    handle.id(), record.map(r -> decodeHandle(handle.id(), r)).orElseGet(Seen::absent));
        } else if (key instanceof StoreKey.Pool pool) {
            observePool(pool.cidr(), record);
        } else if (key instanceof StoreKey.IpamConfig) {
            config = record.map(AllocationView::decodeConfig).orElseGet(Seen::absent);
        }
    }

    private void observeBlock(Cidr cidr, Optional<KeyValue> record) {
        FamilyView family = family(cidr.version());
        if (record.isEmpty()) {
            family.observeBlock(cidr, Seen.absent());
        } else {
            family.observeBlock(cidr, record.get().modRevision(), record.get().value());
        }
        family.value(cidr)
                .flatMap(Seen::fault)
                .ifPresent(fault -> LOG.warn(
                        "block {} is damaged and not used: {}", new StoreKey.Block(cidr).path(), fault.reason()));
    }

    private void observeRow(StoreKey.Affinity row, Optional<KeyValue> record) {
        if (row.host().equals(host)) {
            family(row.cidr().version())
                    .observeRow(
                            row.cidr(), record.map(AllocationView::decodeRow).orElseGet(Seen::absent));
        }
    }

    private void observePool(Cidr cidr, Optional<KeyValue> record) {
        pools.remove(cidr.toString());
        if (record.isEmpty()) {
            return;
        }
        try {
            IpPool pool = ModelJson.read(record.get().key(), record.get().value(), IpPool::fromJson);
            StoredPool stored = new StoredPool(pool, record.get().modRevision());
            pools.put(cidr.toString(), stored);
            if (!stored.holdsBlocks()) {
                LOG.warn("pool {} is smaller than its blocks (/{}) and not used", cidr, pool.blockPrefixLength());
            }
        } catch (BadRecordException e) {
            LOG.warn("pool is not used: {}", e.getMessage());
        }
    }

    private static Seen<AffinityRow> decodeRow(KeyValue record) {
        return AffinityRow.decode(record.value())
                .map(row -> Seen.of(record.modRevision(), row))
                .orElseGet(() -> Seen.deleted(record.modRevision()));
    }

    private static Seen<AllocationHandle> decodeHandle(String id, KeyValue record) {
        try {
            return AllocationHandle.decode(id, record.value())
                    .map(handle -> Seen.of(record.modRevision(), handle))
                    .orElseGet(() -> Seen.deleted(record.modRevision()));
        } catch (CorruptRecord e) {
            return Seen.damaged(record.modRevision(), e);
        }
    }

    private static Seen<IpamConfig> decodeConfig(KeyValue record) {
        try {
            return Seen.of(record.modRevision(), IpamConfig.decode(record.value()));
        } catch (CorruptRecord e) {
            return Seen.damaged(record.modRevision(), e);
        }
    }

    /** Takes note of what a transaction of ours has written. */
    public void observe(Draft draft, long revision) {
        draft.blocks()
                .forEach((cidr, block) -> family(cidr.version())
                        .observeBlock(cidr, block.map(b -> Seen.of(revision, b)).orElseGet(Seen::absent)));
        draft.handles()
                .forEach((id, handle) ->
                        handles.put(id, handle.map(h -> Seen.of(revision, h)).orElseGet(Seen::absent)));
        draft.rows().forEach((key, row) -> {
            if (key.host().equals(host)) {
                family(key.cidr().version())
                        .observeRow(
                                key.cidr(), row.map(r -> Seen.of(revision, r)).orElseGet(Seen::absent));
            }
        });
    }

    /** Forgets what a transaction was to write: nobody knows whether it did. */
    public void forget(Draft draft) {
        draft.blocks().keySet().forEach(cidr -> family(cidr.version()).forget(cidr));
        draft.handles().keySet().forEach(handles::remove);
    }

    /** Forgets everything but sequence numbers. */
    public void reset() {
        beginBasics();
        families.values().forEach(FamilyView::beginLoad);
        handles.clear();
    }

    /** Forgets pools and configuration; what is observed next is all there is. */
    public void beginBasics() {
        pools.clear();
        config = Seen.absent();
        basicsLoaded = false;
    }

    /** Pools and configuration have been observed. */
    public void endBasics() {
        basicsLoaded = true;
    }

    /** Whether pools and configuration have been read. */
    public boolean hasBasics() {
        return basicsLoaded;
    }

    /** The blocks of a version. */
    public FamilyView family(IpVersion version) {
        return Optional.ofNullable(families.get(version)).orElseThrow();
    }

    /** The configuration's record. */
    public Seen<IpamConfig> config() {
        return config;
    }

    /** A handle; empty if it is not in memory. */
    public Optional<Seen<AllocationHandle>> handle(String id) {
        return Optional.ofNullable(handles.get(id));
    }

    /** The pool with exactly that CIDR. */
    public Optional<StoredPool> pool(Cidr cidr) {
        return Optional.ofNullable(pools.get(cidr.toString()));
    }

    /** All pools of a version, used or not, by CIDR text ascending. */
    public List<StoredPool> pools(IpVersion version) {
        return pools.values().stream()
                .filter(p -> p.cidr().version() == version)
                .toList();
    }

    /** The smallest pool that holds an address, used or not. Pools do not overlap, unless a foreign writer made them. */
    public Optional<StoredPool> poolOf(IpAddress address) {
        return pools(address.version()).stream()
                .filter(p -> p.cidr().contains(address))
                .max(Comparator.comparingInt(p -> p.cidr().prefixLength()));
    }
}
