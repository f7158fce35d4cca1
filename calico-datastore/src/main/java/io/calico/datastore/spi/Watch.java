package io.calico.datastore.spi;

/** A running watch. Thread-safe. */
public interface Watch extends AutoCloseable {
    /**
     * Ends the watch: no callback begins after it has returned. May be called from a callback. Idempotent; waits, for a
     * few seconds at most, for a callback that runs on another thread.
     */
    @Override
    void close();
}
