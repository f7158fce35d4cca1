package io.calico.datastore.unix;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.calico.datastore.memory.MemoryDatastore;
import io.calico.datastore.spi.KeyValue;
import io.calico.datastore.spi.ListRequest;
import io.calico.datastore.spi.Transaction;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Frames that no client sends: each connection ends or is answered, and those of others go on. */
class HostileFramesIT {
    private static final int CONNECTIONS = Boolean.getBoolean("calico.test.long") ? 200_000 : 5_000;

    private static final List<byte[]> MESSAGES = List.of(
            new MessageWriter(MessageKind.HELLO).number(Messages.VERSION).payload(),
            new MessageWriter(MessageKind.GET).text("/t/a").payload(),
            Messages.list(new ListRequest("/t/", Optional.of("/t/a"), 0, 10)),
            Messages.commit(Transaction.builder()
                    .ifAbsent("/t/x")
                    .put("/t/x", "value")
                    .delete("/t/y")
                    .build()),
            new MessageWriter(MessageKind.WATCH).text("/t/").number(0).payload(),
            new MessageWriter(MessageKind.LEASE_GRANT).number(60_000).payload(),
            new MessageWriter(MessageKind.LEASE_KEEP_ALIVE).text("1").payload(),
            new MessageWriter(MessageKind.LEASE_END).text("1").payload(),
            new MessageWriter(MessageKind.PAGE).number(1).payload());

    @TempDir
    private Path directory;

    @Test
    @Timeout(value = 1, unit = TimeUnit.HOURS)
    void everyConnectionEndsAndTheStoreHoldsOnlyWhatAStoreMayHold() throws Exception {
        long seed = Long.getLong("calico.test.seed", System.nanoTime());
        System.out.println("HostileFramesIT: seed " + seed + " (repeat it with -Dcalico.test.seed=" + seed + ")");
        Random random = new Random(seed);
        Path socket = directory.resolve("datastore.sock");
        try (MemoryDatastore store = new MemoryDatastore();
                DatastoreSocketServer server = new DatastoreSocketServer(store, socket);
                UnixDatastore client = new UnixDatastore(socket)) {
            server.start();
            client.commit(Transaction.builder().put("/t/a", "good").build());
            int answered = 0;
            for (int i = 0; i < CONNECTIONS; i++) {
                byte[] bytes = bytes(random);
                answered += exchange(socket, bytes, "seed " + seed + ", connection " + i) > 0 ? 1 : 0;
            }

            assertThat(answered).as("connections that were answered").isGreaterThan(CONNECTIONS / 10);
            assertThat(client.get("/t/a").map(KeyValue::value)).isPresent();
            assertThat(store.list(new ListRequest("/", Optional.empty(), 0, Integer.MAX_VALUE))
                            .records())
                    .allSatisfy(
                            record -> assertThat(record.key()).startsWith("/").doesNotContain("\0", "//"));
            await().atMost(Duration.ofSeconds(20))
                    .untilAsserted(() ->
                            assertThat(threads()).as("threads of connections").isLessThanOrEqualTo(2));
        }
    }

    private static long threads() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().matches("calico-datastore-socket-\\d+"))
                .count();
    }

    private static byte[] bytes(Random random) {
        ByteBuffer all = ByteBuffer.allocate(64 * 1024);
        for (int frames = 1 + random.nextInt(3); frames > 0; frames--) {
            byte[] payload = damaged(MESSAGES.get(random.nextInt(MESSAGES.size())), random);
            all.putInt(
                    switch (random.nextInt(12)) {
                        case 0 -> random.nextInt();
                        case 1 -> payload.length + random.nextInt(5) - 2;
                        case 2 -> 0;
                        case 3 -> Messages.MAX_BYTES;
                        default -> payload.length;
                    });
            all.put(payload);
        }
        int end = random.nextInt(6) == 0 ? random.nextInt(all.position() + 1) : all.position();
        return Arrays.copyOf(all.array(), end);
    }

    private static byte[] damaged(byte[] good, Random random) {
        byte[] bytes = good.clone();
        switch (random.nextInt(5)) {
            case 0 -> {
                return bytes;
            }
            case 1 -> bytes = Arrays.copyOf(bytes, random.nextInt(bytes.length + 1));
            case 2 -> bytes = Arrays.copyOf(bytes, bytes.length + random.nextInt(20));
            default -> {
                for (int changes = 1 + random.nextInt(4); changes > 0; changes--) {
                    bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
                }
            }
        }
        return bytes;
    }

    /** Sends all, ends the sending side, reads to the end; how many bytes were answered. */
    private static long exchange(Path socket, byte[] bytes, String what) throws IOException {
        long start = System.nanoTime();
        long count = 0;
        try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            channel.connect(UnixDomainSocketAddress.of(socket));
            try {
                ByteBuffer all = ByteBuffer.wrap(bytes);
                while (all.hasRemaining()) {
                    channel.write(all);
                }
                channel.shutdownOutput();
                ByteBuffer buffer = ByteBuffer.allocate(8192);
                for (int read = channel.read(buffer); read >= 0; read = channel.read(buffer)) {
                    count += read;
                    buffer.clear();
                }
            } catch (IOException e) {
                // The server has ended the connection: that is an answer, too.
            }
        }
        assertThat(System.nanoTime() - start).as(what).isLessThan(15_000_000_000L);
        return count;
    }
}
