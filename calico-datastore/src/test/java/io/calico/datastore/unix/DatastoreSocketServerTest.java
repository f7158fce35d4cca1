package io.calico.datastore.unix;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.calico.datastore.memory.MemoryDatastore;
import io.calico.datastore.spi.DatastoreException;
import io.calico.datastore.spi.KeyValue;
import io.calico.datastore.spi.Transaction;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class DatastoreSocketServerTest {
    @TempDir
    Path directory;

    private final MemoryDatastore content = new MemoryDatastore();
    private Path socket;
    private DatastoreSocketServer server;
    private UnixDatastore client;

    @BeforeEach
    void start() throws IOException {
        socket = directory.resolve("datastore.sock");
        server = new DatastoreSocketServer(content, socket);
        server.start();
        client = new UnixDatastore(socket);
    }

    @AfterEach
    void stop() {
        client.close();
        server.close();
        content.close();
    }

    private static Transaction put(String value) {
        return Transaction.builder().put("/t/a", value).build();
    }

    @Test
    void socketIsForItsOwnerOnly() throws IOException {
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(socket)))
                .isEqualTo("rw-------");
    }

    @Test
    void staleSocketIsReplacedAndOursIsRemovedAtTheEnd() throws IOException {
        server.close();
        assertThat(socket).doesNotExist();
        try (ServerSocketChannel dead = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            dead.bind(UnixDomainSocketAddress.of(socket));
        }

        try (DatastoreSocketServer second = new DatastoreSocketServer(content, socket)) {
            second.start();

            assertThat(client.get("/t/a")).isEmpty();
        }
        assertThat(directory).isEmptyDirectory();
    }

    @Test
    void socketOfANewerServerIsLeftAlone() throws IOException {
        try (DatastoreSocketServer newer = new DatastoreSocketServer(content, socket)) {
            newer.start();

            server.close();

            assertThat(client.get("/t/a")).isEmpty();
            assertThat(socket).exists();
        }
    }

    @Test
    void transactionTooLargeForARequestIsRefusedBeforeItIsSent() {
        Transaction.Builder large = Transaction.builder();
        for (int i = 0; i < 20; i++) {
            large.put("/t/" + i, "x".repeat(1_000_000));
        }

        assertThatThrownBy(() -> client.commit(large.build()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("takes up to 16777216");
        assertThat(content.listAll("/t/").records()).isEmpty();
    }

    @Test
    void servedUriIsThatOfTheStore() {
        assertThat(client.originUri()).isEqualTo("memory:");
        assertThat(client.uri()).isEqualTo("unix:" + socket);
    }

    @Test
    void callsWithoutAServerAreUnavailable() {
        server.close();

        assertThatThrownBy(() -> client.get("/t/a"))
                .isInstanceOf(DatastoreException.Unavailable.class)
                .hasMessageContaining(socket.toString());
        assertThatThrownBy(() -> client.commit(put("1"))).isInstanceOf(DatastoreException.Unavailable.class);
    }

    @Test
    void clientGoesOnWhenTheServerIsRestarted() throws IOException {
        client.commit(put("1"));
        server.close();
        try (DatastoreSocketServer second = new DatastoreSocketServer(content, socket)) {
            second.start();

            assertThat(client.get("/t/a").map(KeyValue::value)).contains("1");
            assertThat(client.commit(put("2")).committed()).isTrue();
        }
    }

    @Test
    void commitWhoseAnswerIsLostIsTold() throws Exception {
        server.close();
        try (ServerSocketChannel rude = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            rude.bind(UnixDomainSocketAddress.of(socket));
            Thread thread = new Thread(() -> greetAndHangUp(rude));
            thread.start();

            assertThatThrownBy(() -> client.commit(put("1"))).isInstanceOf(DatastoreException.UnknownResult.class);
            thread.join();
        }
    }

    private static void greetAndHangUp(ServerSocketChannel server) {
        try (FrameChannel frames = new FrameChannel(server.accept())) {
            frames.receive(FrameChannel.FOREVER, FrameChannel.FOREVER, 100);
            frames.send(new MessageWriter(MessageKind.VALUE).text("memory:").payload(), FrameChannel.FOREVER);
            frames.receive(FrameChannel.FOREVER, FrameChannel.FOREVER, 1000);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void garbageEndsItsOwnConnectionOnly() throws IOException {
        Random random = new Random(7);
        for (int i = 0; i < 300; i++) {
            byte[] payload = new byte[1 + random.nextInt(40)];
            random.nextBytes(payload);
            // Often a kind that exists, so that its fields are what is wrong.
            payload[0] = (byte) (i % 3 == 0 ? payload[0] : i % 10);
            try (SocketChannel raw = SocketChannel.open(UnixDomainSocketAddress.of(socket))) {
                raw.write(ByteBuffer.allocate(4 + payload.length)
                        .putInt(payload.length)
                        .put(payload)
                        .flip());
            }
        }

        assertThat(client.commit(put("1")).committed()).isTrue();
        assertThat(content.listAll("/").records()).hasSize(1);
    }

    @Test
    void hugeFrameIsRefusedBeforeItIsRead() throws IOException {
        try (SocketChannel raw = SocketChannel.open(UnixDomainSocketAddress.of(socket))) {
            raw.write(ByteBuffer.allocate(4).putInt(Integer.MAX_VALUE).flip());

            assertThat(raw.read(ByteBuffer.allocate(1))).isEqualTo(-1);
        }
    }

    @Test
    void silentClientsDoNotKeepOthersOutAndTooManyAreTurnedAway() throws IOException {
        List<SocketChannel> silent = new ArrayList<>();
        try {
            for (int i = 0; i < DatastoreSocketServer.MAX_CONNECTIONS - 1; i++) {
                SocketChannel half = SocketChannel.open(UnixDomainSocketAddress.of(socket));
                half.write(ByteBuffer.wrap(new byte[] {0, 0}));
                silent.add(half);
            }
            assertThat(client.commit(put("1")).committed()).isTrue();

            try (SocketChannel oneTooMany = SocketChannel.open(UnixDomainSocketAddress.of(socket))) {
                assertThat(oneTooMany.read(ByteBuffer.allocate(1))).isEqualTo(-1);
            }
        } finally {
            for (SocketChannel half : silent) {
                half.close();
            }
        }
    }

    @Test
    void pageLargerThanAFrameComesInParts() {
        String large = "x".repeat(900_000);
        for (int i = 0; i < 12; i++) {
            content.commit(Transaction.builder().put("/t/" + i, large).build());
        }

        assertThat(client.listAll("/t/").records()).hasSize(12);
    }
}
