package io.calico.datastore.syncer;

import java.util.List;

/**
 * Receives what a {@link Syncer} sees: on one thread, never two calls at once. Must not block: changes that come meanwhile
 * are kept, but only the last of each key. If {@link #onUpdates} throws, the syncer logs it, reads a snapshot and delivers
 * the same keys again.
 */
public interface SyncerListener {
    /** The status changed. */
    void onStatus(SyncStatus status);

    /**
     * Keys changed.
     *
     * @param updates at most one for each key, in the order of their revisions (a snapshot's in the order of the keys);
     *     empty if only the revision advanced
     * @param revision every change up to and including it has been delivered, in this call or before; changes of one
     *     transaction come in one call
     */
    void onUpdates(List<SyncUpdate> updates, long revision);
}
