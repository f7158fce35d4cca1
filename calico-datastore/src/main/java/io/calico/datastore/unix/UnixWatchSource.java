package io.calico.datastore.unix;

import io.calico.datastore.spi.DatastoreException;
import io.calico.datastore.spi.WatchEvent;
import io.calico.datastore.spi.WatchSource;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A watch's connection. Confined to the watch's thread. */
final class UnixWatchSource implements WatchSource {
    private static final Duration REST_OF_FRAME = Duration.ofSeconds(30);

    private final UnixDatastore client;
    private final String prefix;
    private @Nullable FrameChannel connection;

    UnixWatchSource(UnixDatastore client, String prefix) {
        this.client = client;
        this.prefix = prefix;
    }

    @Override
    public Batch next(long afterRevision) throws InterruptedException {
        try {
            FrameChannel from = connection;
            if (from == null) {
                from = client.connected();
                connection = from;
                from.send(
                        new MessageWriter(MessageKind.WATCH)
                                .text(prefix)
                                .number(afterRevision)
                                .payload(),
                        REST_OF_FRAME);
            }
            // A batch is as large as the transactions in it, each of which came in a frame of its own.
            return read(
                    new MessageReader(from.receive(FrameChannel.FOREVER, REST_OF_FRAME, Messages.MAX_ANSWER_BYTES)),
                    afterRevision);
        } catch (InterruptedIOException e) {
            throw (InterruptedException) new InterruptedException("the watch is being closed").initCause(e);
        } catch (IOException e) {
            if (Thread.currentThread().isInterrupted()) {
                throw (InterruptedException) new InterruptedException("the watch is being closed").initCause(e);
            }
            throw client.unavailable(e);
        }
    }

    private static Batch read(MessageReader in, long afterRevision) throws IOException {
        return switch (in.kind()) {
            case EVENTS -> {
                List<WatchEvent> events = Messages.readEvents(in);
                yield new Batch(events, in.number());
            }
            case PROGRESS -> new Batch(List.of(), Math.max(afterRevision, in.number()));
            case COMPACTED ->
                throw new DatastoreException.Compacted(
                        "the changes after revision " + afterRevision + " are no longer there", in.number());
            case ENDED, FAILED -> throw Failures.read(in);
            default -> throw new IOException("a message of kind " + in.kind() + " for a watch");
        };
    }

    @Override
    public void close() {
        if (connection != null) {
            client.discard(connection);
        }
    }
}
