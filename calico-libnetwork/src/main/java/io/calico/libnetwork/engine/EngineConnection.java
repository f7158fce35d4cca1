package io.calico.libnetwork.engine;

import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.TimeUnit;

/**
 * One request to a Docker engine over its Unix socket, and the answer as it comes. HTTP/1.1 without keep-alive; bodies
 * with a length, in chunks, or up to the end. Confined to one thread, an interrupt
 * ends its waiting.
 *
 * <p>The JDK's own HTTP client does not speak over Unix sockets, and a blocking channel has no time-out; hence the
 * selector.
 */
final class EngineConnection implements AutoCloseable {
    private static final int MAX_LINE_BYTES = 1 << 20;
    private static final Duration FOREVER = Duration.ofDays(36_500);
    private static final long UNTIL_EOF = Long.MAX_VALUE;

    private final SocketChannel channel;
    private final Selector selector;
    private final SelectionKey key;
    private final ByteBuffer buffer = ByteBuffer.allocate(16 * 1024).limit(0);
    private boolean chunked;
    /** Bytes of the body, or of the current chunk, that are still to come. */
    private long remaining;

    private boolean ended;
    private long deadlineNanos;

    private EngineConnection(SocketChannel channel, Selector selector, SelectionKey key) {
        this.channel = channel;
        this.selector = selector;
        this.key = key;
    }

    /** Connects; a Unix socket does that at once or not at all. */
    static EngineConnection open(Path socket) throws IOException {
        SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
        try {
            channel.connect(UnixDomainSocketAddress.of(socket));
            channel.configureBlocking(false);
            Selector selector = Selector.open();
            SelectionKey key = channel.register(selector, SelectionKey.OP_READ);
            return new EngineConnection(channel, selector, key);
        } catch (IOException e) {
            channel.close();
            throw e;
        }
    }

    /**
     * Sends a GET request and reads the head of the answer.
     *
     * @param target path and query, encoded
     * @param timeout for the head
     * @return the status
     */
    int get(String target, Duration timeout) throws IOException {
        return request("GET", target, "", timeout);
    }

    /**
     * Sends a request and reads the head of the answer.
     *
     * @param target path and query, encoded
     * @param json the body, {@code application/json}; empty: none
     * @param timeout until the head has come
     * @return the status
     */
    int request(String method, String target, String json, Duration timeout) throws IOException {
        byte[] body = json.getBytes(StandardCharsets.UTF_8);
        String head = method + " " + target + " HTTP/1.1\r\nHost: docker\r\nAccept: application/json\r\n"
                + (json.isEmpty() ? "" : "Content-Type: application/json\r\nContent-Length: " + body.length + "\r\n")
                + "Connection: close\r\n\r\n";
        startClock(timeout);
        write(ByteBuffer.wrap(head.getBytes(StandardCharsets.US_ASCII)));
        write(ByteBuffer.wrap(body));
        String statusLine = rawLine();
        String[] parts = statusLine.split(" ", 3);
        if (parts.length < 2 || !parts[0].startsWith("HTTP/1.") || !parts[1].matches("[0-9]{3}")) {
            throw new IOException("the Docker engine answered '" + statusLine + "'");
        }
        readHeaders();
        return Integer.parseInt(parts[1]);
    }

    private void write(ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            if (channel.write(bytes) == 0) {
                await(SelectionKey.OP_WRITE);
            }
        }
    }

    private void readHeaders() throws IOException {
        remaining = UNTIL_EOF;
        for (String line = rawLine(); !line.isEmpty(); line = rawLine()) {
            String header = line.toLowerCase(Locale.ROOT);
            if (header.startsWith("content-length:")) {
                remaining = number(header.substring("content-length:".length()).strip(), 10);
            } else if (header.startsWith("transfer-encoding:") && header.endsWith("chunked")) {
                chunked = true;
            }
        }
        if (chunked) {
            remaining = 0;
        }
    }

    /** The whole body; at most {@code maxBytes}, within that time. */
    String body(int maxBytes, Duration timeout) throws IOException {
        startClock(timeout);
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        for (int b = bodyByte(); b >= 0; b = bodyByte()) {
            if (body.size() >= maxBytes) {
                throw new IOException("the Docker engine's answer is larger than " + maxBytes + " bytes");
            }
            body.write(b);
        }
        return body.toString(StandardCharsets.UTF_8);
    }

    /**
     * The next line of the body, however long it takes to come.
     *
     * @throws EOFException if there is none
     */
    String bodyLine() throws IOException {
        startClock(FOREVER);
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        for (int b = bodyByte(); b != '\n'; b = bodyByte()) {
            if (b < 0) {
                throw new EOFException("the Docker engine ended its answer");
            }
            append(line, b);
        }
        return line.toString(StandardCharsets.UTF_8);
    }

    private static void append(ByteArrayOutputStream line, int b) throws IOException {
        if (line.size() >= MAX_LINE_BYTES) {
            throw new IOException("a line of the Docker engine is longer than " + MAX_LINE_BYTES + " bytes");
        }
        line.write(b);
    }

    /** The next byte of the body, or -1 at its end. */
    private int bodyByte() throws IOException {
        if (chunked && remaining == 0 && !ended) {
            nextChunk();
        }
        if (ended || remaining == 0) {
            return -1;
        }
        int b = rawByte();
        if (b < 0) {
            if (remaining != UNTIL_EOF) {
                throw new EOFException("the Docker engine broke off its answer");
            }
            return -1;
        }
        if (remaining != UNTIL_EOF) {
            remaining--;
        }
        return b;
    }

    private void nextChunk() throws IOException {
        String line = rawLine();
        if (line.isEmpty()) {
            // The line end behind the chunk before.
            line = rawLine();
        }
        int extension = line.indexOf(';');
        remaining = number(extension < 0 ? line : line.substring(0, extension), 16);
        ended = remaining == 0;
    }

    private static long number(String text, int radix) throws IOException {
        try {
            return Long.parseUnsignedLong(text.strip(), radix);
        } catch (NumberFormatException e) {
            throw new IOException("the Docker engine sent '" + text + "' for a length", e);
        }
    }

    private String rawLine() throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        for (int b = rawByte(); b != '\n'; b = rawByte()) {
            if (b < 0) {
                throw new EOFException("the Docker engine closed the connection");
            }
            append(line, b);
        }
        return line.toString(StandardCharsets.UTF_8).stripTrailing();
    }

    private int rawByte() throws IOException {
        while (!buffer.hasRemaining()) {
            buffer.clear();
            int count = channel.read(buffer);
            buffer.flip();
            if (count < 0) {
                return -1;
            }
            if (count == 0) {
                await(SelectionKey.OP_READ);
            }
        }
        return buffer.get() & 0xff;
    }

    private void await(int readiness) throws IOException {
        key.interestOps(readiness);
        long left = deadlineNanos - System.nanoTime();
        if (left <= 0) {
            throw new InterruptedIOException("the Docker engine did not answer in time");
        }
        selector.select(TimeUnit.NANOSECONDS.toMillis(left) + 1);
        selector.selectedKeys().clear();
        if (Thread.currentThread().isInterrupted()) {
            throw new InterruptedIOException("stopped");
        }
    }

    private void startClock(Duration timeout) {
        deadlineNanos = System.nanoTime() + timeout.toNanos();
    }

    @Override
    public void close() throws IOException {
        try {
            channel.close();
        } finally {
            selector.close();
        }
    }
}
