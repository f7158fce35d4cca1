package io.calico.datastore.etcd;

import io.etcd.jetcd.api.WatchGrpc;
import io.etcd.jetcd.api.WatchProgressRequest;
import io.etcd.jetcd.api.WatchRequest;
import io.etcd.jetcd.api.WatchResponse;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One watch at one member. Answers are asked for one at a time, so at most one waits here: what a slow listener has not
 * taken waits at etcd. Confined to one thread, but for {@link #close}.
 */
final class EtcdWatchStream extends ClientCall.Listener<WatchResponse> implements AutoCloseable {
    private static final WatchRequest PROGRESS = WatchRequest.newBuilder()
            .setProgressRequest(WatchProgressRequest.getDefaultInstance())
            .build();

    private final ClientCall<WatchRequest, WatchResponse> call;
    private final BlockingQueue<Item> items = new LinkedBlockingQueue<>();

    /** An answer, or how the stream ended. */
    private record Item(
            @Nullable WatchResponse answer, @Nullable Status end) {}

    private EtcdWatchStream(ClientCall<WatchRequest, WatchResponse> call) {
        this.call = call;
    }

    /** Asks for a watch; the first answer tells what became of it. */
    static EtcdWatchStream open(Channel member, CallOptions options, WatchRequest request) {
        EtcdWatchStream stream = new EtcdWatchStream(member.newCall(WatchGrpc.getWatchMethod(), options));
        stream.call.start(stream, new Metadata());
        stream.call.request(1);
        stream.call.sendMessage(request);
        return stream;
    }

    @Override
    public void onMessage(WatchResponse answer) {
        items.add(new Item(answer, null));
    }

    @Override
    public void onClose(Status status, Metadata trailers) {
        items.add(new Item(null, status));
    }

    /**
     * The next answer; empty if none came in time.
     *
     * @throws StatusRuntimeException if the stream has ended
     */
    Optional<WatchResponse> next(Duration wait) throws InterruptedException {
        @Nullable Item item = items.poll(wait.toNanos(), TimeUnit.NANOSECONDS);
        if (item == null) {
            return Optional.empty();
        }
        if (item.answer() == null) {
            Status end = item.end() == null || item.end().isOk()
                    ? Status.UNAVAILABLE.withDescription("the member ended the watch")
                    : item.end();
            throw end.asRuntimeException();
        }
        call.request(1);
        return Optional.of(item.answer());
    }

    /** Asks for a sign of life, which is an answer for watch -1. */
    void askForProgress() {
        call.sendMessage(PROGRESS);
    }

    @Override
    public void close() {
        call.cancel("the watch is closed", null);
    }
}
