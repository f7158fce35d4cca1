package io.calico.datastore.unix;

import java.io.EOFException;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ClosedSelectorException;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.time.Duration;

/**
 * Frames over a socket, each sent and received within a time limit. One thread at a time may send and one may receive;
 * {@link #close} may be called by any. An interrupt ends a wait with {@link InterruptedIOException}; the flag stays set.
 */
final class FrameChannel implements AutoCloseable {
    /** No time limit. */
    static final Duration FOREVER = Duration.ofDays(10_000);

    private static final int LENGTH_BYTES = 4;

    private final SocketChannel channel;
    private final Selector readSelector;
    private final Selector writeSelector;
    private final ByteBuffer length = ByteBuffer.allocate(LENGTH_BYTES);

    FrameChannel(SocketChannel channel) throws IOException {
        this.channel = channel;
        channel.configureBlocking(false);
        readSelector = Selector.open();
        try {
            writeSelector = Selector.open();
        } catch (IOException e) {
            readSelector.close();
            throw e;
        }
        channel.register(readSelector, SelectionKey.OP_READ);
        channel.register(writeSelector, SelectionKey.OP_WRITE);
    }

    /** Sends a whole frame. */
    void send(byte[] payload, Duration limit) throws IOException {
        ByteBuffer frame = ByteBuffer.allocate(LENGTH_BYTES + payload.length);
        frame.putInt(payload.length).put(payload).flip();
        long deadline = deadline(limit);
        while (true) {
            channel.write(frame);
            if (!frame.hasRemaining()) {
                return;
            }
            await(writeSelector, deadline);
        }
    }

    /**
     * Receives a whole frame.
     *
     * @param begin how long to wait for its first byte
     * @param rest how long, from then, for the rest
     * @param maxBytes a larger frame is refused
     * @throws EOFException if the other side closed the connection before the frame's first byte
     */
    byte[] receive(Duration begin, Duration rest, int maxBytes) throws IOException {
        length.clear();
        fill(length, deadline(begin), Fill.AT_LEAST_ONE_BYTE);
        long deadline = deadline(rest);
        fill(length, deadline, Fill.WHOLE);
        int count = length.getInt(0);
        if (count < 1 || count > maxBytes) {
            throw new IOException("a frame of " + count + " bytes; 1 to " + maxBytes + " are allowed");
        }
        ByteBuffer payload = ByteBuffer.allocate(count);
        fill(payload, deadline, Fill.WHOLE);
        return payload.array();
    }

    private enum Fill {
        AT_LEAST_ONE_BYTE,
        WHOLE
    }

    /** Reads until the buffer is full, or has the first byte of a frame: where there is none, the other side may go. */
    private void fill(ByteBuffer buffer, long deadline, Fill goal) throws IOException {
        while (buffer.hasRemaining()) {
            int count = channel.read(buffer);
            if (count < 0) {
                if (goal == Fill.AT_LEAST_ONE_BYTE) {
                    throw new EOFException("the other side closed the connection");
                }
                throw new IOException("the other side closed the connection within a frame");
            }
            if (goal == Fill.AT_LEAST_ONE_BYTE && buffer.position() > 0) {
                return;
            }
            if (count == 0) {
                await(readSelector, deadline);
            }
        }
    }

    private static long deadline(Duration limit) {
        return System.nanoTime() + limit.toNanos();
    }

    private static void await(Selector selector, long deadline) throws IOException {
        long millis = (deadline - System.nanoTime()) / 1_000_000;
        if (millis < 0) {
            throw new IOException("no answer in time");
        }
        try {
            selector.select(millis + 1);
            selector.selectedKeys().clear();
        } catch (ClosedSelectorException e) {
            // Closed by another thread, as the javadoc allows.
            throw (IOException) new ClosedChannelException().initCause(e);
        }
        if (Thread.currentThread().isInterrupted()) {
            throw new InterruptedIOException("interrupted");
        }
    }

    @Override
    public void close() {
        closeQuietly(channel);
        closeQuietly(readSelector);
        closeQuietly(writeSelector);
    }

    private static void closeQuietly(AutoCloseable closeable) {
        try {
            closeable.close();
        } catch (Exception e) {
            // Nothing is lost: the connection is of no more use either way.
        }
    }
}
