package io.calico.datastore.spi;

import java.util.List;

/**
 * Receives a watch's events: on one thread, in order of revision, none twice, none left out. Must not block. If a
 * callback throws, the watch ends, with {@link #onEnded}.
 */
public interface WatchListener {
    /**
     * Changes of one or more transactions. All changes of one transaction come in one call.
     *
     * @param events not empty, ascending revision
     * @param revision everything up to and including it has been delivered
     */
    void onEvents(List<WatchEvent> events, long revision);

    /**
     * The changes after the watch's start have been compacted away; read a snapshot and watch again. The watch has ended.
     *
     * @param oldestRevision the oldest revision from which a watch can still start
     */
    void onCompacted(long oldestRevision);

    /** The watch has ended for another reason, for example because the store is not reachable. Not called after close. */
    void onEnded(DatastoreException cause);

    /**
     * Nothing relevant happened, but everything up to this revision has been seen. Optional for providers.
     *
     * @param revision newest revision known to be delivered
     */
    default void onProgress(long revision) {}
}
