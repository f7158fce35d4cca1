package io.calico.datastore.spi;

import java.util.List;

/** Where {@link Watches} get a watch's changes from: something that can be asked 'what came after revision r?'. */
public interface WatchSource extends AutoCloseable {
    /**
     * Waits until there are changes after the revision, and returns them. It may return an empty batch, of the same or
     * a later revision, at any time.
     *
     * @param afterRevision everything up to and including it has been returned before
     * @throws DatastoreException.Compacted if the changes after the revision are no longer there
     * @throws InterruptedException if the watch is being closed
     */
    Batch next(long afterRevision) throws InterruptedException;

    /** Frees what the source holds. Called once, by the watch's thread when it ends. */
    @Override
    default void close() {}

    /**
     * Changes of one or more whole transactions, in order.
     *
     * @param events may be empty
     * @param revision everything up to and including it is in this batch or was in an earlier one
     */
    record Batch(List<WatchEvent> events, long revision) {
        /** Copies the list. */
        public Batch {
            events = List.copyOf(events);
        }
    }
}
