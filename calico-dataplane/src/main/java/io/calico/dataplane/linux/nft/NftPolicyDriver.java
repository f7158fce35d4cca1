package io.calico.dataplane.linux.nft;

import io.calico.dataplane.DataplaneException;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps {@code table inet calico} equal to what is wanted. Confined to one thread.
 *
 * <p>It knows what it wrote last and sends only what differs. The first time, and after anything went wrong, it does not
 * know: then it reads what is there, leaves what is right, and takes away whatever somebody else did to the table. Where that
 * cannot be done, since others have put into it what this program has no words for, have made something else of what is
 * ours, or change tables all the time, it replaces the table whole. Each is one transaction, so that no packet ever meets a
 * table that is empty or half written; but of new flows, a replacement may lose the packet that is in the old table at that
 * moment ({@link TableListing#changesTo}).
 */
public final class NftPolicyDriver {
    private static final Logger LOG = LoggerFactory.getLogger(NftPolicyDriver.class);

    private final NftWriter writer;
    private @Nullable PolicyTable applied;

    /** A driver that knows nothing about the table yet. */
    public NftPolicyDriver(NftWriter writer) {
        this.writer = writer;
    }

    /**
     * Makes the table do exactly this. Sends nothing if it does already.
     *
     * @throws DataplaneException if the writer failed; the next call reads the table
     */
    public void apply(TableContent content) {
        if (applied != null) {
            write(applied.to(content));
        } else if (!takeOver(content)) {
            write(PolicyTable.replacement(content));
        }
    }

    /** False if that is not possible: then the table is as it was. */
    private boolean takeOver(TableContent content) {
        Optional<PolicyTable.Change> change = writer.read().flatMap(there -> PolicyTable.takeover(there, content));
        try {
            change.ifPresent(this::write);
            return change.isPresent();
        } catch (DataplaneException.Refused e) {
            LOG.info("the table cannot be taken over: {}", e.getMessage());
            return false;
        }
    }

    private void write(PolicyTable.Change change) {
        if (!change.transaction().isEmpty()) {
            applied = null;
            writer.write(change.transaction());
        }
        applied = change.result();
    }

    /** Takes back the belief that the table is as it was written: the next call reads it. */
    public void forget() {
        applied = null;
    }

    /**
     * Removes the table; nothing happens if there is none.
     *
     * @throws DataplaneException if the writer failed
     */
    public void removeTable() {
        applied = null;
        NftTransaction.Builder tx = NftTransaction.builder();
        tx.addTable();
        tx.deleteTable();
        writer.write(tx.build());
    }
}
