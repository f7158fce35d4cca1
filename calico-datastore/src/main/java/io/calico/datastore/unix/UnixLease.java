package io.calico.datastore.unix;

import io.calico.datastore.spi.Lease;
import java.time.Duration;

/** A lease that the server holds. Immutable. */
record UnixLease(UnixDatastore client, String id, Duration timeToLive) implements Lease {
    @Override
    public void keepAlive() {
        client.keepAlive(id);
    }

    @Override
    public void close() {
        client.endLease(id);
    }
}
