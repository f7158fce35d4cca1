package io.calico.datastore.unix;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.calico.datastore.spi.Datastore;
import io.calico.datastore.spi.DatastoreException;
import io.calico.datastore.spi.KeyValue;
import io.calico.datastore.spi.Lease;
import io.calico.datastore.spi.ListRequest;
import io.calico.datastore.spi.Page;
import io.calico.datastore.spi.TextRules;
import io.calico.datastore.spi.Transaction;
import io.calico.datastore.spi.TransactionResult;
import io.calico.datastore.spi.Watch;
import io.calico.datastore.spi.WatchListener;
import io.calico.datastore.spi.Watches;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The store that another process serves on a Unix socket. Each call takes an idle connection or opens one, and is
 * answered within {@value #CALL_SECONDS} seconds or fails. A commit whose answer does not come is told as {@code
 * UnknownResult}. A lease lives in the server's store, but only the server process that granted it can renew it.
 * Thread-safe.
 */
public final class UnixDatastore implements Datastore {
    static final String SCHEME = "unix";
    static final int CALL_SECONDS = 30;

    private static final Duration CALL = Duration.ofSeconds(CALL_SECONDS);

    private final Path socket;
    private final Watches watches = new Watches("unix-watch");
    private final Object lock = new Object();

    @GuardedBy("lock")
    private final Deque<FrameChannel> idle = new ArrayDeque<>();

    @GuardedBy("lock")
    private final Set<FrameChannel> open = new HashSet<>();

    @GuardedBy("lock")
    private boolean closed;

    /** A client of the server on that socket; connects at the first call. */
    public UnixDatastore(Path socket) {
        this.socket = socket;
    }

    /**
     * The URI of the store that is served, as the server tells it.
     *
     * @throws DatastoreException.Unavailable if no server listens on the socket
     * @throws DatastoreException.NotPermitted if this user may not connect to it
     */
    @Override
    public String originUri() {
        requireOpen();
        FrameChannel connection = connect();
        try {
            return hello(connection);
        } finally {
            discard(connection);
        }
    }

    @Override
    public Optional<KeyValue> get(String key) {
        byte[] request = new MessageWriter(MessageKind.GET)
                .text(TextRules.requireKey(key))
                .payload();
        return read(request, MessageKind.VALUE, in -> {
            Optional<KeyValue> record = in.optionalKeyValue();
            in.end();
            return record;
        });
    }

    @Override
    public Page list(ListRequest request) {
        return read(Messages.list(request), MessageKind.PAGE, Messages::readPage);
    }

    @Override
    public TransactionResult commit(Transaction transaction) {
        return write(Messages.commit(transaction), MessageKind.RESULT, Messages::readResult);
    }

    @Override
    public Watch watch(String prefix, long afterRevision, WatchListener listener) {
        TextRules.requirePrefix(prefix);
        requireOpen();
        return watches.start(afterRevision, new UnixWatchSource(this, prefix), listener);
    }

    @Override
    public Lease grantLease(Duration timeToLive) {
        if (timeToLive.compareTo(Duration.ofSeconds(1)) < 0) {
            throw new IllegalArgumentException("time to live " + timeToLive + " of a lease is below one second");
        }
        byte[] request = new MessageWriter(MessageKind.LEASE_GRANT)
                .number(timeToLive.toMillis())
                .payload();
        String id = write(request, MessageKind.DONE, MessageReader::text);
        return new UnixLease(this, id, timeToLive);
    }

    void keepAlive(String lease) {
        write(
                new MessageWriter(MessageKind.LEASE_KEEP_ALIVE).text(lease).payload(),
                MessageKind.DONE,
                MessageReader::text);
    }

    void endLease(String lease) {
        write(new MessageWriter(MessageKind.LEASE_END).text(lease).payload(), MessageKind.DONE, MessageReader::text);
    }

    @Override
    public String uri() {
        return SCHEME + ":" + socket;
    }

    @Override
    public void close() {
        // First, so that no watch is told that its connection ended.
        watches.close();
        Set<FrameChannel> last;
        synchronized (lock) {
            closed = true;
            last = Set.copyOf(open);
            idle.clear();
        }
        last.forEach(FrameChannel::close);
    }

    private <T> T read(byte[] request, MessageKind expected, MessageReader.Item<T> answer) {
        requireOpen();
        @Nullable FrameChannel reused = takeIdle();
        if (reused != null) {
            try {
                return call(reused, request, expected, answer);
            } catch (IOException e) {
                // The server may have been restarted since; a new connection tells.
                discard(reused);
            }
        }
        FrameChannel connection = connected();
        try {
            return call(connection, request, expected, answer);
        } catch (IOException e) {
            discard(connection);
            throw unavailable(e);
        }
    }

    private <T> T write(byte[] request, MessageKind expected, MessageReader.Item<T> answer) {
        requireOpen();
        if (request.length > Messages.MAX_BYTES) {
            throw new IllegalArgumentException(
                    "a transaction of " + request.length + " bytes; " + uri() + " takes up to " + Messages.MAX_BYTES);
        }
        FrameChannel connection = connectedForSure();
        try {
            return call(connection, request, expected, answer);
        } catch (IOException e) {
            discard(connection);
            requireOpen();
            throw new DatastoreException.UnknownResult(
                    "the server of " + uri() + " did not answer a write: " + e.getMessage(), e);
        }
    }

    private <T> T call(FrameChannel connection, byte[] request, MessageKind expected, MessageReader.Item<T> answer)
            throws IOException {
        connection.send(request, CALL);
        MessageReader in = new MessageReader(connection.receive(CALL, CALL, Messages.MAX_ANSWER_BYTES));
        if (in.kind() == MessageKind.FAILED) {
            RuntimeException failure = Failures.read(in);
            giveBack(connection);
            throw failure;
        }
        if (in.kind() != expected) {
            throw new IOException("an answer of kind " + in.kind() + " instead of " + expected);
        }
        T result = answer.read(in);
        giveBack(connection);
        return result;
    }

    private @Nullable FrameChannel takeIdle() {
        synchronized (lock) {
            return idle.pollLast();
        }
    }

    /** An idle connection that has just answered, or a new one: a stale one would make a write's outcome unknown. */
    private FrameChannel connectedForSure() {
        @Nullable FrameChannel reused = takeIdle();
        if (reused != null) {
            try {
                exchangeHello(reused);
                return reused;
            } catch (IOException e) {
                discard(reused);
            }
        }
        return connected();
    }

    /** A new connection that has been greeted. */
    FrameChannel connected() {
        FrameChannel connection = connect();
        hello(connection);
        return connection;
    }

    private FrameChannel connect() {
        try {
            SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(socket));
            FrameChannel connection = new FrameChannel(channel);
            synchronized (lock) {
                if (!closed) {
                    open.add(connection);
                    return connection;
                }
            }
            connection.close();
            throw closedException();
        } catch (IOException e) {
            if (Files.exists(socket) && !Files.isWritable(socket)) {
                throw new DatastoreException.NotPermitted("only root may connect to " + socket, e);
            }
            throw unavailable(e);
        }
    }

    private String hello(FrameChannel connection) {
        try {
            return exchangeHello(connection);
        } catch (IOException e) {
            discard(connection);
            throw unavailable(e);
        } catch (DatastoreException | IllegalArgumentException e) {
            discard(connection);
            throw e;
        }
    }

    private static String exchangeHello(FrameChannel connection) throws IOException {
        connection.send(
                new MessageWriter(MessageKind.HELLO).number(Messages.VERSION).payload(), CALL);
        MessageReader in = new MessageReader(connection.receive(CALL, CALL, 1 << 16));
        if (in.kind() == MessageKind.FAILED) {
            throw Failures.read(in);
        }
        return in.text();
    }

    private void giveBack(FrameChannel connection) {
        synchronized (lock) {
            if (!closed) {
                idle.addLast(connection);
                return;
            }
        }
        connection.close();
    }

    void discard(FrameChannel connection) {
        synchronized (lock) {
            open.remove(connection);
        }
        connection.close();
    }

    private void requireOpen() {
        synchronized (lock) {
            if (closed) {
                throw closedException();
            }
        }
    }

    private DatastoreException closedException() {
        return new DatastoreException.Closed("the store " + uri() + " was closed");
    }

    DatastoreException unavailable(IOException cause) {
        synchronized (lock) {
            if (closed) {
                return closedException();
            }
        }
        return new DatastoreException.Unavailable(
                "no node daemon answers on " + socket + ": " + cause.getMessage(), cause);
    }

    @Override
    public String toString() {
        return uri();
    }
}
