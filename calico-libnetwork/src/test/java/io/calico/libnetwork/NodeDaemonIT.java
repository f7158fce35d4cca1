package io.calico.libnetwork;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.calico.libnetwork.http.RawClient;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The bundled daemon as its launcher runs it, in a network namespace of its own, and its end by signals. */
@Timeout(180)
class NodeDaemonIT {
    private static final Path CHECKOUT = Path.of("").toAbsolutePath().getParent();

    @TempDir
    Path directory;

    private final List<Process> processes = new ArrayList<>();

    @BeforeEach
    void needsRootAndNft() {
        boolean possible =
                System.getProperty("user.name").equals("root") && Files.isExecutable(Path.of("/usr/sbin/nft"));
        if (Boolean.getBoolean("calico.test.require")) {
            assertThat(possible).as("root and nftables, which this test needs").isTrue();
        }
        Assumptions.assumeTrue(possible, "NodeDaemonIT needs root and nftables; bin/test sets it up");
    }

    @AfterEach
    void endProcesses() {
        processes.forEach(Process::destroyForcibly);
    }

    private Process daemon(String... more) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                "unshare",
                "--net",
                CHECKOUT.resolve("bin/calico-node").toString(),
                "--ip=10.10.0.1",
                "--datastore=sqlite:" + directory.resolve("calico.db"),
                "--plugin-socket=" + socket(),
                "--docker-socket=" + directory.resolve("docker.sock"),
                "--run-dir=" + directory.resolve("run"),
                "--log-dir=" + directory.resolve("log")));
        command.addAll(List.of(more));
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().put("CALICO_HOME", CHECKOUT.toString());
        builder.environment().put("HOSTNAME", "h1");
        builder.environment().put("CALICO_JAVA_OPTS", "-Djava.io.tmpdir=" + Files.createDirectories(temporary()));
        Process process = builder.start();
        processes.add(process);
        return process;
    }

    private Path socket() {
        return directory.resolve("plugins/calico.sock");
    }

    private Path temporary() {
        return directory.resolve("tmp");
    }

    private void awaitReady() {
        await().atMost(Duration.ofSeconds(60))
                .pollInterval(Duration.ofMillis(20))
                .until(() -> Files.exists(directory.resolve("run/node.ready")));
    }

    private static String output(Process process) throws IOException {
        return new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    }

    @Test
    void theDaemonServesUntilItIsToldToEndAndThenEndsWithinTwoSeconds() throws Exception {
        Process daemon = daemon();
        awaitReady();
        try (RawClient engine = new RawClient(socket())) {
            assertThat(engine.call("/Plugin.Activate", "").body())
                    .isEqualTo("{\"Implements\":[\"NetworkDriver\",\"IpamDriver\"]}");
        }
        long start = System.nanoTime();

        daemon.destroy();

        assertThat(daemon.waitFor(2, TimeUnit.SECONDS)).as("ended in time").isTrue();
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(2));
        assertThat(daemon.exitValue()).isEqualTo(143);
        assertThat(directory.resolve("run").toFile().list())
                .contains("node.lock")
                .isSubsetOf("node.lock", "reconcile.lock");
        assertThat(directory.resolve("plugins").toFile().list()).isEmpty();
        assertThat(Files.readString(directory.resolve("log/node.log")))
                .contains("node h1 is ready")
                .doesNotContain("ERROR");
    }

    @Test
    void aKilledDaemonLeavesNothingInTheTemporaryFolderAndItsSuccessorStarts() throws Exception {
        Process first = daemon();
        awaitReady();
        first.destroyForcibly().waitFor();
        Files.delete(directory.resolve("run/node.ready"));

        try (Stream<Path> files = Files.list(temporary())) {
            assertThat(files).as("unpacked libraries").isEmpty();
        }
        daemon();
        awaitReady();
        try (RawClient engine = new RawClient(socket())) {
            assertThat(engine.call("/Plugin.Activate", "").status()).isEqualTo(200);
        }
    }

    @Test
    void aSecondDaemonOfTheHostIsRefused() throws Exception {
        daemon();
        awaitReady();

        Process second = daemon();

        assertThat(output(second)).contains("calico-node: a node daemon runs on this host already");
        assertThat(second.waitFor()).isEqualTo(1);
        try (RawClient engine = new RawClient(socket())) {
            assertThat(engine.call("/Plugin.Activate", "").status()).isEqualTo(200);
        }
    }

    @Test
    void aWrongCommandLineIsToldWithItsExitStatus() throws Exception {
        Process daemon = daemon("--colour=red");

        assertThat(output(daemon)).isEqualTo("calico-node: option --colour is not known\nTry: calico-node --help\n");
        assertThat(daemon.waitFor()).isEqualTo(2);
    }
}
