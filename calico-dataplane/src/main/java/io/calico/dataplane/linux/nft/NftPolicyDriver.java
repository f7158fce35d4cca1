package io.calico.dataplane.linux.nft;

import io.calico.dataplane.DataplaneException;
import org.jspecify.annotations.Nullable;

/**
 * Keeps {@code table inet calico} equal to what is wanted. Confined to one thread.
 *
 * <p>It knows what it wrote last and sends only what differs. The first time, and after anything went wrong, it does not
 * know: then it replaces the table whole, in one transaction, so that no packet ever meets a table that is empty or half
 * written. Whatever somebody else did to the table is gone then, too.
 */
public final class NftPolicyDriver {
    private final NftWriter writer;
    private @Nullable PolicyTable applied;

    /** A driver that knows nothing about the table yet. */
    public NftPolicyDriver(NftWriter writer) {
        this.writer = writer;
    }

    /**
     * Makes the table do exactly this. Sends nothing if it does already.
     *
     * @throws DataplaneException if the writer failed; the next call replaces the table
     */
    public void apply(TableContent content) {
        write(applied == null ? PolicyTable.replacement(content) : applied.to(content));
    }

    private void write(PolicyTable.Change change) {
        if (!change.transaction().isEmpty()) {
            applied = null;
            writer.write(change.transaction());
        }
        applied = change.result();
    }

    /** Takes back the belief that the table is as it was written: the next call replaces it. */
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
