package io.calico.libnetwork.health;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A very small HTTP server: GET, a few pages, one request for each connection, which then ends. It shares nothing with the
 * plugin's server, so that it answers when that does not. One thread waits for connections, each connection has one while it
 * lasts; at most {@value #MAX_CONNECTIONS} at a time, each for {@value #SECONDS} seconds at most. Thread-safe.
 */
public final class StatusServer implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(StatusServer.class);
    /** More are closed at once. */
    static final int MAX_CONNECTIONS = 8;
    /** From its first byte to the last of its answer. */
    static final int SECONDS = 10;

    private static final int MAX_REQUEST = 8192;

    /** What is answered for a path. */
    public record Page(int status, String contentType, String text) {
        /** A text for people. */
        public static Page plain(int status, String text) {
            return new Page(status, "text/plain; charset=utf-8", text);
        }
    }

    private final Map<String, Supplier<Page>> pages;
    private final ServerSocketChannel listening;
    private final String name;
    private final Optional<Path> file;
    private final ThreadPoolExecutor workers;

    private StatusServer(
            Map<String, Supplier<Page>> pages, ServerSocketChannel listening, String name, Optional<Path> file) {
        this.pages = Map.copyOf(pages);
        this.listening = listening;
        this.name = name;
        this.file = file;
        AtomicInteger number = new AtomicInteger();
        this.workers =
                new ThreadPoolExecutor(0, MAX_CONNECTIONS, 1, TimeUnit.SECONDS, new SynchronousQueue<>(), task -> {
                    Thread thread = new Thread(task, "calico-status-" + number.incrementAndGet());
                    thread.setDaemon(true);
                    return thread;
                });
    }

    /**
     * Serves on a Unix socket that only its owner may open (mode 0600). A file of that name is replaced: the caller makes
     * sure that one daemon uses the directory.
     *
     * @param pages by path; called on the server's threads, may block
     * @throws IOException if the socket cannot be bound
     */
    public static StatusServer onSocket(Path socket, Map<String, Supplier<Page>> pages) throws IOException {
        ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
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
        return started(new StatusServer(pages, server, socket.toString(), Optional.of(socket)));
    }

    /**
     * Serves on the loopback interface, to every user of this machine.
     *
     * @param port 0: any free one, see {@link #port}
     * @param pages by path; called on the server's threads, may block
     * @throws IOException if the port cannot be bound
     */
    public static StatusServer onLoopback(int port, Map<String, Supplier<Page>> pages) throws IOException {
        ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.INET);
        try {
            server.setOption(StandardSocketOptions.SO_REUSEADDR, true);
            server.bind(new InetSocketAddress(InetAddress.getByAddress(new byte[] {127, 0, 0, 1}), port));
            return started(new StatusServer(pages, server, String.valueOf(server.getLocalAddress()), Optional.empty()));
        } catch (IOException e) {
            server.close();
            throw e;
        }
    }

    private static StatusServer started(StatusServer server) {
        Thread thread = new Thread(server::acceptAll, "calico-status-accept-1");
        thread.setDaemon(true);
        thread.start();
        return server;
    }

    /** The port that it listens on; -1 for a Unix socket. */
    public int port() {
        try {
            return listening.getLocalAddress() instanceof InetSocketAddress address ? address.getPort() : -1;
        } catch (IOException e) {
            return -1;
        }
    }

    private void acceptAll() {
        while (listening.isOpen()) {
            try {
                serve(listening.accept());
            } catch (IOException e) {
                if (listening.isOpen()) {
                    LOG.warn("{} could not accept a connection: {}", name, e.getMessage());
                    pause();
                }
            }
        }
    }

    /** Most likely no file descriptor is left: without a pause this would spin until there is one. */
    private static void pause() {
        try {
            TimeUnit.MILLISECONDS.sleep(100);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void serve(SocketChannel client) throws IOException {
        try {
            workers.execute(() -> answer(client));
        } catch (RejectedExecutionException e) {
            LOG.debug("{}: too many connections", name);
            client.close();
        }
    }

    private void answer(SocketChannel client) {
        try (TimedChannel channel = new TimedChannel(client, Duration.ofSeconds(SECONDS))) {
            ByteBuffer request = ByteBuffer.allocate(MAX_REQUEST);
            Optional<String> head = head(channel, request);
            if (head.isPresent()) {
                channel.write(response(head.get()));
                channel.endOutput();
                drain(channel, request);
            }
        } catch (IOException e) {
            LOG.debug("{}: a client's connection ends: {}", name, e.getMessage());
        } catch (RuntimeException e) {
            LOG.error("{}: a page could not be made", name, e);
        }
    }

    /** The request's lines up to the empty one; as far as they go, if there are too many; empty if the client went. */
    private static Optional<String> head(TimedChannel channel, ByteBuffer request) throws IOException {
        while (request.hasRemaining()) {
            if (channel.read(request) < 0) {
                return Optional.empty();
            }
            String text = StandardCharsets.ISO_8859_1
                    .decode(request.duplicate().flip())
                    .toString();
            if (text.contains("\r\n\r\n") || text.contains("\n\n")) {
                return Optional.of(text);
            }
        }
        return Optional.of("");
    }

    /** Unread bytes at a close would reset the connection, and with it the answer. */
    private static void drain(TimedChannel channel, ByteBuffer scratch) throws IOException {
        for (int reads = 0; reads < 64; reads++) {
            scratch.clear();
            if (channel.read(scratch) < 0) {
                return;
            }
        }
    }

    private ByteBuffer response(String head) {
        String[] words = head.split("\\R", 2)[0].split(" ", -1);
        boolean readable = words.length == 3 && words[2].startsWith("HTTP/1.");
        Page page;
        if (!readable) {
            page = Page.plain(400, "not an HTTP request\n");
        } else if (!words[0].equals("GET") && !words[0].equals("HEAD")) {
            page = Page.plain(405, "only GET\n");
        } else {
            Supplier<Page> found = pages.get(words[1].split("\\?", 2)[0]);
            page = found == null ? Page.plain(404, "no such page\n") : found.get();
        }
        byte[] body = page.text().getBytes(StandardCharsets.UTF_8);
        byte[] start = ("HTTP/1.1 " + page.status() + (page.status() == 200 ? " OK" : " Not OK") + "\r\nContent-Type: "
                        + page.contentType() + "\r\nContent-Length: " + body.length
                        + "\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n")
                .getBytes(StandardCharsets.ISO_8859_1);
        boolean withBody = !words[0].equals("HEAD");
        ByteBuffer bytes =
                ByteBuffer.allocate(start.length + (withBody ? body.length : 0)).put(start);
        return (withBody ? bytes.put(body) : bytes).flip();
    }

    /** Stops listening and removes the socket's file; answers that are being written are finished. Idempotent. */
    @Override
    public void close() {
        if (!listening.isOpen()) {
            return;
        }
        try {
            listening.close();
            if (file.isPresent()) {
                Files.deleteIfExists(file.get());
            }
        } catch (IOException e) {
            LOG.debug("closing {}", name, e);
        }
        workers.shutdown();
    }
}
