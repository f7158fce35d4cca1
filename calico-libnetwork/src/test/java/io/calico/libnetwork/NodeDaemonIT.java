package io.calico.libnetwork;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.calico.libnetwork.health.StatusClient;
import io.calico.libnetwork.hostile.HostileCalls;
import io.calico.libnetwork.http.RawClient;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The bundled daemon as its launcher runs it, in a network namespace of its own, and its end by signals. */
@Timeout(180)
class NodeDaemonIT {
    private static final int HOSTILE_CALLS = Boolean.getBoolean("calico.test.long") ? 50_000 : 1_000;
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
        return daemon(List.of(), more);
    }

    /** The daemon; the first words are a program and arguments that run its command line. */
    private Process daemon(List<String> first, String... more) throws IOException {
        List<String> command = new ArrayList<>(first);
        command.addAll(List.of(
                "unshare",
                "--net",
                CHECKOUT.resolve("bin/calico-node").toString(),
                "--ip=10.10.0.1",
                "--datastore=sqlite:" + directory.resolve("calico.db"),
                "--plugin-socket=" + socket(),
                "--docker-socket=" + directory.resolve("docker.sock"),
                "--run-dir=" + directory.resolve("run")));
        if (Stream.of(more).noneMatch(option -> option.startsWith("--log-dir="))) {
            command.add("--log-dir=" + directory.resolve("log"));
        }
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

    @ParameterizedTest
    @ValueSource(strings = {"000", "077"})
    void filesAndSocketsHaveTheirModesWhateverTheUmaskIs(String umask) throws Exception {
        daemon(List.of("sh", "-c", "umask " + umask + "; exec \"$@\"", "sh"));
        awaitReady();

        assertThat(modes())
                .containsEntry("run", "rwxr-xr-x")
                .containsEntry("run/node.pid", "rw-r--r--")
                .containsEntry("run/node.ready", "rw-r--r--")
                .containsEntry("run/node.lock", "rw-------")
                .containsEntry("run/datastore.sock", "rw-------")
                .containsEntry("run/status.sock", "rw-------")
                .containsEntry("plugins", "rwx------")
                .containsEntry("plugins/calico.sock", "rw-------")
                .containsEntry("plugins/calico-ipam.sock", "rw-------")
                .containsEntry("calico.db", "rw-------")
                .containsEntry("calico.db.notice", "rwx------")
                .containsEntry("log", "rwx------")
                .containsEntry("log/node.log", "rw-------")
                .allSatisfy((file, mode) -> assertThat(mode).as(file).matches("......[r-]-[x-]"));
    }

    private Map<String, String> modes() throws IOException {
        Map<String, String> modes = new TreeMap<>();
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file : files.filter(f -> !f.equals(directory) && !f.startsWith(temporary()))
                    .toList()) {
                modes.put(
                        directory.relativize(file).toString(),
                        PosixFilePermissions.toString(Files.getPosixFilePermissions(file)));
            }
        }
        return modes;
    }

    @Test
    void hostileCallsAreAnsweredAndLeaveAReadableLog() throws Exception {
        long seed = Long.getLong("calico.test.seed", System.nanoTime());
        System.out.println("NodeDaemonIT: seed " + seed + " (repeat it with -Dcalico.test.seed=" + seed + ")");
        Process daemon = daemon();
        awaitReady();

        new HostileCalls(socket(), new Random(seed), "seed " + seed).makeAll(HOSTILE_CALLS);

        assertThat(daemon.isAlive()).isTrue();
        try (RawClient engine = new RawClient(socket())) {
            assertThat(engine.call("/Plugin.Activate", "").status()).isEqualTo(200);
        }
        assertThat(new StatusClient(directory.resolve("run/status.sock"))
                        .status()
                        .problems())
                // After a minute the reconciler tells of addresses that such a call has asked for; without an engine it
                // frees none.
                .allSatisfy(
                        problem -> assertThat(problem.text()).endsWith("assigned to this host and no endpoint has it"));
        try (Stream<String> log = Files.lines(directory.resolve("log/node.log"))) {
            assertThat(log)
                    .allSatisfy(
                            line -> assertThat(line)
                                    .matches(
                                            "\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}\\S+ (INFO |WARN ) \\S+ \\[\\S+\\]: \\P{Cntrl}{1,4500}"));
        }
    }

    @Test
    void whyItCouldNotStartIsKeptUntilItDoes() throws Exception {
        Files.createDirectories(directory.resolve("plugins/calico.sock"));
        Process refused = daemon();
        assertThat(output(refused)).contains("there is a directory of that name");
        assertThat(refused.waitFor()).isEqualTo(1);
        assertThat(directory.resolve("run/node.failed")).content().contains("there is a directory of that name");

        Files.delete(directory.resolve("plugins/calico.sock"));
        daemon();
        awaitReady();
        await().atMost(Duration.ofSeconds(10)).until(() -> !Files.exists(directory.resolve("run/node.failed")));
    }

    @Test
    void underSystemdTheJournalGetsTheLogWithSeverities() throws Exception {
        Path journal = directory.resolve("journal");
        // The identity that systemd would give: that of the stream which the daemon finds as standard error.
        Process daemon = daemon(
                List.of(
                        "sh",
                        "-c",
                        "exec 2>" + journal
                                + "; JOURNAL_STREAM=$(stat -L -c %d:%i /proc/self/fd/2); export JOURNAL_STREAM; "
                                + "exec \"$@\"",
                        "sh"),
                "--log-level=debug",
                "--log-dir=");
        awaitReady();
        daemon.destroy();
        daemon.waitFor();

        assertThat(Files.readAllLines(journal))
                .allMatch(line -> line.matches("<[3467]>.*|\\s.*"))
                .anyMatch(line -> line.startsWith("<6>CalicoNode [main]: node h1 is ready"))
                .anyMatch(line -> line.startsWith("<7>"));
    }

    @Test
    void aWrongCommandLineIsToldWithItsExitStatus() throws Exception {
        Process daemon = daemon("--colour=red");

        assertThat(output(daemon)).isEqualTo("calico-node: option --colour is not known\nTry: calico-node --help\n");
        assertThat(daemon.waitFor()).isEqualTo(2);
    }
}
