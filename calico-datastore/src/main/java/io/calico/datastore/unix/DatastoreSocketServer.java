package io.calico.datastore.unix;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.calico.datastore.spi.Datastore;
import io.calico.datastore.spi.Lease;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HashSet;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Serves a store on a Unix socket that only its owner may open (mode 0600). A thread for each connection, at most
 * {@value #MAX_CONNECTIONS}: a slow or silent client holds its own thread only, and a frame once begun must end within
 * seconds. Does not close the store. Thread-safe.
 */
public final class DatastoreSocketServer implements AutoCloseable {
    /** Connections at a time; one more is closed at once. */
    static final int MAX_CONNECTIONS = 64;

    private static final Logger LOG = LoggerFactory.getLogger(DatastoreSocketServer.class);

    private final Datastore store;
    private final Path socket;
    /** Leases granted to clients, by id; they go on when their client's connection ends. */
    private final Map<String, Lease> leases = new ConcurrentHashMap<>();

    private final Object lock = new Object();

    @GuardedBy("lock")
    private final Set<ServerConnection> connections = new HashSet<>();

    @GuardedBy("lock")
    private @Nullable ServerSocketChannel listening;

    @GuardedBy("lock")
    private @Nullable Object socketFile;

    @GuardedBy("lock")
    private int accepted;

    /** A server for that store; {@link #start} binds the socket. */
    public DatastoreSocketServer(Datastore store, Path socket) {
        this.store = store;
        this.socket = socket;
    }

    /**
     * Binds the socket and begins to serve. A file of that name is replaced: it is a stale one, for the caller makes sure
     * that one daemon runs on a host.
     *
     * @throws IOException if the socket cannot be bound
     */
    public void start() throws IOException {
        ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        // Under its name only when it has its mode and answers.
        Path temporary = socket.resolveSibling(socket.getFileName() + ".new");
        try {
            Files.deleteIfExists(temporary);
            server.bind(UnixDomainSocketAddress.of(temporary));
            Files.setPosixFilePermissions(temporary, PosixFilePermissions.fromString("rw-------"));
            Files.move(temporary, socket, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            server.close();
            throw e;
        }
        synchronized (lock) {
            listening = server;
            socketFile = fileKey();
        }
        Thread thread = new Thread(() -> acceptAll(server), "calico-datastore-socket-accept-1");
        thread.setDaemon(true);
        thread.start();
    }

    private void acceptAll(ServerSocketChannel server) {
        while (server.isOpen()) {
            try {
                serve(server.accept());
            } catch (ClosedChannelException e) {
                LOG.debug("{} is closed", socket);
            } catch (IOException e) {
                LOG.warn("The datastore socket {} could not accept a connection: {}", socket, e.getMessage());
                pause();
            }
        }
    }

    /** Most likely no file descriptor is left: without a pause this would spin until there is one. */
    private static void pause() {
        try {
            Thread.sleep(100);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Which file is at the socket's path. */
    private @Nullable Object fileKey() throws IOException {
        return Files.readAttributes(socket, BasicFileAttributes.class).fileKey();
    }

    private void serve(SocketChannel channel) throws IOException {
        FrameChannel frames;
        try {
            frames = new FrameChannel(channel);
        } catch (IOException e) {
            LOG.warn("A connection to {} could not be served: {}", socket, e.getMessage());
            channel.close();
            return;
        }
        ServerConnection connection = new ServerConnection(store, frames, leases, this::forget);
        int number;
        synchronized (lock) {
            if (listening == null || connections.size() >= MAX_CONNECTIONS) {
                LOG.warn("A connection to {} is refused: {} are open", socket, connections.size());
                frames.close();
                return;
            }
            connections.add(connection);
            number = ++accepted;
        }
        Thread thread = new Thread(connection::run, "calico-datastore-socket-" + number);
        thread.setDaemon(true);
        thread.start();
    }

    private void forget(ServerConnection ended) {
        synchronized (lock) {
            connections.remove(ended);
        }
    }

    /** Stops listening, removes the socket and ends all connections. Idempotent. */
    @Override
    public void close() {
        @Nullable ServerSocketChannel server;
        @Nullable Object ours;
        Set<ServerConnection> last;
        synchronized (lock) {
            server = listening;
            ours = socketFile;
            listening = null;
            last = Set.copyOf(connections);
        }
        if (server == null) {
            return;
        }
        try {
            server.close();
            // A daemon that was started since may have put its own socket in the place of ours.
            if (Files.exists(socket) && Objects.equals(fileKey(), ours)) {
                Files.deleteIfExists(socket);
            }
        } catch (IOException e) {
            LOG.warn("Closing {}: {}", socket, e.getMessage());
        }
        last.forEach(ServerConnection::close);
    }
}
