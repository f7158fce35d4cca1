package io.calico.datastore.spi;

/** A running watch. Close it to end it: no callback begins after {@link #close} has returned. */
public interface Watch extends AutoCloseable {
    @Override
    void close();
}
