package io.calico.ipam;

import io.calico.ipam.internal.AllocationBlock;
import io.calico.ipam.internal.BlockEditor;
import io.calico.ipam.internal.view.FamilyView;
import io.calico.ipam.internal.view.Seen;
import io.calico.model.net.Cidr;
import io.calico.model.net.IpVersion;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * What is to be done from time to time to this host's blocks: empty ones are given back, addresses that have cooled down
 * are freed where nothing else writes the block. It has no timer; the program that embeds the allocator calls it.
 */
final class Upkeep {
    /** Blocks that were found empty: when first, and in which state. */
    private final Map<Cidr, Empty> empty = new HashMap<>();

    private record Empty(long sequence, Instant since) {}

    /**
     * Gives back blocks that are empty now and were so at a former look, all the time in between untouched. One block of
     * each version stays, or the next container would pay for a claim.
     *
     * @return how many
     */
    int giveBackEmptyBlocks(Session session, Duration grace) {
        int count = 0;
        Map<Cidr, Empty> now = new HashMap<>();
        for (IpVersion version : IpVersion.values()) {
            session.refreshFamily(version);
            FamilyView family = session.view().family(version);
            List<Cidr> own = new ArrayList<>(family.own());
            int left = own.size();
            for (Cidr cidr : own) {
                Optional<AllocationBlock> block = session.block(cidr).value();
                if (block.isEmpty() || !block.get().isEmpty()) {
                    continue;
                }
                long sequence = block.get().sequence();
                Optional<Empty> before = Optional.ofNullable(empty.get(cidr)).filter(e -> e.sequence() == sequence);
                Empty since = before.orElseGet(() -> new Empty(sequence, session.now()));
                boolean due = before.isPresent() && !since.since().plus(grace).isAfter(session.now());
                AffinityRelease release = new AffinityRelease(session, session.host(), cidr::equals, true);
                if (due && left > 1 && releaseQuietly(release, cidr, sequence)) {
                    left--;
                    count++;
                } else {
                    now.put(cidr, since);
                }
            }
        }
        empty.clear();
        empty.putAll(now);
        return count;
    }

    private static boolean releaseQuietly(AffinityRelease release, Cidr cidr, long sequence) {
        try {
            return release.release(cidr, OptionalLong.of(sequence));
        } catch (IpamException.BlockNotEmpty e) {
            // An address was taken from it at this very moment.
            return false;
        }
    }

    /**
     * Frees the addresses that have cooled down, in all blocks.
     *
     * @return how many blocks were written or deleted
     */
    static int freeCooledDown(Session session) {
        int count = 0;
        for (IpVersion version : IpVersion.values()) {
            session.refreshFamily(version);
            List<Cidr> all = session.view().family(version).all().stream()
                    .map(b -> b.cidr())
                    .toList();
            for (Cidr cidr : all) {
                count += freeCooledDown(session, cidr) ? 1 : 0;
            }
        }
        return count;
    }

    private static boolean freeCooledDown(Session session, Cidr cidr) {
        while (true) {
            session.retry().check(null);
            Seen<AllocationBlock> seen = session.block(cidr);
            Optional<AllocationBlock> block = seen.value().filter(AllocationBlock::isCooling);
            if (block.isEmpty()) {
                return false;
            }
            BlockEditor editor =
                    block.get().edit(session.now(), session.config().coolDown());
            AllocationBlock after = editor.unwritten();
            if (after.freeCount() == block.get().freeCount()) {
                return false;
            }
            editor.touch();
            var draft = session.draft().expectConfig(session.view().config());
            if (after.isEmpty() && !after.hasAffinity()) {
                draft.deleteBlock(cidr, seen);
            } else {
                draft.put(cidr, seen, editor);
            }
            if (session.commit(draft) == Session.Outcome.COMMITTED) {
                return true;
            }
            session.retry().failed();
        }
    }
}
