package io.calico.datastore.unix;

import io.calico.datastore.spi.Datastore;
import io.calico.datastore.spi.DatastoreException;
import io.calico.datastore.spi.KeyValue;
import io.calico.datastore.spi.Lease;
import io.calico.datastore.spi.ListRequest;
import io.calico.datastore.spi.Page;
import io.calico.datastore.spi.Watch;
import io.calico.datastore.spi.WatchEvent;
import io.calico.datastore.spi.WatchListener;
import java.io.EOFException;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One client's connection: answers its calls one after the other, or feeds its watch. Runs on a thread of its own. */
final class ServerConnection implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ServerConnection.class);
    /** From the first byte of a request to its last, and for a client to take an answer. */
    private static final Duration FRAME = Duration.ofSeconds(10);

    /** A page's records are cut after about this many bytes; the client asks for the rest. */
    private static final int PAGE_BYTES = 4 << 20;

    private static final int MAX_LEASES = 1_000;

    private final Datastore store;
    private final FrameChannel channel;
    private final Map<String, Lease> leases;
    private final Consumer<ServerConnection> whenEnded;

    ServerConnection(
            Datastore store, FrameChannel channel, Map<String, Lease> leases, Consumer<ServerConnection> whenEnded) {
        this.store = store;
        this.channel = channel;
        this.leases = leases;
        this.whenEnded = whenEnded;
    }

    void run() {
        try {
            // Whoever connects says something soon; only then may it be idle.
            Duration begin = FRAME;
            while (true) {
                MessageReader request = new MessageReader(channel.receive(begin, FRAME, Messages.MAX_BYTES));
                begin = FrameChannel.FOREVER;
                if (request.kind() == MessageKind.WATCH) {
                    watch(request);
                    return;
                }
                channel.send(answer(request), FRAME);
            }
        } catch (EOFException e) {
            LOG.trace("A client has gone");
        } catch (IOException e) {
            LOG.debug("A client's connection ends: {}", e.getMessage());
        } finally {
            channel.close();
            whenEnded.accept(this);
        }
    }

    private byte[] answer(MessageReader request) throws IOException {
        try {
            return switch (request.kind()) {
                case HELLO -> hello(request.number());
                case GET -> get(request.text());
                case LIST -> list(Messages.readList(request));
                case COMMIT -> Messages.result(store.commit(Messages.readCommit(request, this::lease)));
                case LEASE_GRANT -> grant(request.number());
                case LEASE_KEEP_ALIVE -> keepAlive(request.text());
                case LEASE_END -> endLease(request.text());
                default -> throw new IOException("a request of kind " + request.kind());
            };
        } catch (DatastoreException | IllegalArgumentException e) {
            return Failures.write(MessageKind.FAILED, e);
        } catch (RuntimeException e) {
            LOG.error("A datastore call of a client failed", e);
            return Failures.write(
                    MessageKind.FAILED,
                    request.kind() == MessageKind.COMMIT
                            ? new DatastoreException.UnknownResult("the daemon failed: " + e, e)
                            : new DatastoreException.Unavailable("the daemon failed: " + e, e));
        }
    }

    private byte[] hello(long version) {
        if (version != Messages.VERSION) {
            throw new DatastoreException.Unavailable(
                    "this command speaks version " + version + " of the daemon's protocol, the running daemon version "
                            + Messages.VERSION + "; restart the daemon with the same release",
                    null);
        }
        return new MessageWriter(MessageKind.VALUE).text(store.originUri()).payload();
    }

    private byte[] get(String key) {
        Optional<KeyValue> record = store.get(key);
        return new MessageWriter(MessageKind.VALUE).optionalKeyValue(record).payload();
    }

    private byte[] list(ListRequest request) {
        return Messages.page(cut(store.list(request)));
    }

    /** The page, or as much of it as goes into a frame: at least one record. */
    private static Page cut(Page page) {
        List<KeyValue> records = new ArrayList<>();
        long bytes = 0;
        for (KeyValue record : page.records()) {
            if (bytes > PAGE_BYTES) {
                return new Page(records, page.revision(), Optional.of(record.key()));
            }
            bytes += 3L * (record.key().length() + record.value().length());
            records.add(record);
        }
        return page;
    }

    private Lease lease(String id) {
        @Nullable Lease lease = leases.get(id);
        if (lease == null) {
            throw new DatastoreException.NotFound("lease " + id + " has ended");
        }
        return lease;
    }

    private byte[] grant(long millis) {
        if (leases.size() >= MAX_LEASES) {
            throw new DatastoreException.Unavailable(MAX_LEASES + " leases are held; end some first", null);
        }
        Lease lease = store.grantLease(Duration.ofMillis(millis));
        leases.put(lease.id(), lease);
        return done(lease.id());
    }

    private byte[] keepAlive(String id) {
        try {
            lease(id).keepAlive();
            return done(id);
        } catch (DatastoreException.NotFound e) {
            leases.remove(id);
            throw e;
        }
    }

    private byte[] endLease(String id) {
        @Nullable Lease lease = leases.remove(id);
        if (lease != null) {
            lease.close();
        }
        return done(id);
    }

    private static byte[] done(String text) {
        return new MessageWriter(MessageKind.DONE).text(text).payload();
    }

    /** Feeds the client until it goes away; whatever it sends ends the watch. */
    private void watch(MessageReader request) throws IOException {
        String prefix = request.text();
        long afterRevision = request.number();
        request.end();
        Watch running;
        try {
            running = store.watch(prefix, afterRevision, new Feed());
        } catch (DatastoreException | IllegalArgumentException e) {
            channel.send(Failures.write(MessageKind.FAILED, e), FRAME);
            return;
        }
        try {
            channel.receive(FrameChannel.FOREVER, FRAME, 1);
        } finally {
            // Closed first, so that a feed that waits for a slow client lets the watch end.
            channel.close();
            running.close();
        }
    }

    @Override
    public void close() {
        channel.close();
    }

    /** Sends a watch's callbacks to the client. The store gives each watch a thread, so that a slow client delays itself only. */
    private final class Feed implements WatchListener {
        @Override
        public void onEvents(List<WatchEvent> events, long revision) {
            send(Messages.events(events, revision));
        }

        @Override
        public void onProgress(long revision) {
            send(new MessageWriter(MessageKind.PROGRESS).number(revision).payload());
        }

        @Override
        public void onCompacted(long oldestRevision) {
            send(new MessageWriter(MessageKind.COMPACTED).number(oldestRevision).payload());
        }

        @Override
        public void onEnded(DatastoreException cause) {
            send(Failures.write(MessageKind.ENDED, cause));
        }

        private void send(byte[] message) {
            try {
                channel.send(message, FRAME);
            } catch (IOException e) {
                // The reading side notices too and ends the watch.
                channel.close();
            }
        }
    }
}
