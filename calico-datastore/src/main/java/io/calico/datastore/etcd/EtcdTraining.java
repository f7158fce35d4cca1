package io.calico.datastore.etcd;

import io.calico.datastore.spi.Datastore;
import io.calico.datastore.spi.DatastoreException;
import io.calico.datastore.spi.Lease;
import io.calico.datastore.spi.Transaction;
import io.calico.datastore.spi.Watch;
import io.calico.datastore.spi.WatchEvent;
import io.calico.datastore.spi.WatchListener;
import io.etcd.jetcd.api.Event;
import io.etcd.jetcd.api.KVGrpc;
import io.etcd.jetcd.api.KeyValue;
import io.etcd.jetcd.api.LeaseGrantRequest;
import io.etcd.jetcd.api.LeaseGrantResponse;
import io.etcd.jetcd.api.LeaseGrpc;
import io.etcd.jetcd.api.LeaseKeepAliveRequest;
import io.etcd.jetcd.api.LeaseKeepAliveResponse;
import io.etcd.jetcd.api.LeaseRevokeRequest;
import io.etcd.jetcd.api.LeaseRevokeResponse;
import io.etcd.jetcd.api.RangeRequest;
import io.etcd.jetcd.api.RangeResponse;
import io.etcd.jetcd.api.ResponseHeader;
import io.etcd.jetcd.api.ResponseOp;
import io.etcd.jetcd.api.TxnRequest;
import io.etcd.jetcd.api.TxnResponse;
import io.etcd.jetcd.api.WatchGrpc;
import io.etcd.jetcd.api.WatchRequest;
import io.etcd.jetcd.api.WatchResponse;
import io.grpc.InsecureServerCredentials;
import io.grpc.Server;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/**
 * Makes each kind of call to a server of its own that has etcd's API and one record: for making class-data archives, which
 * hold the classes that a process has loaded. Loading them takes most of the time that a short command spends with etcd.
 */
public final class EtcdTraining {
    private static final String KEY = "/calico/training/record";
    private static final ResponseHeader HEADER =
            ResponseHeader.newBuilder().setRevision(7).setMemberId(1).build();
    private static final KeyValue RECORD = KeyValue.newBuilder()
            .setKey(EtcdMessages.bytes(KEY))
            .setValue(EtcdMessages.bytes("{}"))
            .setCreateRevision(5)
            .setModRevision(6)
            .build();

    private EtcdTraining() {}

    /**
     * Does it, within seconds; on the loopback interface only.
     *
     * @throws IOException if no port can be opened there
     * @throws DatastoreException if a call fails
     */
    public static void run() throws IOException, InterruptedException {
        InetSocketAddress loopback = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
        Server server = NettyServerBuilder.forAddress(loopback, InsecureServerCredentials.create())
                .addService(new OneRecord())
                .addService(new Leases())
                .addService(new Changes())
                .build()
                .start();
        String uri = "etcd://" + loopback.getAddress().getHostAddress() + ":" + server.getPort();
        try (Datastore store = new EtcdDatastoreProvider().open(uri, Map.of())) {
            call(store);
        } finally {
            server.shutdownNow();
        }
    }

    private static void call(Datastore store) throws InterruptedException {
        store.get(KEY);
        store.listAll("/calico/");
        Seen seen = new Seen();
        // After a revision older than the record's, so that it is told as a change.
        Watch watch = store.watch("/calico/", 5, seen);
        if (!seen.latch.await(5, TimeUnit.SECONDS)) {
            throw new IllegalStateException("the watch tells no change");
        }
        watch.close();
        try (Lease lease = store.grantLease(Duration.ofSeconds(10))) {
            lease.keepAlive();
            store.commit(Transaction.builder()
                    .ifUnchanged(KEY, 6)
                    .put(KEY, "{}", lease)
                    .elseRead(KEY)
                    .build());
        }
        store.commit(Transaction.builder()
                .ifAbsent(KEY)
                .put(KEY, "{}")
                .delete(KEY + "2")
                .elseRead(KEY)
                .build());
    }

    /** Waits for the first event. */
    private static final class Seen implements WatchListener {
        private final CountDownLatch latch = new CountDownLatch(1);

        @Override
        public void onEvents(List<WatchEvent> events, long revision) {
            latch.countDown();
        }

        @Override
        public void onCompacted(long oldestRevision) {
            latch.countDown();
        }

        @Override
        public void onEnded(DatastoreException cause) {
            latch.countDown();
        }
    }

    private static <A> void answer(StreamObserver<A> to, A answer) {
        to.onNext(answer);
        to.onCompleted();
    }

    /** Every read finds the record; a transaction succeeds unless it wants it to be absent. */
    private static final class OneRecord extends KVGrpc.KVImplBase {
        @Override
        public void range(RangeRequest request, StreamObserver<RangeResponse> to) {
            answer(to, found());
        }

        @Override
        public void txn(TxnRequest request, StreamObserver<TxnResponse> to) {
            boolean succeeded = request.getCompareList().stream().noneMatch(c -> c.getModRevision() == 0);
            TxnResponse.Builder result =
                    TxnResponse.newBuilder().setHeader(HEADER).setSucceeded(succeeded);
            if (!succeeded) {
                request.getFailureList()
                        .forEach(read ->
                                result.addResponses(ResponseOp.newBuilder().setResponseRange(found())));
            }
            answer(to, result.build());
        }

        private static RangeResponse found() {
            return RangeResponse.newBuilder()
                    .setHeader(HEADER)
                    .addKvs(RECORD)
                    .setCount(1)
                    .build();
        }
    }

    /** Grants every lease. */
    private static final class Leases extends LeaseGrpc.LeaseImplBase {
        @Override
        public void leaseGrant(LeaseGrantRequest request, StreamObserver<LeaseGrantResponse> to) {
            answer(
                    to,
                    LeaseGrantResponse.newBuilder()
                            .setHeader(HEADER)
                            .setID(1)
                            .setTTL(request.getTTL())
                            .build());
        }

        @Override
        public void leaseRevoke(LeaseRevokeRequest request, StreamObserver<LeaseRevokeResponse> to) {
            answer(to, LeaseRevokeResponse.newBuilder().setHeader(HEADER).build());
        }

        @Override
        public StreamObserver<LeaseKeepAliveRequest> leaseKeepAlive(StreamObserver<LeaseKeepAliveResponse> to) {
            return new Requests<>(
                    to,
                    request -> LeaseKeepAliveResponse.newBuilder()
                            .setHeader(HEADER)
                            .setID(request.getID())
                            .setTTL(10)
                            .build());
        }
    }

    /** One change for every request. */
    private static final class Changes extends WatchGrpc.WatchImplBase {
        @Override
        public StreamObserver<WatchRequest> watch(StreamObserver<WatchResponse> to) {
            return new Requests<>(to, request -> {
                if (request.hasCreateRequest()) {
                    to.onNext(WatchResponse.newBuilder()
                            .setHeader(HEADER)
                            .setCreated(true)
                            .build());
                }
                return WatchResponse.newBuilder()
                        .setHeader(HEADER)
                        .addEvents(
                                Event.newBuilder().setType(Event.EventType.PUT).setKv(RECORD))
                        .build();
            });
        }
    }

    /** Answers each request of a stream. */
    private static final class Requests<Q, A> implements StreamObserver<Q> {
        private final StreamObserver<A> to;
        private final Function<Q, A> answer;

        private Requests(StreamObserver<A> to, Function<Q, A> answer) {
            this.to = to;
            this.answer = answer;
        }

        @Override
        public void onNext(Q request) {
            to.onNext(answer.apply(request));
        }

        @Override
        public void onError(Throwable failure) {
            // The client has gone.
        }

        @Override
        public void onCompleted() {
            to.onCompleted();
        }
    }
}
