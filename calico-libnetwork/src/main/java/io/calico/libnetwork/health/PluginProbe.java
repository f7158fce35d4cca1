package io.calico.libnetwork.health;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/** Asks the plugin's own socket something that needs no worker, as an engine would find it. Stateless. */
final class PluginProbe {
    private static final Duration LIMIT = Duration.ofSeconds(1);

    /** A method that no call takes: the answer is 405, made without a call, and is not logged. */
    private static final String REQUEST = "OPTIONS /Plugin.Activate HTTP/1.1\r\nHost: \r\nConnection: close\r\n\r\n";

    private PluginProbe() {}

    /** Why an engine would get no answer; empty if it would. */
    static Optional<String> whyNot(Path socket) {
        try (TimedChannel channel = new TimedChannel(SocketChannel.open(StandardProtocolFamily.UNIX), LIMIT)) {
            channel.connect(UnixDomainSocketAddress.of(socket));
            channel.write(ByteBuffer.wrap(REQUEST.getBytes(StandardCharsets.US_ASCII)));
            String answer = channel.readAll(4096);
            return answer.startsWith("HTTP/1.1 405")
                    ? Optional.empty()
                    : Optional.of(socket + " belongs to another program");
        } catch (IOException e) {
            return Optional.of(socket + ": " + e.getMessage());
        }
    }
}
