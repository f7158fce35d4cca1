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
import java.util.TreeSet;

/**
 * Takes a host's blocks from it: empty ones are deleted, the others become nobody's and are deleted with their last
 * address. Rows go with them. Confined to one thread; used once.
 */
final class AffinityRelease {
    private final Session session;
    private final String ofHost;

    AffinityRelease(Session session, String ofHost) {
        this.session = session;
        this.ofHost = ofHost;
    }

    /** Returns how many blocks the host had. */
    int run() {
        int count = 0;
        for (IpVersion version : IpVersion.values()) {
            session.refreshFamily(version);
            TreeSet<Cidr> due = new TreeSet<>();
            session.view().family(version).all().stream()
                    .filter(b -> b.host().filter(ofHost::equals).isPresent())
                    .map(BlockSummary::cidr)
                    .forEach(due::add);
            count += due.size();
            session.readAll(Keys.affinities(ofHost, version), record -> {
                if (Keys.parse(record.key()) instanceof StoreKey.Affinity row) {
                    due.add(row.cidr());
                }
            });
            due.forEach(this::release);
        }
        return count;
    }

    private void release(Cidr cidr) {
        StoreKey.Affinity rowKey = new StoreKey.Affinity(ofHost, cidr);
        boolean done = false;
        while (!done) {
            session.retry().check(null);
            Optional<KeyValue> row = session.readRow(rowKey);
            Seen<AllocationBlock> seen = session.block(cidr);
            Optional<AllocationBlock> block = seen.value().filter(b -> b.isOf(ofHost));
            if (row.isEmpty() && block.isEmpty()) {
                return;
            }
            Draft draft = session.draft().expectBlock(cidr, seen);
            row.ifPresent(r -> draft.deleteRow(rowKey, Seen.deleted(r.modRevision())));
            block.ifPresent(b -> drop(draft, seen, b));
            done = session.commit(draft) == Session.Outcome.COMMITTED;
            if (!done) {
                session.retry().failed();
            }
        }
    }

    private void drop(Draft draft, Seen<AllocationBlock> seen, AllocationBlock block) {
        BlockEditor editor = block.edit(session.now(), session.config().coolDown());
        if (editor.unwritten().isEmpty()) {
            draft.deleteBlock(block.cidr(), seen);
        } else {
            editor.dropAffinity();
            draft.put(block.cidr(), seen, editor);
        }
    }
}
