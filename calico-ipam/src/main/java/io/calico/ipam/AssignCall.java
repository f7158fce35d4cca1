package io.calico.ipam;

import io.calico.ipam.internal.AttributeEntry;
import io.calico.ipam.internal.BlockEditor;
import io.calico.ipam.internal.IpamConfig;
import io.calico.ipam.internal.view.FamilyView;
import io.calico.ipam.internal.view.StoredPool;
import io.calico.model.net.Cidr;
import io.calico.model.net.IpAddress;
import io.calico.model.net.IpVersion;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * An automatic assignment. It joins a batch if this host's blocks, with one block more at most for each version, have all
 * that is asked for; everything else is {@link AutoAssignment}'s.
 */
final class AssignCall implements Work<AssignResult> {
    private final AssignRequest request;
    private final Map<IpVersion, PoolSelection> selections = new EnumMap<>(IpVersion.class);
    private final AttributeEntry entry;
    private final Optional<String> handle;
    private final Map<IpVersion, List<IpAddress>> taken = new EnumMap<>(IpVersion.class);
    private int claims;

    AssignCall(AssignRequest request) {
        this.request = request;
        this.handle = request.handle().map(HandleIds::check);
        this.entry = StoredForm.entry(handle, request.attributes(), request.owner());
        for (IpVersion version : IpVersion.values()) {
            selections.put(version, PoolSelection.of(request, version));
        }
    }

    private int count(IpVersion version) {
        return version == IpVersion.V4 ? request.num4() : request.num6();
    }

    private PoolSelection selection(IpVersion version) {
        return Optional.ofNullable(selections.get(version)).orElseThrow();
    }

    /** What is to be taken from which blocks; the last may be one to be claimed. */
    private record Plan(List<BlockEditor> from, Optional<BlockEditor> claim, List<StoredPool> pools) {}

    @Override
    public boolean join(Batch batch) {
        taken.clear();
        claims = 0;
        Optional<IpamConfig> config = batch.config();
        if (config.isEmpty() || handle.isPresent() && !batch.canRaise(handle.get())) {
            return false;
        }
        Map<IpVersion, Plan> plans = new EnumMap<>(IpVersion.class);
        for (IpVersion version : IpVersion.values()) {
            if (count(version) > 0) {
                Optional<Plan> plan = plan(batch, config.get(), version);
                if (plan.isEmpty()) {
                    return false;
                }
                plans.put(version, plan.get());
            }
        }
        plans.forEach((version, plan) -> take(batch, config.get(), version, plan));
        return true;
    }

    private Optional<Plan> plan(Batch batch, IpamConfig config, IpVersion version) {
        FamilyView family = batch.view().family(version);
        PoolSelection selection = selection(version);
        if (!family.isLoaded() || selection.refusal(batch.view(), batch.host()).isPresent()) {
            return Optional.empty();
        }
        List<StoredPool> pools = selection.usable(batch.view());
        if (pools.stream().anyMatch(p -> family.revision() < p.revision())) {
            return Optional.empty();
        }
        List<BlockEditor> from = new ArrayList<>();
        int missing = count(version);
        // Also the blocks that were full, and are not any more after what earlier calls of the batch have done.
        Set<Cidr> candidates = new LinkedHashSet<>(family.notable());
        candidates.addAll(batch.touchedOwn(version));
        for (Cidr cidr : candidates) {
            if (missing > 0
                    && Taking.poolOf(pools, cidr).isPresent()
                    && !config.reservations().covers(cidr)) {
                if (!batch.claimed(version).contains(cidr) && !batch.isSoundOwn(cidr)) {
                    return Optional.empty();
                }
                Optional<BlockEditor> editor = batch.editor(cidr, config);
                if (editor.isEmpty()) {
                    return Optional.empty();
                }
                int free = editor.get().freeCount(config.reservations());
                if (free > 0) {
                    from.add(editor.get());
                    missing -= free;
                }
            }
        }
        Optional<BlockEditor> claim = Optional.empty();
        if (missing > 0) {
            claim = request.reserve(version).isPresent() ? Optional.empty() : batch.claimable(pools, request, config);
            if (claim.isEmpty() || claim.get().freeCount(config.reservations()) < missing) {
                return Optional.empty();
            }
        }
        int records = 2 * from.size()
                + 3
                + (claim.isPresent() ? 2 + NewBlocks.heldFull(family, pools).size() : 0);
        return batch.hasRoomFor(records, claim.map(BlockEditor::size).orElse(0))
                ? Optional.of(new Plan(from, claim, pools))
                : Optional.empty();
    }

    private void take(Batch batch, IpamConfig config, IpVersion version, Plan plan) {
        List<BlockEditor> from = new ArrayList<>(plan.from());
        plan.claim().ifPresent(editor -> {
            batch.claim(editor, plan.pools());
            from.add(editor);
            claims++;
        });
        List<IpAddress> all = new ArrayList<>();
        for (BlockEditor editor : from) {
            List<IpAddress> some =
                    editor.autoAssign(count(version) - all.size(), entry, batch.host(), config.reservations());
            all.addAll(some);
            Taking.poolOf(plan.pools(), editor.cidr()).ifPresent(batch::expect);
            handle.ifPresent(id -> batch.raise(id, editor.cidr(), some.size()));
        }
        taken.put(version, all);
    }

    @Override
    public AssignResult joined() {
        return new AssignResult(family(IpVersion.V4), family(IpVersion.V6));
    }

    private AssignResult.Family family(IpVersion version) {
        return new AssignResult.Family(version, count(version), taken.getOrDefault(version, List.of()), List.of());
    }

    @Override
    public void count(Counters counters) {
        taken.values().forEach(addresses -> counters.assigned(addresses.size()));
        for (int i = 0; i < claims; i++) {
            counters.claimed();
        }
    }

    @Override
    public List<ReleaseRequest> unclaimed() {
        return taken.values().stream()
                .flatMap(List::stream)
                .map(ReleaseRequest::of)
                .toList();
    }

    @Override
    public AssignResult alone(Session session) {
        // Both before anything is assigned.
        check(session, IpVersion.V4);
        check(session, IpVersion.V6);
        AutoAssignment ipv4 = new AutoAssignment(session, selection(IpVersion.V4), request.num4(), request);
        AutoAssignment ipv6 = new AutoAssignment(session, selection(IpVersion.V6), request.num6(), request);
        try {
            return new AssignResult(ipv4.run(), ipv6.run());
        } catch (IpamException e) {
            throw e.withAssigned(
                    Stream.concat(ipv4.taken().stream(), ipv6.taken().stream()).toList());
        }
    }

    private void check(Session session, IpVersion version) {
        if (count(version) == 0) {
            return;
        }
        session.needBasics();
        PoolSelection pools = selection(version);
        boolean refused = pools.refusal(session.view(), session.host()).isPresent();
        if (refused) {
            session.refreshBasics();
            pools.refusal(session.view(), session.host()).ifPresent(refusal -> {
                throw refusal;
            });
        }
    }
}
