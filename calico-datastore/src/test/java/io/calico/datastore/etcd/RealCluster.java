package io.calico.datastore.etcd;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** Members of a new cluster on free ports, and the directory they write to. */
final class RealCluster implements AutoCloseable {
    private final Path directory;
    private final String scheme;
    private final List<EtcdServer> members = new ArrayList<>();

    private RealCluster(Path directory, String scheme) {
        this.directory = directory;
        this.scheme = scheme;
    }

    /** Without encryption; {@code more} are arguments of each member. */
    static RealCluster start(int size, String... more) {
        return start(size, "http", more);
    }

    /** {@code scheme} is {@code http} or {@code https}. */
    static RealCluster start(int size, String scheme, String... more) {
        RealCluster cluster = new RealCluster(newDirectory(), scheme.equals("https") ? "etcds" : "etcd");
        List<Integer> ports = freePorts(2 * size);
        List<String> peers = IntStream.range(0, size)
                .mapToObj(i -> "m" + i + "=http://127.0.0.1:" + ports.get(size + i))
                .toList();
        for (int i = 0; i < size; i++) {
            String client = scheme + "://127.0.0.1:" + ports.get(i);
            String peer = "http://127.0.0.1:" + ports.get(size + i);
            List<String> command = new ArrayList<>(List.of(
                    "etcd",
                    "--name=m" + i,
                    "--data-dir=" + cluster.directory.resolve("m" + i),
                    "--listen-client-urls=" + client,
                    "--advertise-client-urls=" + client,
                    "--listen-peer-urls=" + peer,
                    "--initial-advertise-peer-urls=" + peer,
                    "--initial-cluster=" + String.join(",", peers),
                    "--logger=zap",
                    "--log-level=warn"));
            command.addAll(List.of(more));
            EtcdServer member = new EtcdServer(command, cluster.directory, ports.get(i));
            member.start();
            cluster.members.add(member);
        }
        return cluster;
    }

    /**
     * In memory where there is such a file system: most tests are about what etcd answers, and it answers a write only
     * when the disk has. This etcd has no switch for that.
     */
    private static Path newDirectory() {
        Path memory = Path.of("/dev/shm");
        try {
            return Files.isWritable(memory)
                    ? Files.createTempDirectory(memory, "calico-etcd-test")
                    : Files.createTempDirectory("calico-etcd-test");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static List<Integer> freePorts(int count) {
        List<ServerSocket> sockets = new ArrayList<>();
        try {
            for (int i = 0; i < count; i++) {
                sockets.add(new ServerSocket(0, 1, InetAddress.getLoopbackAddress()));
            }
            List<Integer> ports =
                    sockets.stream().map(ServerSocket::getLocalPort).toList();
            for (ServerSocket socket : sockets) {
                socket.close();
            }
            return ports;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    List<EtcdServer> members() {
        return members;
    }

    /** The store of all members. */
    String uri() {
        return scheme + "://"
                + String.join(",", members.stream().map(EtcdServer::endpoint).toList());
    }

    @Override
    public void close() {
        members.forEach(EtcdServer::close);
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
