package io.calico.ctl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.calico.libnetwork.health.StatusClient;
import io.calico.libnetwork.health.StatusServer;
import io.calico.model.EndpointKey;
import io.calico.model.Node;
import io.calico.model.WorkloadEndpoint;
import io.calico.model.net.IpAddress;
import io.calico.model.net.MacAddress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code node}, {@code node stop} and {@code status}, with a small script for the daemon. */
class NodeCommandTest {
    /** Behaves as the daemon does towards who starts it: writes its pid, says that it is ready, ends on SIGTERM. */
    private static final String DAEMON = """
            #!/bin/sh
            printf '%s\\n' "$@" > "$RUN/arguments"
            echo $$ > "$RUN/node.pid"
            trap 'rm -f "$RUN/node.pid" "$RUN/node.ready"; exit 0' TERM
            touch "$RUN/node.ready"
            while :; do sleep 0.02; done
            """;

    @TempDir
    private Path directory;

    private final Cli cli = new Cli();

    @BeforeEach
    void machine() throws IOException {
        cli.machine.directory = directory;
        daemon(DAEMON);
    }

    private void daemon(String script) throws IOException {
        Path launcher = directory.resolve("bin/calico-node");
        Files.createDirectories(launcher.getParent());
        Files.writeString(launcher, script);
        Files.setPosixFilePermissions(launcher, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    @AfterEach
    void stopDaemon() {
        cli.machine.nodeProcess().stop();
    }

    private long daemonPid() {
        return cli.machine.nodeProcess().running().orElseThrow().pid();
    }

    private List<String> daemonArguments() throws IOException {
        return Files.readAllLines(directory.resolve("run/arguments"));
    }

    private void endpoint() {
        cli.store
                .endpoints()
                .put(
                        new EndpointKey("rack7-n3", "libnetwork", "libnetwork", "e1"),
                        WorkloadEndpoint.builder()
                                .interfaceName("cali0")
                                .mac(MacAddress.parse("ee:ee:ee:ee:ee:ee"))
                                .build());
    }

    @Test
    void nodeIsRegisteredAndItsDaemonStarted() throws IOException {
        Cli.Result result = cli.run("node --libnetwork --ip=10.200.1.3");

        assertThat(result.transcript()).isEqualTo("""
                        Calico node is running with id: %1$s
                        Calico libnetwork driver is running with id: %1$s
                        """.formatted(daemonPid()));
        assertThat(daemonArguments())
                .containsExactly(
                        "--hostname=rack7-n3",
                        "--datastore=memory:",
                        "--ip=10.200.1.3",
                        "--ip6=",
                        "--as=",
                        "--libnetwork=true",
                        "--scope=auto",
                        "--log-dir=" + directory.resolve("log"));
        assertThat(cli.run("pool show").out()).contains("192.168.0.0/16", "fd80:24e2:f998:72d6::/64");
    }

    @Test
    void everythingOfAFirstStartIsWritten() {
        cli.given("node --ip=10.200.1.3 --runtime=none");

        String content = cli.datastore.listAll("/calico/").records().stream()
                .map(record -> record.key() + " " + record.value())
                .filter(line -> !line.contains("last_pool"))
                .collect(Collectors.joining("\n"));
        assertThat(content).isEqualTo("""
                        /calico/bgp/v1/global/as_num 64511
                        /calico/bgp/v1/global/node_mesh {"enabled": true}
                        /calico/bgp/v1/host/rack7-n3/ip_addr_v4 10.200.1.3
                        /calico/bgp/v1/host/rack7-n3/ip_addr_v6\s
                        /calico/v1/Ready true
                        /calico/v1/config/InterfacePrefix cali
                        /calico/v1/config/IpInIpEnabled false
                        /calico/v1/config/LogFilePath none
                        /calico/v1/config/LogSeverityFile none
                        /calico/v1/config/LogSeverityScreen info
                        /calico/v1/host/rack7-n3/bird_ip 10.200.1.3
                        /calico/v1/host/rack7-n3/config/DefaultEndpointToHostAction RETURN
                        /calico/v1/host/rack7-n3/config/marker created
                        /calico/v1/ipam/v4/pool/192.168.0.0-16 {"cidr":"192.168.0.0/16"}
                        /calico/v1/ipam/v6/pool/fd80:24e2:f998:72d6::-64 {"cidr":"fd80:24e2:f998:72d6::/64"}""");
        assertThat(cli.machine.nodeProcess().running()).isEmpty();
    }

    @Test
    void addressIsDetectedIfNoneIsGiven() {
        cli.transcript("""
                $ node --runtime=none
                No IP provided. Using detected IP: 10.200.1.3
                $ node --runtime=none --ip=
                No IP provided. Using detected IP: 10.200.1.3
                """);

        cli.machine.detected = Optional.empty();

        cli.transcript("""
                $ node --runtime=none
                No IPv4 address of this machine found: give one with --ip.
                => 1
                """);
    }

    @Test
    void addressesThatTheMachineDoesNotHaveAreWarnedAbout() {
        cli.machine.addresses.add(IpAddress.parse("fd00::1"));

        cli.transcript("""
                $ node --runtime=none --ip=10.200.1.9 --ip6=fd00::9
                WARNING: Could not confirm that the provided IPv4 address is assigned to this host.
                WARNING: Could not confirm that the provided IPv6 address is assigned to this host.
                $ node --runtime=none --ip=10.200.1.3 --ip6=fd00::1
                WARNING: Hostname 'rack7-n3' is already in use with IP address 10.200.1.9.  If
                that is another host, give this one another name: set HOSTNAME.

                """);
    }

    @Test
    void everyBadValueIsReported() {
        cli.transcript("""
                $ node --ip=aa:bb::cc --ip6=127.0.0.1 --as=65536.0 --detach=perhaps --runtime=lxc --scope=swarm
                Invalid IPv4 address specified with --ip argument.
                Invalid IPv6 address specified with --ip6 argument.
                Invalid AS Number specified.
                Valid values for --detach are 'true' and 'false'
                Runtime must be 'docker', 'rkt' or 'none'.
                Scope must be 'auto', 'local' or 'global'.
                => 1
                $ node --libnetwork --detach=false
                The only valid value for --detach is 'true' when using libnetwork
                => 1
                """);
        assertThat(cli.run("node --libnetwork-image=x").code()).isEqualTo(2);
        assertThat(cli.run("node begin").code()).isEqualTo(2);
        assertThat(cli.datastore.listAll("/calico/").records()).isEmpty();
    }

    @Test
    void imagesAreAcceptedAndIgnored() {
        cli.given("node --runtime=none --node-image=calico/node:v0.16.1 --libnetwork --libnetwork-image=x --ip=");
    }

    @Test
    void addressOfAnotherHostIsRefusedAndNothingIsWritten() {
        cli.store
                .nodes()
                .put(Node.builder()
                        .name("rack7-n4")
                        .ipv4(IpAddress.parse("10.200.1.3"))
                        .build());
        long before = cli.datastore.listAll("/calico/").revision();

        Cli.Result result = cli.run("node --ip=10.200.1.3");

        assertThat(result.code()).isEqualTo(1);
        assertThat(result.out()).startsWith("ERROR: IP address 10.200.1.3 is already in use by host rack7-n4.");
        assertThat(cli.datastore.listAll("/calico/").revision()).isEqualTo(before);
        assertThat(cli.machine.nodeProcess().running()).isEmpty();
    }

    @Test
    void everyRunRewritesAddressesAndAsNumber() {
        cli.given("node --runtime=none --ip=10.200.1.3 --ip6=fd00::1 --as=1.1");
        assertThat(cli.store.nodes().find("rack7-n3"))
                .contains(Node.builder()
                        .name("rack7-n3")
                        .ipv4(IpAddress.parse("10.200.1.3"))
                        .ipv6(IpAddress.parse("fd00::1"))
                        .asNumber(65537L)
                        .build());

        cli.given("node --runtime=none --ip=10.200.1.3");

        assertThat(cli.store.nodes().find("rack7-n3"))
                .contains(Node.builder()
                        .name("rack7-n3")
                        .ipv4(IpAddress.parse("10.200.1.3"))
                        .build());
    }

    @Test
    void runningNodeIsRestarted() {
        cli.given("node --ip=10.200.1.3");
        long first = daemonPid();

        cli.given("node --ip=10.200.1.3");

        assertThat(daemonPid()).isNotEqualTo(first);
        assertThat(ProcessHandle.of(first).filter(ProcessHandle::isAlive)).isEmpty();
    }

    @Test
    void daemonThatDoesNotStartIsAnErrorWithItsLastWords() throws IOException {
        daemon("#!/bin/sh\necho first; echo 'no such kernel' >&2; exit 7\n");

        cli.transcript("""
                $ node --ip=10.200.1.3
                ! Error: the node daemon ended with code 7 while it started.
                !   first
                !   no such kernel
                => 1
                """);
    }

    @Test
    void missingLauncherIsAnErrorThatNamesIt() throws IOException {
        Files.delete(directory.resolve("bin/calico-node"));

        cli.transcript("""
                $ node --ip=10.200.1.3
                ! Error: cannot start the node daemon: there is no program %s/bin/calico-node; set CALICO_HOME to the directory that holds bin/
                => 1
                """.formatted(directory));
    }

    @Test
    void foregroundNodeEndsWithTheDaemon() throws IOException {
        daemon("#!/bin/sh\nexit 0\n");
        assertThat(cli.run("node --ip=10.200.1.3 --detach=false").code()).isZero();

        daemon("#!/bin/sh\nexit 3\n");
        assertThat(cli.run("node --ip=10.200.1.3 --detach=false").code()).isEqualTo(1);
    }

    @Test
    void stoppingEndsTheDaemonAndChangesNoData() {
        cli.given("node --ip=10.200.1.3");
        long before = cli.datastore.listAll("/calico/").revision();

        cli.transcript("""
                $ node stop
                Node stopped
                $ node stop
                Node stopped
                """);
        assertThat(cli.machine.nodeProcess().running()).isEmpty();
        assertThat(cli.datastore.listAll("/calico/").revision()).isEqualTo(before);
    }

    @Test
    void nodeWithEndpointsIsStoppedOnlyByForce() {
        cli.given("node --ip=10.200.1.3");
        endpoint();

        cli.transcript("""
                $ node stop
                Current host has active endpoints so can't be stopped.  Force with --force

                Note that cleaning up after containers is hard while the node is stopped: Docker
                cannot remove them without its plugin.

                => 1
                """);
        assertThat(cli.machine.nodeProcess().running()).isPresent();
        cli.transcript("""
                $ node stop --force
                Stopping the node although this host has active endpoints.

                Node stopped
                """);
        assertThat(cli.machine.nodeProcess().running()).isEmpty();
    }

    @Test
    void runningNodeIsNotRemoved() {
        cli.given("node --ip=10.200.1.3");

        cli.transcript("""
                $ node remove
                The node cannot be removed while it is running.  Stop it first: calicoctl node
                stop

                => 1
                """);
        assertThat(cli.machine.kernelRemovals).isZero();
    }

    @Test
    void processThatOnlyHasThePidOfADeadDaemonIsLeftAlone() throws Exception {
        Process stranger = new ProcessBuilder("sleep", "100").start();
        try {
            Files.createDirectories(directory.resolve("run"));
            Files.writeString(directory.resolve("run/node.pid"), stranger.pid() + "\n");

            cli.given("node stop");

            assertThat(stranger.isAlive()).isTrue();
        } finally {
            stranger.destroyForcibly().waitFor();
        }
    }

    @Test
    void daemonThatDoesNotEndIsKilled() throws IOException {
        daemon(
                "#!/bin/sh\ntrap '' TERM\necho $$ > \"$RUN/node.pid\"\ntouch \"$RUN/node.ready\"\nwhile :; do sleep 0.1; done\n");
        cli.given("node --ip=10.200.1.3");
        ProcessHandle process = cli.machine.nodeProcess().running().orElseThrow();

        cli.machine.nodeProcess().stop(Duration.ofMillis(200));

        await().atMost(Duration.ofSeconds(5)).until(() -> !process.isAlive());
    }

    @Test
    void rootIsNeededExceptInAContainer() {
        cli.machine.root = false;

        cli.transcript("""
                $ node --ip=10.200.1.3
                ! This command must be run as root.
                => 3
                $ node stop
                ! This command must be run as root.
                => 3
                """);
        cli.environment.put("CALICO_CTL_CONTAINER", "yes");
        cli.given("node --ip=10.200.1.3 --runtime=none");
    }

    @Test
    void statusOfAMachineWithoutDaemon() {
        cli.transcript("""
                $ status
                calico-node container not running
                => 1
                $ status --runtime=lxc
                Invalid runtime specified: 'lxc'
                => 1
                """);
    }

    @Test
    void logLevelAndMetricsPortAreHandedToTheDaemonOnlyIfGiven() throws IOException {
        cli.given("node --ip=10.200.1.3 --log-level=debug --metrics-port=9091");
        assertThat(daemonArguments()).contains("--log-level=debug", "--metrics-port=9091");

        cli.given("node --ip=10.200.1.3");
        assertThat(daemonArguments()).noneMatch(argument -> argument.contains("level") || argument.contains("metrics"));

        cli.transcript("""
                $ node --ip=10.200.1.3 --log-level=loud --metrics-port=port
                Log level must be 'debug', 'info', 'warning' or 'error'.
                Invalid port specified with --metrics-port argument.
                => 1
                """);
    }

    /** What a daemon that is well says of itself. */
    private StatusServer status() throws IOException {
        return StatusServer.onSocket(
                cli.machine.nodeProcess().statusSocket(),
                Map.of(
                        StatusClient.STATUS,
                        () -> new StatusServer.Page(200, "application/json", """
                        {"version":"%s","in_sync":true,"since":"","endpoints":1,"datastore":"memory:"}
                        """.formatted(Version.text()))));
    }

    @Test
    void statusOfARunningNode() throws IOException {
        cli.given("node --ip=10.200.1.3");
        cli.machine.now = Optional.of(ProcessHandle.of(daemonPid())
                .orElseThrow()
                .info()
                .startInstant()
                .orElseThrow()
                .plusSeconds(3 * 3600 + 5));

        try (StatusServer running = status()) {
            assertThat(running.port()).isNegative();
            cli.transcript("""
                    $ status
                    calico-node container is running. Status: Up 3 hours
                    Running felix version %s

                    IPv4 BGP status
                    IP: 10.200.1.3    AS Number: 64511 (inherited)

                    IPv6 BGP status
                    No IPv6 address configured.

                    Policy: in force, 1 endpoint
                    Datastore: memory:
                    """.formatted(Version.text()));
        }
    }

    @Test
    void statusTellsADaemonThatIsNotReady() throws IOException {
        cli.given("node --ip=10.200.1.3");
        Files.delete(directory.resolve("run/node.ready"));

        assertThat(cli.run("status").out().lines().findFirst().orElseThrow())
                .startsWith("calico-node container is running. Status: Up ")
                .endsWith(" (not ready)");
    }

    @Test
    void statusShowsTheHostsOwnAsNumberWithoutAMark() {
        cli.given("node --ip=10.200.1.3 --ip6=fd00::1 --as=4294.566");

        assertThat(cli.run("status").out())
                .contains("IP: 10.200.1.3    AS Number: 281412150\n", "IP: fd00::1    AS Number: 281412150\n");
    }

    @Test
    void durationsAreShownInTheirLargestUnit() {
        assertThat(StatusCommand.text(Duration.ZERO)).isEqualTo("Less than a second");
        assertThat(StatusCommand.text(Duration.ofSeconds(1))).isEqualTo("1 second");
        assertThat(StatusCommand.text(Duration.ofSeconds(119))).isEqualTo("1 minute");
        assertThat(StatusCommand.text(Duration.ofHours(47))).isEqualTo("47 hours");
        assertThat(StatusCommand.text(Duration.ofDays(3))).isEqualTo("3 days");
    }
}
