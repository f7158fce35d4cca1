package io.calico.libnetwork.health;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(60)
class StatusServerTest {
    @TempDir
    private Path directory;

    private final CountDownLatch gate = new CountDownLatch(1);
    private StatusServer server;

    @BeforeEach
    void start() throws IOException {
        server = StatusServer.onLoopback(
                0, Map.of("/page", () -> StatusServer.Page.plain(200, "text\n"), "/slow", () -> {
                    try {
                        gate.await();
                    } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                    }
                    return StatusServer.Page.plain(200, "late\n");
                }));
    }

    @AfterEach
    void stop() {
        gate.countDown();
        server.close();
    }

    private SocketChannel connected() throws IOException {
        return SocketChannel.open(new InetSocketAddress(InetAddress.getLoopbackAddress(), server.port()));
    }

    private String answer(String request) throws IOException {
        return answer(request.getBytes(StandardCharsets.ISO_8859_1));
    }

    private String answer(byte[] request) throws IOException {
        try (TimedChannel channel = new TimedChannel(connected(), Duration.ofSeconds(20))) {
            channel.write(ByteBuffer.wrap(request));
            channel.endOutput();
            return channel.readAll(1 << 20);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "GET /page HTTP/1.1, 200",
        "GET /page?x=1 HTTP/1.0, 200",
        "HEAD /page HTTP/1.1, 200",
        "POST /page HTTP/1.1, 405",
        "GET /other HTTP/1.1, 404",
        "GET /../page HTTP/1.1, 404",
        "GET /page, 400",
        "hello, 400"
    })
    void aRequestLineHasItsStatus(String line, int status) throws IOException {
        assertThat(answer(line + "\r\nHost: x\r\n\r\n")).startsWith("HTTP/1.1 " + status + " ");
    }

    @Test
    void aHeadRequestIsAnsweredWithoutThePage() throws IOException {
        assertThat(answer("HEAD /page HTTP/1.1\r\n\r\n"))
                .contains("Content-Length: 5\r\n")
                .endsWith("\r\n\r\n");
    }

    @Test
    void onlyTheLoopbackInterfaceIsServed() throws IOException {
        List<InetSocketAddress> others = NetworkInterface.networkInterfaces()
                .flatMap(NetworkInterface::inetAddresses)
                .filter(address -> !address.isLoopbackAddress() && !address.isLinkLocalAddress())
                .map(address -> new InetSocketAddress(address, server.port()))
                .toList();

        assertThat(others)
                .allSatisfy(address ->
                        assertThatThrownBy(() -> SocketChannel.open(address)).isInstanceOf(IOException.class));
        assertThat(answer("GET /page HTTP/1.1\r\n\r\n")).endsWith("\r\n\r\ntext\n");
    }

    @Test
    void garbageEndsItsConnectionAndNoOther() throws IOException {
        Random random = new Random(17);
        for (int i = 0; i < 300; i++) {
            byte[] garbage = new byte[random.nextInt(20_000)];
            random.nextBytes(garbage);
            try {
                answer(garbage);
            } catch (IOException e) {
                assertThat(e.getMessage()).as("garbage %d", i).doesNotContain("no answer in time");
            }
        }

        assertThat(answer("GET /page HTTP/1.1\r\n\r\n")).startsWith("HTTP/1.1 200 ");
    }

    @Test
    void moreConnectionsThanAreServedAreClosedAndThePlaceOfOneThatEndsIsFree() throws IOException {
        List<SocketChannel> waiting = new ArrayList<>();
        for (int i = 0; i < StatusServer.MAX_CONNECTIONS; i++) {
            SocketChannel client = connected();
            client.write(ByteBuffer.wrap("GET /slow HTTP/1.1\r\n\r\n".getBytes(StandardCharsets.US_ASCII)));
            waiting.add(client);
        }
        await().atMost(Duration.ofSeconds(10)).until(() -> refused());

        for (SocketChannel client : waiting) {
            client.close();
        }
        gate.countDown();

        await().atMost(Duration.ofSeconds(20)).until(() -> !refused());
    }

    private boolean refused() {
        try {
            return !answer("GET /page HTTP/1.1\r\n\r\n").startsWith("HTTP/1.1 200 ");
        } catch (IOException reset) {
            return true;
        }
    }

    @Test
    void theSocketIsForItsOwnerOnlyAndGoneAfterTheEnd() throws IOException {
        Path socket = directory.resolve("status.sock");
        Files.writeString(socket, "stale");
        StatusServer onSocket =
                StatusServer.onSocket(socket, Map.of("/page", () -> StatusServer.Page.plain(200, "text\n")));

        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(socket)))
                .isEqualTo("rw-------");
        assertThat(new StatusClient(socket).page("/page")).isEqualTo("text\n");
        assertThatThrownBy(() -> new StatusClient(socket).page("/other")).hasMessageContaining("404");

        onSocket.close();
        assertThat(directory.toFile().list()).isEmpty();
        assertThatThrownBy(() -> new StatusClient(socket).page("/page")).isInstanceOf(IOException.class);
    }
}
