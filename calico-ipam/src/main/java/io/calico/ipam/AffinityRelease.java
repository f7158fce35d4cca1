package io.calico.ipam;

import io.calico.datastore.Keys;
import io.calico.datastore.StoreKey;
import io.calico.datastore.spi.KeyValue;
import io.calico.ipam.internal.AllocationBlock;
import io.calico.ipam.internal.BlockEditor;
import io.calico.ipam.internal.view.BlockSummary;
import io.calico.ipam.internal.view.Draft;
import io.calico.ipam.internal.view.Seen;
import io.calico.model.net.Cidr;
import io.calico.model.net.IpVersion;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeSet;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Takes blocks from a host: empty ones are deleted, the others become nobody's and are deleted with their last address.
 * Rows go with them. A block that cannot be given back does not keep the others from it. Confined to one thread; used once.
 */
final class AffinityRelease {
    private final Session session;
    private final String ofHost;
    private final Predicate<Cidr> which;
    private final boolean mustBeEmpty;
    private @Nullable IpamException lastFailure;

    /**
     * A release.
     *
     * @param which blocks
     * @param mustBeEmpty whether a block with addresses is refused
     */
    AffinityRelease(Session session, String ofHost, Predicate<Cidr> which, boolean mustBeEmpty) {
        this.session = session;
        this.ofHost = ofHost;
        this.which = which;
        this.mustBeEmpty = mustBeEmpty;
    }

    /** Returns how many of the blocks the host had. */
    int run() {
        int count = 0;
        for (IpVersion version : IpVersion.values()) {
            session.refreshFamily(version);
            TreeSet<Cidr> due = new TreeSet<>();
            session.view().family(version).all().stream()
                    .filter(b -> b.host().filter(ofHost::equals).isPresent())
                    .map(BlockSummary::cidr)
                    .filter(which)
                    .forEach(due::add);
            count += due.size();
            session.readAll(Keys.affinities(ofHost, version), record -> {
                if (Keys.parse(record.key()) instanceof StoreKey.Affinity row && which.test(row.cidr())) {
                    due.add(row.cidr());
                }
            });
            due.forEach(this::tryRelease);
        }
        if (lastFailure != null) {
            throw lastFailure;
        }
        return count;
    }

    private void tryRelease(Cidr cidr) {
        try {
            release(cidr, OptionalLong.empty());
        } catch (IpamException.BlockNotEmpty e) {
            lastFailure = e;
        }
    }

    /**
     * Takes one block.
     *
     * @param sequence if present, only while the block has this sequence number
     * @return whether it is no longer the host's
     */
    boolean release(Cidr cidr, OptionalLong sequence) {
        StoreKey.Affinity rowKey = new StoreKey.Affinity(ofHost, cidr);
        while (true) {
            session.retry().check(null);
            Optional<KeyValue> row = session.readRow(rowKey);
            Seen<AllocationBlock> seen = session.block(cidr);
            Optional<AllocationBlock> block = seen.value().filter(b -> b.isOf(ofHost));
            if (row.isEmpty() && block.isEmpty()) {
                return true;
            }
            if (block.isPresent() && sequence.isPresent() && block.get().sequence() != sequence.getAsLong()) {
                return false;
            }
            Draft draft = session.draft().expectBlock(cidr, seen);
            row.ifPresent(r -> draft.deleteRow(rowKey, Seen.deleted(r.modRevision())));
            block.ifPresent(b -> drop(draft, seen, b));
            if (session.commit(draft) == Session.Outcome.COMMITTED) {
                return true;
            }
            session.counters().refused();
            session.retry().on(null, cidr, ofHost).failed();
        }
    }

    private void drop(Draft draft, Seen<AllocationBlock> seen, AllocationBlock block) {
        if (!addTo(draft, session, seen, block) && mustBeEmpty) {
            throw new IpamException.BlockNotEmpty(block.cidr());
        }
    }

    /** Adds to a draft that the block is deleted if it is empty, else nobody's; returns whether it is empty. */
    static boolean addTo(Draft draft, Session session, Seen<AllocationBlock> seen, AllocationBlock block) {
        BlockEditor editor = block.edit(session.now(), session.config().coolDown());
        boolean empty = editor.isEmpty();
        if (empty) {
            draft.deleteBlock(block.cidr(), seen);
        } else {
            editor.dropAffinity();
            draft.put(block.cidr(), seen, editor);
        }
        return empty;
    }
}
