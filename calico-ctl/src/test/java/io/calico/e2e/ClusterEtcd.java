package io.calico.e2e;

import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * A real etcd on the machine that the virtual hosts stand on, with the v2 API that engines with a cluster store speak. Its
 * data lies in memory where that is possible: etcd answers a write only when the disk has it.
 */
final class ClusterEtcd implements AutoCloseable {
    /** The machine, as the virtual hosts see it; there is such an address as long as one of them is up. */
    static final String MACHINE = "10.10.0.254";

    private static final Duration SOON = Duration.ofSeconds(20);
    /** Of the only member; as in the guide. */
    private static final int ONLY_PORT = 2379;
    /** Of the first of several, which may run beside an only one. */
    private static final int FIRST_PORT = 3379;

    private static final int PORT_STEP = 100;

    private final Path directory = newDirectory();
    private final int size;
    private final int firstPort;
    private final List<Process> members = new ArrayList<>();

    private ClusterEtcd(int size, int firstPort) {
        this.size = size;
        this.firstPort = firstPort;
    }

    /** A new cluster that answers; an only member listens on port 2379, several on 3379, 3479 and so on. */
    static ClusterEtcd start(int size) {
        return startOn(firstPort(size), size);
    }

    /** A new only member that answers, on a port of the caller's: classes of tests run at the same time. */
    static ClusterEtcd startOn(int port) {
        return startOn(port, 1);
    }

    private static ClusterEtcd startOn(int port, int size) {
        ClusterEtcd etcd = new ClusterEtcd(size, port);
        etcd.startAll();
        return etcd;
    }

    private static Path newDirectory() {
        Path memory = Path.of("/dev/shm");
        try {
            return Files.isWritable(memory)
                    ? Files.createTempDirectory(memory, "calico-e2e-etcd")
                    : Files.createTempDirectory("calico-e2e-etcd");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static int firstPort(int size) {
        return size == 1 ? ONLY_PORT : FIRST_PORT;
    }

    private int port(int member) {
        return firstPort + member * PORT_STEP;
    }

    private String peer(int member) {
        return "http://127.0.0.1:" + (port(member) + 1);
    }

    private Process begin(int member) {
        String client = "http://" + MACHINE + ":" + port(member);
        List<String> command = List.of(
                "etcd",
                "--name=m" + member,
                "--data-dir=" + directory.resolve("m" + member),
                "--listen-client-urls=" + client,
                "--advertise-client-urls=" + client,
                "--listen-peer-urls=" + peer(member),
                "--initial-advertise-peer-urls=" + peer(member),
                "--initial-cluster="
                        + IntStream.range(0, size)
                                .mapToObj(i -> "m" + i + "=" + peer(i))
                                .collect(Collectors.joining(",")),
                "--enable-v2",
                "--logger=zap",
                "--log-level=warn");
        try {
            Process process = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.appendTo(
                            directory.resolve("m" + member + ".log").toFile()))
                    .start();
            Runtime.getRuntime().addShutdownHook(new Thread(process::destroyForcibly));
            return process;
        } catch (IOException e) {
            throw new UncheckedIOException("etcd cannot be started; install it (Debian: etcd-server)", e);
        }
    }

    /** Starts every member, on the data that is there; returns when they answer. */
    void startAll() {
        members.clear();
        IntStream.range(0, size).mapToObj(this::begin).forEach(members::add);
        awaitHealth();
    }

    /** Until all members answer a linearizable read, and so know what the others know. */
    private void awaitHealth() {
        await().atMost(SOON)
                .pollInterval(Duration.ofMillis(20))
                .until(() -> tryEtcdctl("endpoint", "health").succeeded());
    }

    /** As a power failure would. */
    void killAll() {
        IntStream.range(0, size).forEach(this::kill);
    }

    /** As a power failure of one machine would. */
    void kill(int member) {
        Process process = members.get(member);
        process.destroyForcibly();
        try {
            if (!process.waitFor(20, TimeUnit.SECONDS)) {
                throw new AssertionError("etcd " + process.pid() + " does not end");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }

    /** Has it keep its connections and answer nothing. */
    void freeze() {
        signal("STOP");
    }

    void thaw() {
        signal("CONT");
    }

    private void signal(String name) {
        for (Process member : members) {
            VirtualHost.must(
                    VirtualHost.execute(List.of("kill", "-" + name, Long.toString(member.pid())), SOON),
                    "kill " + name);
        }
    }

    /** Which member leads: writes that it has not yet passed on are lost with it, and for a second there is no other. */
    int leader() {
        for (JsonNode member : EngineView.read(etcdctl("endpoint", "status", "--write-out=json"))) {
            JsonNode status = member.get("Status");
            if (status.get("leader")
                    .asText()
                    .equals(status.get("header").get("member_id").asText())) {
                String endpoint = member.get("Endpoint").asText();
                int port = Integer.parseInt(endpoint.substring(endpoint.lastIndexOf(':') + 1));
                return (port - firstPort) / PORT_STEP;
            }
        }
        throw new AssertionError("no member of etcd leads");
    }

    /** Starts a member that was killed; returns when another one may die. */
    void startAgain(int member) {
        members.set(member, begin(member));
        awaitHealth();
    }

    /** What the guide calls {@code ETCD_AUTHORITY}: the only member. */
    static String authority() {
        return MACHINE + ":" + ONLY_PORT;
    }

    /** The members of a cluster of that size, for {@code CALICO_DATASTORE}. */
    static String uri(int size) {
        return "etcd://" + addresses(size, firstPort(size));
    }

    private static String addresses(int size, int firstPort) {
        return IntStream.range(0, size)
                .mapToObj(i -> MACHINE + ":" + (firstPort + i * PORT_STEP))
                .collect(Collectors.joining(","));
    }

    /** All keys of ours. */
    List<String> keys() {
        return etcdctl("get", "/calico/", "--prefix", "--keys-only")
                .lines()
                .filter(line -> !line.isBlank())
                .toList();
    }

    /** Forgets all versions but the newest. */
    void compact() {
        String status = etcdctl("get", "/calico/v1/Ready", "--write-out=json");
        String revision = String.valueOf(
                EngineView.read(status).get("header").get("revision").asLong());
        etcdctl("compact", revision);
    }

    String etcdctl(String... arguments) {
        return VirtualHost.must(tryEtcdctl(arguments), "etcdctl " + String.join(" ", arguments));
    }

    private VirtualHost.Result tryEtcdctl(String... arguments) {
        List<String> command = new ArrayList<>(
                List.of("env", "ETCDCTL_API=3", "etcdctl", "--endpoints=" + addresses(size, firstPort)));
        command.addAll(List.of(arguments));
        return VirtualHost.execute(command, SOON);
    }

    @Override
    public void close() {
        killAll();
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
