package io.calico.datastore.syncer;

/** How a syncer stands to its store. */
public enum SyncStatus {
    /** The store is not being followed: not yet, or it was lost and is tried again. What was delivered stays valid. */
    CONNECTING,

    /** A snapshot is being read. */
    RESYNC,

    /** The whole snapshot was delivered, and changes are followed. */
    IN_SYNC
}
