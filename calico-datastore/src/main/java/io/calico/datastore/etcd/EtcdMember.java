package io.calico.datastore.etcd;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.calico.datastore.etcd.EtcdSettings.Endpoint;
import io.calico.datastore.etcd.EtcdSettings.Tls;
import io.calico.datastore.spi.DatastoreException;
import io.grpc.ChannelCredentials;
import io.grpc.ConnectivityState;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One member and the channel to it, which is made at the first call and connects by itself. A channel for each member,
 * not one for all: so we know who was asked, and the name in the certificate is that member's. Thread-safe.
 */
final class EtcdMember {
    /** etcd calls more frequent pings than one in 5 s an attack; gRPC sends none more often than one in 10 s. */
    private static final long PING_SECONDS = 10;

    private static final long PING_WAIT_SECONDS = 3;

    private final Endpoint endpoint;
    private final Optional<Tls> tls;
    private final Object lock = new Object();

    @GuardedBy("lock")
    private @Nullable ManagedChannel channel;

    @GuardedBy("lock")
    private boolean closed;

    EtcdMember(Endpoint endpoint, Optional<Tls> tls) {
        this.endpoint = endpoint;
        this.tls = tls;
    }

    Endpoint endpoint() {
        return endpoint;
    }

    /**
     * The channel. If it waits to connect after a failure (gRPC does so for up to two minutes), it stops waiting.
     *
     * @throws DatastoreException if a file for TLS cannot be used, or after {@link #close}
     */
    ManagedChannel channel() {
        synchronized (lock) {
            if (closed) {
                throw new DatastoreException.Closed("the store was closed");
            }
            if (channel == null) {
                channel = connect();
            } else if (channel.getState(false) == ConnectivityState.TRANSIENT_FAILURE) {
                channel.resetConnectBackoff();
            }
            return channel;
        }
    }

    private ManagedChannel connect() {
        ChannelCredentials credentials =
                tls.isPresent() ? EtcdTls.credentials(tls.get()) : InsecureChannelCredentials.create();
        return Grpc.newChannelBuilder("dns:///" + endpoint, credentials)
                // What may be repeated is decided by EtcdCluster.
                .disableRetry()
                .disableServiceConfigLookUp()
                .proxyDetector(address -> null)
                .directExecutor()
                // Thousands of records in one page, or of events in one answer; etcd itself bounds each of them.
                .maxInboundMessageSize(Integer.MAX_VALUE)
                .keepAliveTime(PING_SECONDS, TimeUnit.SECONDS)
                .keepAliveTimeout(PING_WAIT_SECONDS, TimeUnit.SECONDS)
                .build();
    }

    /** Whether there is a connection now, as far as is known. */
    boolean isConnected() {
        synchronized (lock) {
            return channel != null && channel.getState(false) == ConnectivityState.READY;
        }
    }

    /** The next call makes a new channel, with the files for TLS as they are then. */
    void forgetChannel() {
        @Nullable ManagedChannel old;
        synchronized (lock) {
            old = channel;
            channel = null;
        }
        if (old != null) {
            old.shutdownNow();
        }
    }

    /** Ends all calls. */
    void close() {
        synchronized (lock) {
            closed = true;
        }
        forgetChannel();
    }

    @Override
    public String toString() {
        return endpoint.toString();
    }
}
