package io.calico.ipam;

import io.calico.datastore.spi.Transaction;
import io.calico.ipam.internal.AllocationBlock;
import io.calico.ipam.internal.AllocationHandle;
import io.calico.ipam.internal.BlockEditor;
import io.calico.ipam.internal.IpamConfig;
import io.calico.ipam.internal.view.AllocationView;
import io.calico.ipam.internal.view.BlockSummary;
import io.calico.ipam.internal.view.Draft;
import io.calico.ipam.internal.view.FamilyView;
import io.calico.ipam.internal.view.Seen;
import io.calico.ipam.internal.view.StoredPool;
import io.calico.model.net.Cidr;
import io.calico.model.net.IpVersion;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * One transaction in the making for several calls: the blocks with what has been done to them so far, and the handles as
 * they have become. Everything comes from the view; nothing is read from the store. Each call adds all it needs or nothing,
 * so what is committed equals the calls done one after the other.
 *
 * <p>A provider takes at least {@link Transaction#MAX_OPERATIONS} compares and {@link Transaction#MAX_BYTES} bytes: a
 * batch ends before. Confined to one thread.
 */
final class Batch {
    /** Some room is left for the pools and the configuration. */
    private static final int MOST_COMPARES = Transaction.MAX_OPERATIONS - 4;
    /** What a block may be at most, roughly: its ordinals twice, and an entry of its own for each address. */
    private static final int BYTES_PER_ADDRESS = 320;

    private static final int MOST_ADDRESSES = Transaction.MAX_BYTES * 3 / 4 / BYTES_PER_ADDRESS;

    private final Session session;
    private final boolean mayClaim;
    private final Map<Cidr, Edited> blocks = new LinkedHashMap<>();
    private final Map<String, AllocationHandle> handles = new LinkedHashMap<>();
    private final Map<Cidr, StoredPool> pools = new LinkedHashMap<>();
    private final List<Cidr> claimed = new ArrayList<>();
    private final Set<Cidr> heldFull = new LinkedHashSet<>();
    private boolean expectsConfig;
    private int addresses;

    /** A block, as it was seen and as it has become. */
    private record Edited(Seen<AllocationBlock> seen, BlockEditor editor) {}

    /**
     * An empty batch.
     *
     * @param mayClaim whether calls may claim blocks in it
     */
    Batch(Session session, boolean mayClaim) {
        this.session = session;
        this.mayClaim = mayClaim;
    }

    AllocationView view() {
        return session.view();
    }

    String host() {
        return session.host();
    }

    Session session() {
        return session;
    }

    /** The configuration; empty if it cannot be used without reading it anew. */
    Optional<IpamConfig> config() {
        Seen<IpamConfig> seen = view().config();
        return view().hasBasics() && seen.fault().isEmpty()
                ? Optional.of(seen.value().orElse(IpamConfig.DEFAULT))
                : Optional.empty();
    }

    boolean isFull() {
        return compares() >= MOST_COMPARES || addresses >= MOST_ADDRESSES;
    }

    /** Whether so many records more can be compared; the first call is always taken if a store takes it at all. */
    boolean hasRoomFor(int records, int moreAddresses) {
        return compares() + records <= MOST_COMPARES
                && (blocks.isEmpty() || addresses + moreAddresses <= MOST_ADDRESSES);
    }

    private int compares() {
        return blocks.size() + handles.size() + pools.size() + claimed.size() + heldFull.size() + 1;
    }

    /** The editor of a block: with what this batch has done to it, else as the view has it; empty if it has it not. */
    Optional<BlockEditor> editor(Cidr cidr, IpamConfig config) {
        Edited known = blocks.get(cidr);
        if (known != null) {
            return Optional.of(known.editor);
        }
        Optional<Seen<AllocationBlock>> seen = view().family(cidr.version()).value(cidr);
        Optional<AllocationBlock> block = seen.flatMap(Seen::value);
        if (block.isEmpty()) {
            return Optional.empty();
        }
        Edited edited = new Edited(seen.orElseThrow(), block.get().edit(session.now(), config.coolDown()));
        blocks.put(cidr, edited);
        addresses += block.get().size();
        return Optional.of(edited.editor);
    }

    /** Whether a block belongs to this host and its row says so. */
    boolean isSoundOwn(Cidr cidr) {
        FamilyView family = view().family(cidr.version());
        boolean own = family.summary(cidr)
                .filter(s -> !s.damaged())
                .flatMap(BlockSummary::host)
                .filter(host()::equals)
                .isPresent();
        return own && family.rowIsConfirmed(cidr);
    }

    /** The blocks that calls of this batch have claimed, in that order. */
    List<Cidr> claimed(IpVersion version) {
        return claimed.stream().filter(c -> c.version() == version).toList();
    }

    /** The blocks of this host that calls of this batch have looked at or claimed, in that order. */
    List<Cidr> touchedOwn(IpVersion version) {
        return blocks.keySet().stream()
                .filter(c -> c.version() == version)
                .filter(c -> claimed.contains(c) || isSoundOwn(c))
                .toList();
    }

    /**
     * The block that could be claimed next, not yet claimed.
     *
     * @param usable pools in the order in which they are to be used
     */
    Optional<BlockEditor> claimable(List<StoredPool> usable, AssignRequest request, IpamConfig config) {
        if (!mayClaim || !config.autoAllocateBlocks() || config.maxBlocksPerHost() > 0 || request.limitsBlocks()) {
            return Optional.empty();
        }
        for (StoredPool pool : usable) {
            FamilyView family = view().family(pool.cidr().version());
            Optional<Cidr> candidate = family.index(pool)
                    .firstFree(
                            session.random(),
                            c -> config.reservations().covers(c)
                                    || claimed.stream().anyMatch(other -> other.overlaps(c)));
            if (candidate.isPresent()) {
                return Optional.of(AllocationBlock.create(
                                candidate.get(), host(), session.now(), family.lastSequence(candidate.get()))
                        .edit(session.now(), config.coolDown()));
            }
        }
        return Optional.empty();
    }

    /** Claims a block that {@link #claimable} gave. */
    void claim(BlockEditor editor, List<StoredPool> usable) {
        Cidr cidr = editor.cidr();
        FamilyView family = view().family(cidr.version());
        blocks.put(cidr, new Edited(family.value(cidr).orElseGet(Seen::absent), editor));
        addresses += editor.size();
        claimed.add(cidr);
        NewBlocks.heldFull(family, usable).forEach(heldFull::add);
    }

    /** The pool is still as it was seen. */
    void expect(StoredPool pool) {
        pools.put(pool.cidr(), pool);
        expectsConfig = true;
    }

    /** The configuration is still as it was seen. */
    void expectConfig() {
        expectsConfig = true;
    }

    /** A handle as it has become; empty if it is not in the view, or damaged. */
    Optional<AllocationHandle> handle(String id) {
        AllocationHandle changed = handles.get(id);
        return changed != null ? Optional.of(changed) : view().handle(id).flatMap(Seen::value);
    }

    /** Whether addresses can be assigned with a handle: it is not known to be damaged. */
    boolean canRaise(String id) {
        return view().handle(id).flatMap(Seen::fault).isEmpty();
    }

    /** Raises a handle; one that is not in the view is taken to be new. */
    void raise(String id, Cidr cidr, int count) {
        handles.put(id, handle(id).orElseGet(() -> AllocationHandle.empty(id)).increment(cidr, count));
    }

    /** Sets what a handle that is in the view counts in a block. */
    void set(AllocationHandle handle) {
        handles.put(handle.id(), handle);
    }

    /** The first block that was changed, and its pool, for messages. */
    void name(Retry retry) {
        blocks.values().stream()
                .map(Edited::editor)
                .filter(BlockEditor::isChanged)
                .map(BlockEditor::cidr)
                .findFirst()
                .ifPresent(cidr -> retry.on(
                        pools.keySet().stream()
                                .filter(p -> p.contains(cidr))
                                .findFirst()
                                .orElse(null),
                        cidr,
                        host()));
    }

    /** Carries out what has been added, if it is anything. */
    Session.Outcome commit() {
        Draft draft = session.draft();
        blocks.forEach((cidr, edited) -> addBlock(draft, cidr, edited));
        claimed.forEach(cidr -> addRow(draft, cidr));
        heldFull.stream()
                .filter(cidr -> !blocks.containsKey(cidr))
                .forEach(cidr -> draft.expectBlock(cidr, session.block(cidr)));
        handles.forEach((id, handle) -> draft.put(handle, view().handle(id).orElseGet(Seen::absent)));
        if (draft.compares() == 0) {
            return Session.Outcome.COMMITTED;
        }
        pools.values().forEach(draft::expect);
        if (expectsConfig) {
            draft.expectConfig(view().config());
        }
        return session.commit(draft);
    }

    private static void addBlock(Draft draft, Cidr cidr, Edited edited) {
        if (!edited.editor.isChanged()) {
            return;
        }
        if (edited.editor.isEmpty() && !edited.editor.hasAffinity()) {
            draft.deleteBlock(cidr, edited.seen);
        } else {
            draft.put(cidr, edited.seen, edited.editor);
        }
    }

    private void addRow(Draft draft, Cidr cidr) {
        draft.confirmRow(session.rowKey(cidr), view().family(cidr.version()).row(cidr));
    }
}
