package io.calico.libnetwork.health;

import io.calico.model.json.BadRecordException;
import io.calico.model.json.ModelJson;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;

/** Asks the running daemon how it is, on its status socket. Stateless but for the path; thread-safe; blocks. */
public final class StatusClient {
    /** The daemon's status, as JSON. */
    public static final String STATUS = "/status";

    /** What it counts, as text for Prometheus. */
    public static final String METRICS = "/metrics";

    /** What its threads do, as text for a developer. */
    public static final String THREADS = "/threads";

    /** More than the daemon takes for a page, even if its datastore does not answer. */
    private static final Duration LIMIT = Duration.ofSeconds(15);

    private static final int MAX_BYTES = 16 << 20;

    private final Path socket;

    /** @param socket {@code status.sock} in the daemon's run directory */
    public StatusClient(Path socket) {
        this.socket = socket;
    }

    /**
     * The daemon's status.
     *
     * @throws IOException if it does not answer, or not in words that we understand
     */
    public NodeStatus status() throws IOException {
        try {
            return ModelJson.read(STATUS, page(STATUS), NodeStatus::fromJson);
        } catch (BadRecordException e) {
            throw new IOException("the daemon's answer cannot be read: " + e.getMessage(), e);
        }
    }

    /**
     * The text of a page.
     *
     * @throws AccessDeniedException if this user may not ask
     * @throws IOException if the daemon does not answer
     */
    public String page(String path) throws IOException {
        if (Files.exists(socket) && !Files.isWritable(socket)) {
            throw new AccessDeniedException(socket.toString(), null, "only root may ask the daemon");
        }
        try (TimedChannel channel = new TimedChannel(SocketChannel.open(StandardProtocolFamily.UNIX), LIMIT)) {
            channel.connect(UnixDomainSocketAddress.of(socket));
            String request = "GET " + path + " HTTP/1.1\r\nHost: calico\r\nConnection: close\r\n\r\n";
            channel.write(ByteBuffer.wrap(request.getBytes(StandardCharsets.US_ASCII)));
            String answer = channel.readAll(MAX_BYTES);
            int body = answer.indexOf("\r\n\r\n");
            if (body < 0 || !answer.startsWith("HTTP/1.1 200 ")) {
                throw new IOException(
                        "the daemon answered: " + answer.lines().findFirst().orElse("nothing"));
            }
            return answer.substring(body + 4);
        }
    }
}
