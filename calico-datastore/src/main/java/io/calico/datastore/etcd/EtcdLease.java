package io.calico.datastore.etcd;

import io.calico.datastore.spi.DatastoreException;
import io.calico.datastore.spi.Lease;
import io.etcd.jetcd.api.LeaseGrantRequest;
import io.etcd.jetcd.api.LeaseGrpc;
import io.etcd.jetcd.api.LeaseKeepAliveRequest;
import io.etcd.jetcd.api.LeaseRevokeRequest;
import java.time.Duration;

/**
 * A lease by its id. To grant, renew and end one may be repeated: a second grant leaves one that ends by itself, ids are
 * never used again. Thread-safe.
 */
final class EtcdLease implements Lease {
    private final EtcdCluster cluster;
    private final long number;
    private final Duration timeToLive;

    private EtcdLease(EtcdCluster cluster, long number, Duration timeToLive) {
        this.cluster = cluster;
        this.number = number;
        this.timeToLive = timeToLive;
    }

    /** A new one. etcd counts whole seconds, and lengthens what is shorter than its election time-out and a half. */
    static EtcdLease grant(EtcdCluster cluster, Duration timeToLive) {
        long seconds = timeToLive.plusSeconds(1).minusNanos(1).toSeconds();
        LeaseGrantRequest request =
                LeaseGrantRequest.newBuilder().setTTL(seconds).build();
        long number = cluster.repeatable("granting a lease", LeaseGrpc.getLeaseGrantMethod(), request)
                .getID();
        return new EtcdLease(cluster, number, timeToLive);
    }

    /** The number of a lease of an etcd store. */
    static long number(Lease lease) {
        try {
            return Long.parseUnsignedLong(lease.id(), 16);
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException("lease '" + lease.id() + "' is not one of etcd's", e);
        }
    }

    @Override
    public String id() {
        return Long.toHexString(number);
    }

    @Override
    public Duration timeToLive() {
        return timeToLive;
    }

    @Override
    public void keepAlive() {
        LeaseKeepAliveRequest request =
                LeaseKeepAliveRequest.newBuilder().setID(number).build();
        // A stream by its type; with one request it ends after one answer. 0 seconds are left of a lease that has
        // ended.
        if (cluster.repeatable("renewing " + this, LeaseGrpc.getLeaseKeepAliveMethod(), request)
                        .getTTL()
                <= 0) {
            throw new DatastoreException.NotFound("renewing " + this + " in " + cluster.uri() + ": it has ended");
        }
    }

    @Override
    public void close() {
        LeaseRevokeRequest request =
                LeaseRevokeRequest.newBuilder().setID(number).build();
        try {
            cluster.repeatable("ending " + this, LeaseGrpc.getLeaseRevokeMethod(), request);
        } catch (DatastoreException.NotFound e) {
            // It has ended already, which is what is wanted.
        }
    }

    @Override
    public String toString() {
        return "lease " + id();
    }
}
