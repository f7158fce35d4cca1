package io.calico.libnetwork.http;

import io.netty.channel.Channel;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * The open connections of a server. Confined to the server's one event loop, but for {@link #awaitEnd}.
 *
 * <p>An engine keeps connections for many minutes and may use any of them next, so none is closed for being idle, until
 * there are too many.
 */
@SuppressWarnings("FutureReturnValueIgnored") // a connection whose close fails is gone as well
final class Connections {
    private final int max;
    private final Map<Channel, ConnectionHandler> open = new LinkedHashMap<>();
    private final CountDownLatch ended = new CountDownLatch(1);
    private boolean draining;
    private boolean accepting = true;

    Connections(int max) {
        this.max = max;
    }

    void add(Channel channel, ConnectionHandler handler) {
        if (open.size() >= max) {
            // If every connection is at work, the new one has to come again: that is an error the engine repeats.
            longestIdle().ifPresentOrElse(Channel::close, channel::close);
        }
        open.put(channel, handler);
        if (draining) {
            handler.closeAfterNextAnswer();
        }
        channel.closeFuture().addListener(closed -> {
            open.remove(channel);
            if (!accepting) {
                endIfEmpty();
            }
        });
    }

    private Optional<Channel> longestIdle() {
        return open.entrySet().stream()
                .filter(entry -> entry.getValue().isIdle())
                .min(Comparator.comparingLong(entry -> entry.getValue().idleSince()))
                .map(Map.Entry::getKey);
    }

    /** Lets every connection end as soon as nothing is lost by it. */
    void drain() {
        draining = true;
        List.copyOf(open.entrySet()).forEach(entry -> entry.getValue().drain(entry.getKey()));
    }

    /** To be called when no connection can come any more: the end is when the last one has closed. */
    void endIfEmpty() {
        accepting = false;
        if (open.isEmpty()) {
            ended.countDown();
        }
    }

    /** Waits until the last connection has closed; false if it has not by then. Any thread but the event loop. */
    boolean awaitEnd(long nanoTime) {
        try {
            return ended.await(nanoTime - System.nanoTime(), TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }
}
