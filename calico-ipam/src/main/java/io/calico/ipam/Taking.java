package io.calico.ipam;

import io.calico.ipam.internal.AllocationBlock;
import io.calico.ipam.internal.AttributeEntry;
import io.calico.ipam.internal.BlockEditor;
import io.calico.ipam.internal.view.Draft;
import io.calico.ipam.internal.view.FamilyView;
import io.calico.ipam.internal.view.Seen;
import io.calico.ipam.internal.view.StoredPool;
import io.calico.model.net.Cidr;
import io.calico.model.net.IpAddress;
import io.calico.model.net.IpVersion;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The addresses of one IP version that an automatic assignment has taken so far, and how it takes more: always as many as
 * the block has, in one transaction. Confined to one thread.
 */
final class Taking {
    private final Session session;
    private final AssignRequest request;
    private final IpVersion version;
    private final int requested;
    private final AttributeEntry entry;
    private final List<IpAddress> taken = new ArrayList<>();
    private final Map<Cidr, Integer> conflicts = new HashMap<>();

    Taking(Session session, AssignRequest request, IpVersion version, int requested) {
        this.session = session;
        this.request = request;
        this.version = version;
        this.requested = requested;
        this.entry = StoredForm.entry(request.handle(), request.attributes(), request.owner());
    }

    /** In the order taken. */
    List<IpAddress> taken() {
        return taken;
    }

    int missing() {
        return requested - taken.size();
    }

    Session session() {
        return session;
    }

    FamilyView family() {
        return session.view().family(version);
    }

    IpVersion version() {
        return version;
    }

    static Optional<StoredPool> poolOf(List<StoredPool> pools, Cidr block) {
        return pools.stream().filter(p -> p.cidr().contains(block)).findFirst();
    }

    BlockEditor edit(AllocationBlock block) {
        return block.edit(session.now(), session.config().coolDown());
    }

    /** Takes as many of the missing addresses as the block has. */
    List<IpAddress> pick(BlockEditor editor, @Nullable String onlyOf) {
        return editor.autoAssign(missing(), entry, onlyOf, session.config().reservations());
    }

    /** Whether automatic assignment must leave the whole block alone. */
    boolean isReserved(Cidr cidr) {
        return session.config().reservations().covers(cidr);
    }

    /** A block of this host that does not exist yet, with what the request keeps back at its ends. */
    AllocationBlock newBlock(Cidr cidr, long lastSequence) {
        return request.reserve(version)
                .map(reserve ->
                        AllocationBlock.create(cidr, session.host(), reserve.stored(), session.now(), lastSequence))
                .orElseGet(() -> AllocationBlock.create(cidr, session.host(), session.now(), lastSequence));
    }

    /** Adds to a draft that this host's row of the block says 'confirmed'. */
    void confirmRow(Draft draft, Cidr cidr) {
        draft.confirmRow(session.rowKey(cidr), family().row(cidr));
    }

    /**
     * The limit on blocks of this host, if there is one and it is reached: the smaller one of request and configuration.
     * Each process of the host may pass it by the one block that it claims while another does.
     */
    Optional<Integer> reachedLimit(List<StoredPool> pools) {
        int configured = session.config().maxBlocksPerHost();
        int limit = Math.min(
                request.maxBlocks().orElse(Integer.MAX_VALUE), configured == 0 ? Integer.MAX_VALUE : configured);
        if (limit == Integer.MAX_VALUE) {
            return Optional.empty();
        }
        session.loadOwn(version);
        long owned = family().own().stream()
                .filter(b -> poolOf(pools, b).isPresent())
                .count();
        return owned >= limit ? Optional.of(limit) : Optional.empty();
    }

    /**
     * Commits what was picked from a block, under the conditions that block, pool, configuration and handle are as they
     * were seen.
     *
     * @return whether it was committed; if not, the view shows why
     */
    boolean take(Draft draft, StoredPool pool, Seen<AllocationBlock> seen, BlockEditor editor, List<IpAddress> picked) {
        Cidr cidr = editor.cidr();
        draft.put(cidr, seen, editor).expect(pool).expectConfig(session.view().config());
        if (!picked.isEmpty() && request.handle().isPresent()) {
            session.raise(draft, HandleIds.check(request.handle().get()), cidr, picked.size());
        }
        if (session.commit(draft) == Session.Outcome.COMMITTED) {
            taken.addAll(picked);
            session.counters().assigned(picked.size());
            conflicts.remove(cidr);
            return true;
        }
        conflicts.merge(cidr, 1, Integer::sum);
        session.counters().refused();
        session.retry().on(pool.cidr(), cidr, session.host()).failed();
        return false;
    }

    /** How often in a row a commit on that block has failed. */
    int conflictsOn(Cidr cidr) {
        return conflicts.getOrDefault(cidr, 0);
    }

    void forgiveConflicts() {
        conflicts.clear();
    }
}
