package io.calico.ipam;

import io.calico.ipam.internal.AllocationHandle;
import io.calico.ipam.internal.BlockEditor;
import io.calico.ipam.internal.IpamConfig;
import io.calico.model.net.Cidr;
import io.calico.model.net.IpAddress;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A release of addresses. It joins a batch if all of them are allocated by what is in the view, and their handles are in
 * it, too; everything else is {@link AddressRelease}'s.
 */
final class ReleaseCall implements Work<ReleaseResult> {
    private static final int MOST_ADDRESSES = 64;

    private final Map<IpAddress, ReleaseRequest> requests = new LinkedHashMap<>();
    /** Sequence numbers of what the batch that was joined last releases. */
    private final Map<IpAddress, Long> releasing = new HashMap<>();
    /** The same of batches whose answers were lost. */
    private final Map<IpAddress, Long> perhapsReleased = new HashMap<>();

    ReleaseCall(Collection<ReleaseRequest> requests) {
        requests.forEach(r -> this.requests.put(r.address(), r));
    }

    @Override
    public boolean join(Batch batch) {
        releasing.clear();
        Optional<IpamConfig> config = batch.config();
        boolean possible = config.isPresent()
                && requests.size() <= MOST_ADDRESSES
                && perhapsReleased.isEmpty()
                && batch.hasRoomFor(2 * requests.size() + 1, 0);
        if (!possible) {
            return false;
        }
        Map<Cidr, List<BlockEditor.Release>> byBlock = new LinkedHashMap<>();
        for (ReleaseRequest request : requests.values()) {
            Optional<Cidr> cidr =
                    batch.view().family(request.address().version()).containing(request.address());
            if (cidr.isEmpty()) {
                return false;
            }
            byBlock.computeIfAbsent(cidr.get(), c -> new ArrayList<>()).add(AddressRelease.stored(request));
        }
        Map<Cidr, BlockEditor> editors = new LinkedHashMap<>();
        for (Map.Entry<Cidr, List<BlockEditor.Release>> block : byBlock.entrySet()) {
            Optional<BlockEditor> editor = batch.editor(block.getKey(), config.get());
            if (editor.isEmpty() || !canRelease(batch, editor.get(), block.getValue())) {
                return false;
            }
            editors.put(block.getKey(), editor.get());
        }
        editors.forEach((cidr, editor) -> release(batch, editor, byBlock.getOrDefault(cidr, List.of())));
        batch.expectConfig();
        return true;
    }

    private static boolean canRelease(Batch batch, BlockEditor editor, List<BlockEditor.Release> all) {
        return editor.wouldReleaseAll(all)
                && editor.countByHandle(all).entrySet().stream()
                        .allMatch(counted -> batch.handle(counted.getKey())
                                .filter(h -> h.blocks().getOrDefault(editor.cidr(), 0) >= counted.getValue())
                                .isPresent());
    }

    private void release(Batch batch, BlockEditor editor, List<BlockEditor.Release> all) {
        all.forEach(r -> releasing.put(r.address(), editor.sequenceOf(r.address())));
        editor.release(all).countByHandle().forEach((id, count) -> {
            AllocationHandle handle = batch.handle(id).orElseThrow();
            batch.set(handle.with(editor.cidr(), handle.blocks().getOrDefault(editor.cidr(), 0) - count));
        });
    }

    @Override
    public ReleaseResult joined() {
        return new ReleaseResult(List.copyOf(requests.keySet()), List.of());
    }

    @Override
    public void count(Counters counters) {
        counters.released(requests.size());
    }

    @Override
    public void lost() {
        releasing.forEach(perhapsReleased::putIfAbsent);
    }

    @Override
    public ReleaseResult alone(Session session) {
        AddressRelease release = new AddressRelease(session, requests.values(), perhapsReleased);
        try {
            return release.run();
        } catch (IpamException e) {
            throw e.withReleased(release.released());
        } finally {
            session.counters().released(release.released().size());
        }
    }
}
