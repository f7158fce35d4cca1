package io.calico.datastore.memory;

import io.calico.datastore.spi.Lease;
import java.time.Duration;

/** A lease of one client; the content knows its deadline and its records. Immutable. */
final class MemoryLease implements Lease {
    private final MemoryDatastore client;
    private final String id;
    private final Duration timeToLive;

    MemoryLease(MemoryDatastore client, String id, Duration timeToLive) {
        this.client = client;
        this.id = id;
        this.timeToLive = timeToLive;
    }

    @Override
    public String id() {
        return id;
    }

    @Override
    public Duration timeToLive() {
        return timeToLive;
    }

    @Override
    public void keepAlive() {
        client.open().keepAlive(id, timeToLive);
    }

    @Override
    public void close() {
        client.open().revoke(id);
    }

    @Override
    public String toString() {
        return "lease " + id;
    }
}
