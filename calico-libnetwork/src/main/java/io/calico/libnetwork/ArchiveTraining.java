package io.calico.libnetwork;

import io.calico.dataplane.linux.netlink.RtNetlink;
import io.calico.dataplane.recording.RecordingDataplane;
import io.calico.datastore.etcd.EtcdTraining;
import io.calico.model.net.IpAddress;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.URISyntaxException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.jar.JarFile;
import java.util.stream.Stream;

/**
 * Runs a node on a scratch datastore and a dataplane that only remembers, and makes an engine's calls to it, so that a
 * class-data archive made of this process holds the classes that the daemon loads. The launcher runs it once, with {@code
 * -XX:ArchiveClassesAtExit}. Changes nothing on the host. With the argument {@code etcd} it is for a host whose datastore is
 * etcd; others do not pay for those classes.
 */
final class ArchiveTraining {
    private static final String NETWORK = "a".repeat(64);
    private static final String ENDPOINT = "b".repeat(64);
    private static final List<List<String>> CALLS = List.of(
            List.of("/Plugin.Activate", ""),
            List.of("/NetworkDriver.GetCapabilities", ""),
            List.of("/IpamDriver.RequestPool", "{\"Pool\":\"\",\"V6\":false}"),
            List.of(
                    "/NetworkDriver.CreateNetwork",
                    "{\"NetworkID\":\"" + NETWORK + "\",\"IPv4Data\":[{\"Pool\":\"0.0.0.0/0\"}]}"),
            List.of("/IpamDriver.RequestAddress", "{\"PoolID\":\"CalicoPoolIPv4\",\"Address\":\"\"}"),
            List.of(
                    "/NetworkDriver.CreateEndpoint",
                    "{\"NetworkID\":\"" + NETWORK + "\",\"EndpointID\":\"" + ENDPOINT
                            + "\",\"Interface\":{\"Address\":\"192.168.0.0/32\"}}"),
            List.of(
                    "/NetworkDriver.Join",
                    "{\"NetworkID\":\"" + NETWORK + "\",\"EndpointID\":\"" + ENDPOINT + "\",\"SandboxKey\":\"/s\"}"),
            List.of(
                    "/NetworkDriver.DeleteEndpoint",
                    "{\"NetworkID\":\"" + NETWORK + "\",\"EndpointID\":\"" + ENDPOINT + "\"}"),
            List.of("/IpamDriver.ReleaseAddress", "{\"PoolID\":\"CalicoPoolIPv4\",\"Address\":\"192.168.0.0\"}"),
            List.of("/NetworkDriver.DeleteNetwork", "{\"NetworkID\":\"" + NETWORK + "\"}"),
            List.of("/NetworkDriver.DeleteNetwork", "{"));

    private ArchiveTraining() {}

    public static void main(String[] arguments) throws Exception {
        Path scratch = Files.createTempDirectory("calico-node");
        try {
            System.setProperty("calico.log.directory", scratch.toString());
            System.setProperty("calico.log.to", "file");
            boolean etcd = List.of(arguments).contains("etcd");
            loadOwnClasses(etcd);
            readLinks();
            if (etcd) {
                useEtcd();
            }
            runNode(scratch);
        } finally {
            deleteAll(scratch);
        }
    }

    private static void runNode(Path scratch) throws Exception {
        NodeOptions options = NodeOptions.builder()
                .host("training")
                .ipv4(IpAddress.parse("192.0.2.1"))
                .datastore("sqlite:" + scratch.resolve("calico.db"))
                .pluginSocket(scratch.resolve("calico.sock"))
                .dockerSocket(scratch.resolve("docker.sock"))
                .runDirectory(scratch)
                .build();
        try (CalicoNode node = new CalicoNode(options, Map.of(), addresses -> new RecordingDataplane())) {
            node.start();
            for (List<String> call : CALLS) {
                call(options.pluginSocket(), call.get(0), call.get(1));
            }
        }
    }

    private static void call(Path socket, String path, String body) throws IOException {
        try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            channel.connect(UnixDomainSocketAddress.of(socket));
            String request = "POST " + path + " HTTP/1.1\r\nHost: \r\nConnection: close\r\nContent-Length: "
                    + body.length() + "\r\n\r\n" + body;
            channel.write(ByteBuffer.wrap(request.getBytes(StandardCharsets.US_ASCII)));
            ByteBuffer answer = ByteBuffer.allocate(4096);
            while (channel.read(answer) >= 0 && answer.hasRemaining()) {
                // To the end.
            }
        }
    }

    /** What a shared datastore needs. */
    private static void useEtcd() throws InterruptedException {
        try {
            EtcdTraining.run();
        } catch (IOException | RuntimeException e) {
            System.err.println("without etcd: " + e);
        }
    }

    /** What the kernel side needs; without the rights for it, the archive just holds a little less. */
    private static void readLinks() {
        try (RtNetlink netlink = RtNetlink.open()) {
            netlink.links();
        } catch (RuntimeException e) {
            System.err.println("without netlink: " + e);
        }
    }

    /** The classes that only a real host uses are not met above. */
    private static void loadOwnClasses(boolean etcd) throws IOException, URISyntaxException, ClassNotFoundException {
        Path jar = Path.of(ArchiveTraining.class
                .getProtectionDomain()
                .getCodeSource()
                .getLocation()
                .toURI());
        if (!Files.isRegularFile(jar)) {
            return;
        }
        try (JarFile classes = new JarFile(jar.toFile())) {
            List<String> names = classes.stream()
                    .map(entry -> entry.getName())
                    .filter(name -> name.startsWith("io/calico/") && name.endsWith(".class"))
                    .filter(name -> etcd || !name.startsWith("io/calico/datastore/etcd/"))
                    .filter(name -> !name.contains("/testkit/") && !name.contains("package-info"))
                    .map(name -> name.substring(0, name.length() - 6).replace('/', '.'))
                    .toList();
            for (String name : names) {
                Class.forName(name, false, ArchiveTraining.class.getClassLoader());
            }
        }
    }

    private static void deleteAll(Path directory) throws IOException {
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        }
    }
}
