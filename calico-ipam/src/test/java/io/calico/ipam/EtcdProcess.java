package io.calico.ipam;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.calico.datastore.Datastores;
import io.calico.datastore.spi.Datastore;
import io.calico.datastore.spi.DatastoreException;
import java.io.File;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.stream.Stream;
import org.awaitility.Awaitility;

/** A real etcd of one member, on ports of 127.0.0.1 that were free. */
final class EtcdProcess implements AutoCloseable {
    private final Process process;
    private final String uri;

    private EtcdProcess(Process process, String uri) {
        this.process = process;
        this.uri = uri;
    }

    /** Starts one; the test is skipped where etcd is not installed, and fails if it is required there. */
    static EtcdProcess start(Path directory) throws IOException {
        boolean installed = Stream.of(System.getenv().getOrDefault("PATH", "").split(File.pathSeparator))
                .anyMatch(entry -> Files.isExecutable(Path.of(entry, "etcd")));
        if (Boolean.getBoolean("calico.test.require")) {
            assertThat(installed).as("etcd is installed (Debian: etcd-server)").isTrue();
        }
        assumeTrue(installed, "there is no etcd in PATH (Debian: etcd-server)");
        int client = freePort();
        int peer = freePort();
        Process process = new ProcessBuilder(
                        "etcd",
                        "--name=one",
                        "--data-dir=" + directory.resolve("etcd"),
                        "--listen-client-urls=http://127.0.0.1:" + client,
                        "--advertise-client-urls=http://127.0.0.1:" + client,
                        "--listen-peer-urls=http://127.0.0.1:" + peer,
                        "--initial-advertise-peer-urls=http://127.0.0.1:" + peer,
                        "--initial-cluster=one=http://127.0.0.1:" + peer)
                .redirectErrorStream(true)
                .redirectOutput(directory.resolve("etcd.log").toFile())
                .start();
        Runtime.getRuntime().addShutdownHook(new Thread(process::destroyForcibly));
        String uri = "etcd://127.0.0.1:" + client;
        awaitAnswer(uri, process);
        return new EtcdProcess(process, uri);
    }

    /** A call waits for five seconds; on a busy machine etcd, and the first call of a process, take longer to start. */
    private static void awaitAnswer(String uri, Process process) {
        try (Datastore store = Datastores.open(uri)) {
            Awaitility.await("etcd answers").atMost(Duration.ofMinutes(1)).until(() -> {
                assertThat(process.isAlive()).as("etcd runs").isTrue();
                try {
                    return store.get("/calico/none").isEmpty();
                } catch (DatastoreException.Unavailable e) {
                    return false;
                }
            });
        }
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    String uri() {
        return uri;
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }
}
