package io.calico.libnetwork.http;

import java.time.Duration;

/**
 * The server's limits.
 *
 * @param maxBodyBytes largest request body; beyond it 413 and the connection ends
 * @param requestTime how long a request may take to arrive, from its first byte to its last, and an answer to be read
 * @param callTime how long a call may take from its arrival; handlers get it as their deadline
 * @param drainTime how long {@link PluginServer#close} waits for calls in flight
 * @param workers handlers that run at the same time
 * @param queuedCalls calls that may wait for a worker; one more is answered 503
 * @param maxConnections beyond it, the connection that has been idle longest is closed for a new one
 */
public record PluginServerOptions(
        int maxBodyBytes,
        Duration requestTime,
        Duration callTime,
        Duration drainTime,
        int workers,
        int queuedCalls,
        int maxConnections) {

    /** 1 MiB, 10 s, 10 s, 1.2 s, 16 workers, 256 waiting, 512 connections. */
    public static PluginServerOptions defaults() {
        return new PluginServerOptions(
                1 << 20, Duration.ofSeconds(10), Duration.ofSeconds(10), Duration.ofMillis(1200), 16, 256, 512);
    }
}
