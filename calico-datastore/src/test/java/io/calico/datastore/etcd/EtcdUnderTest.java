package io.calico.datastore.etcd;

import com.google.protobuf.ByteString;
import io.calico.datastore.spi.Datastore;
import io.calico.datastore.spi.DatastoreException;
import io.calico.datastore.testkit.StoreUnderTest;
import io.etcd.jetcd.api.CompactionRequest;
import io.etcd.jetcd.api.DeleteRangeRequest;
import io.etcd.jetcd.api.KVGrpc;
import java.util.Map;

/** A running cluster, emptied. */
final class EtcdUnderTest implements StoreUnderTest {
    private final String uri;
    private final EtcdCluster direct;

    EtcdUnderTest(String uri) {
        this.uri = uri;
        this.direct = new EtcdCluster(EtcdSettings.parse(uri, Map.of()));
        DeleteRangeRequest everything = DeleteRangeRequest.newBuilder()
                .setKey(ByteString.copyFrom(new byte[1]))
                .setRangeEnd(ByteString.copyFrom(new byte[1]))
                .build();
        await(() -> direct.repeatable("emptying the store", KVGrpc.getDeleteRangeMethod(), everything));
    }

    /**
     * Members that have just been started may not have a leader yet, and a commit that meets one of them may stay
     * unanswered: {@code call} is made until it is answered, so it must do no harm when done twice.
     */
    static void await(Runnable call) {
        long deadline = System.nanoTime() + 30_000_000_000L;
        while (true) {
            try {
                call.run();
                return;
            } catch (DatastoreException.Unavailable | DatastoreException.UnknownResult e) {
                if (System.nanoTime() > deadline) {
                    throw e;
                }
            }
        }
    }

    @Override
    public Datastore open() {
        return new EtcdDatastoreProvider().open(uri, Map.of());
    }

    @Override
    public void compact() {
        long newest = direct.repeatable("reading", KVGrpc.getRangeMethod(), EtcdMessages.probe("/", 0))
                .getHeader()
                .getRevision();
        try {
            direct.repeatable(
                    "compacting",
                    KVGrpc.getCompactMethod(),
                    CompactionRequest.newBuilder()
                            .setRevision(newest)
                            .setPhysical(true)
                            .build());
        } catch (DatastoreException.Compacted e) {
            // Just this has been done before.
        }
    }

    @Override
    public void close() {
        direct.close();
    }
}
