package io.calico.e2e;

import io.calico.datastore.Datastores;
import io.calico.datastore.spi.Datastore;
import io.calico.datastore.spi.DatastoreException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.Map;
import java.util.stream.Stream;

/** A real etcd of one member, with its data in a directory of its own. */
public final class OneEtcd implements AutoCloseable {
    private static final Duration SOON = Duration.ofSeconds(60);

    private final Path directory;
    private final String authority;
    private final Process process;

    private OneEtcd(Path directory, String authority, Process process) {
        this.directory = directory;
        this.authority = authority;
        this.process = process;
    }

    /**
     * Starts one on a free port and waits until it answers.
     *
     * @param address where its clients find it
     */
    public static OneEtcd start(String address) {
        try {
            Path directory = Files.createTempDirectory("calico-etcd");
            int client = freePort();
            int peer = freePort();
            Process process = new ProcessBuilder(
                            "etcd",
                            "--data-dir=" + directory.resolve("data"),
                            "--unsafe-no-fsync",
                            "--listen-client-urls=http://" + address + ":" + client,
                            "--advertise-client-urls=http://" + address + ":" + client,
                            "--listen-peer-urls=http://127.0.0.1:" + peer,
                            "--initial-advertise-peer-urls=http://127.0.0.1:" + peer,
                            "--initial-cluster=default=http://127.0.0.1:" + peer)
                    .redirectErrorStream(true)
                    .redirectOutput(directory.resolve("log").toFile())
                    .start();
            OneEtcd etcd = new OneEtcd(directory, address + ":" + client, process);
            etcd.awaitAnswer();
            return etcd;
        } catch (IOException e) {
            throw new UncheckedIOException("etcd cannot be started; install it (Debian: etcd-server)", e);
        }
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    private void awaitAnswer() {
        long deadline = System.nanoTime() + SOON.toNanos();
        try (Datastore store = open()) {
            while (true) {
                try {
                    store.get("/calico/v1/Ready");
                    return;
                } catch (DatastoreException.Unavailable e) {
                    if (System.nanoTime() > deadline) {
                        close();
                        throw e;
                    }
                }
            }
        }
    }

    /** As {@code ETCD_AUTHORITY} wants it. */
    public String authority() {
        return authority;
    }

    /** As {@code CALICO_DATASTORE} wants it. */
    public String uri() {
        return "etcd://" + authority;
    }

    /** A client of its own. */
    public Datastore open() {
        return Datastores.open(uri(), Map.of());
    }

    @Override
    public void close() {
        process.destroyForcibly();
        try {
            process.waitFor();
            try (Stream<Path> files = Files.walk(directory)) {
                for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                    Files.delete(file);
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
