package io.calico.ipam;

import io.calico.ipam.internal.AllocationHandle;
import io.calico.ipam.internal.BlockEditor;
import io.calico.ipam.internal.IpamConfig;
import io.calico.model.net.Cidr;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * A release of all addresses of a handle. It joins a batch if the handle and its blocks are in the view and agree;
 * everything else is {@link HandleRelease}'s.
 */
final class HandleReleaseCall implements Work<Integer> {
    private static final int MOST_BLOCKS = 8;

    private final String id;
    private int releasing;
    private boolean perhapsReleased;

    HandleReleaseCall(String id) {
        this.id = id;
    }

    @Override
    public boolean join(Batch batch) {
        releasing = 0;
        Optional<IpamConfig> config = batch.config();
        Optional<AllocationHandle> handle = batch.handle(id).filter(h -> !h.isEmpty());
        if (config.isEmpty() || handle.isEmpty() || perhapsReleased) {
            return false;
        }
        Map<Cidr, Integer> blocks = handle.get().blocks();
        if (blocks.size() > MOST_BLOCKS || !batch.hasRoomFor(blocks.size() + 2, 0)) {
            return false;
        }
        List<BlockEditor> editors = new ArrayList<>();
        for (Map.Entry<Cidr, Integer> block : blocks.entrySet()) {
            Optional<BlockEditor> editor = batch.editor(block.getKey(), config.get());
            if (editor.isEmpty() || editor.get().countOf(id) != block.getValue()) {
                return false;
            }
            editors.add(editor.get());
        }
        AllocationHandle left = handle.get();
        for (BlockEditor editor : editors) {
            releasing += editor.releaseByHandle(id, OptionalLong.empty()).size();
            left = left.with(editor.cidr(), 0);
        }
        batch.set(left);
        batch.expectConfig();
        return true;
    }

    @Override
    public Integer joined() {
        return releasing;
    }

    @Override
    public void count(Counters counters) {
        counters.released(releasing);
    }

    @Override
    public void lost() {
        perhapsReleased = true;
    }

    @Override
    public Integer alone(Session session) {
        HandleRelease release = new HandleRelease(session, id, perhapsReleased);
        try {
            return release.run();
        } catch (IpamException e) {
            throw e.withReleased(release.released());
        } finally {
            session.counters().released(release.released().size());
        }
    }
}
