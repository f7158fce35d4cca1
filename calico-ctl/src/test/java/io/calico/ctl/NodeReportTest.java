package io.calico.ctl;

import static org.assertj.core.api.Assertions.assertThat;

import io.calico.ipam.AssignRequest;
import io.calico.ipam.BlockAllocator;
import io.calico.libnetwork.health.StatusClient;
import io.calico.libnetwork.health.StatusServer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code status} of a daemon that says how it is, on a real socket. */
class NodeReportTest {
    private static final String WELL = """
            {"version":"9.9.9","host":"rack7-n3","in_sync":true,"since":"2026-01-01T00:00:00Z","endpoints":3,"revision":17,
            "datastore":"sqlite:/var/lib/calico/calico.db","plugin_socket":"/run/docker/plugins/calico.sock",
            "engine":{"socket":"/var/run/docker.sock","state":"answers"},"problems":[],"of_a_newer_daemon":[1]}
            """;

    @TempDir
    private Path directory;

    private final Cli cli = new Cli();
    private volatile String answer = WELL;
    private StatusServer daemon;

    @BeforeEach
    void daemon() throws IOException {
        cli.machine.directory = directory;
        cli.machine.now = Optional.of(Instant.parse("2026-01-01T02:00:00Z"));
        Files.createDirectories(directory.resolve("run"));
        daemon = StatusServer.onSocket(
                directory.resolve("run/status.sock"),
                Map.of(StatusClient.STATUS, () -> new StatusServer.Page(200, "application/json", answer)));
        cli.given("pool add 10.1.0.0/24");
    }

    @AfterEach
    void stop() {
        daemon.close();
    }

    private Cli.Result report() {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        PrintStream stream = new PrintStream(out, true, StandardCharsets.UTF_8);
        Session session = new Session(
                new Session.Invocation(
                        Map.of(),
                        InputStream.nullInputStream(),
                        new Console(stream, stream),
                        cli.machine,
                        (uri, env) -> cli.datastore.newClient()),
                new Arguments(Map.of(), Set.of(), Map.of()),
                new CommandSyntax(new StatusCommand()));
        try (session) {
            int code = NodeReport.ask(session).print().code();
            return new Cli.Result(code, out.toString(StandardCharsets.UTF_8), "");
        }
    }

    @Test
    void aNodeThatIsWellIsToldInFewLinesAndEndsWithZero() {
        assertThat(report().transcript()).isEqualTo("""
                Policy: in force since 2 hours, 3 endpoints
                Datastore: sqlite:/var/lib/calico/calico.db
                Docker plugin: /run/docker/plugins/calico.sock
                Docker engine: /var/run/docker.sock
                """);
    }

    @Test
    void aProblemIsToldWithWhatToDoAndEndsWithOne() {
        answer = WELL.replace("\"in_sync\":true", "\"in_sync\":false")
                .replace("answers", "silent")
                .replace(
                        "\"problems\":[]",
                        "\"problems\":[{\"problem\":\"nft is missing\",\"remedy\":\"apt install nftables\",\"blocking\":true}]");

        assertThat(report().transcript()).isEqualTo("""
                Policy: NOT IN FORCE since 2 hours, 3 endpoints
                Datastore: sqlite:/var/lib/calico/calico.db
                Docker plugin: /run/docker/plugins/calico.sock
                Docker engine: /var/run/docker.sock (silent)

                Problem: nft is missing
                  To do: apt install nftables
                => 1
                """);
    }

    @Test
    void aPoolThatIsNearlyFullIsAProblem() {
        cli.given("pool remove 10.1.0.0/24", "pool add 10.1.0.0/26");
        BlockAllocator allocator = new BlockAllocator(cli.datastore, "rack7-n3");
        allocator.autoAssign(AssignRequest.builder().num4(57).build());
        assertThat(report().code()).isZero();

        allocator.autoAssign(AssignRequest.builder().num4(1).build());
        assertThat(report().out())
                .contains("Problem: pool 10.1.0.0/26 is nearly full: 58 of 64 addresses are in use\n");
        allocator.autoAssign(AssignRequest.builder().num4(6).build());

        assertThat(report().out()).contains("Problem: pool 10.1.0.0/26 is full: 64 of 64 addresses are in use\n");
    }

    @Test
    void aDaemonThatDoesNotTellIsAProblem() {
        daemon.close();

        Cli.Result result = report();

        assertThat(result.code()).isEqualTo(1);
        assertThat(result.out()).contains("Problem: the daemon does not tell how it is: ", "calicoctl node");
    }

    @Test
    void anAnswerThatIsNoStatusIsAProblem() {
        answer = "[".repeat(5000);

        assertThat(report().out())
                .contains("Problem: the daemon does not tell how it is: the daemon's answer cannot be read");
    }

    @Test
    void whyTheLastStartFailedIsTold() throws IOException {
        Files.writeString(directory.resolve("run/node.failed"), "2026-01-01T00:00:00Z no IPv4 address found\n");

        cli.transcript("""
                $ status
                calico-node container not running
                ! The last start failed at 2026-01-01T00:00:00Z: no IPv4 address found
                ! When that is mended, start it again: calicoctl node …
                => 1
                """);
    }
}
