package io.calico.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.AfterParameterizedClassInvocation;
import org.junit.jupiter.params.BeforeParameterizedClassInvocation;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What becomes of containers, and of what is left of them, when engine, daemon or machine end in whatever way and come
 * back. After each test the host must be clean again, by what the reconciler did.
 */
@DockerHosts
@ParameterizedClass(name = "{0}")
@MethodSource("engines")
class RestartsIT {
    private static final boolean LONG = Boolean.getBoolean("calico.test.long");
    /** The reconciler's minute, shortened. */
    private static final int RECONCILE_AFTER_SECONDS = 1;

    private static final Duration SOON = Duration.ofSeconds(60);

    private static VirtualHost host;

    private final Engine engine;

    RestartsIT(Engine engine) {
        this.engine = engine;
    }

    /** In the short run the other engine is restarted, and killed, by the storm. */
    static Stream<Engine> engines() {
        return LONG ? Engine.inThisRun() : Stream.of(Engine.MODERN);
    }

    @BeforeParameterizedClassInvocation
    static void startHost(Engine engine) {
        host = VirtualHost.start(engine.hostNumber(60));
        startDaemon();
        host.startDocker(engine, "--live-restore");
        host.docker("network", "create", "--driver", "calico", "--ipam-driver", "calico", "data-tier");
    }

    @AfterParameterizedClassInvocation
    static void stopHost() {
        host.close();
    }

    private static void startDaemon() {
        calicoctl("node", "--libnetwork", "--ip=" + host.address());
    }

    private static String calicoctl(String... arguments) {
        return host.run(command(arguments));
    }

    private static String[] command(String... arguments) {
        return Stream.concat(
                        Stream.of(
                                "env",
                                "CALICO_RECONCILE_AFTER=" + RECONCILE_AFTER_SECONDS,
                                VirtualHost.CHECKOUT.resolve("bin/calicoctl").toString()),
                        Stream.of(arguments))
                .toArray(String[]::new);
    }

    /** Ends dockerd with that signal and waits until it has ended. */
    private static void endDocker(String signal) {
        String pid = host.run("cat", "/run/docker.pid");
        host.run("kill", "-" + signal, pid);
        await().atMost(SOON).until(() -> !host.exec("kill", "-0", pid).succeeded());
    }

    private static void killDaemon() {
        host.run("sh", "-c", "kill -9 $(cat /run/calico/node.pid)");
    }

    private static boolean isRunning(String container) {
        return host.tryDocker("inspect", "-f", "{{.State.Running}}", container)
                .out()
                .strip()
                .equals("true");
    }

    private static List<String> endpoints() {
        return calicoctl("endpoint", "show", "--detailed")
                .lines()
                .filter(line -> line.startsWith("|") && !line.contains("Hostname"))
                .toList();
    }

    private static List<String> links() {
        return host.run("ip", "-o", "link")
                .lines()
                .filter(line -> line.contains(": cali"))
                .toList();
    }

    private static void assertHolds(int containers) {
        assertThat(endpoints()).as("endpoints").hasSize(containers);
        assertThat(links()).as("interfaces").hasSize(containers);
        assertThat(calicoctl("ipam", "show").lines().filter(line -> line.contains("192.168.0.0/16")))
                .as("addresses in use")
                .singleElement()
                .asString()
                .contains(" " + containers + " (0%) ");
    }

    @AfterEach
    void theReconcilerLeavesAnEmptyHost() {
        host.closeProbes();
        for (String container : host.docker("ps", "-aq").split("\\s+", -1)) {
            if (!container.isEmpty()) {
                host.docker("rm", "-f", container);
            }
        }
        await().atMost(SOON).untilAsserted(() -> assertHolds(0));
        await().atMost(SOON)
                .untilAsserted(() -> assertThat(calicoctl("node", "check")).isEqualTo("Nothing is wrong"));
    }

    @Test
    void containersGoOnWhileALiveRestoreEngineIsKilledAndStarted() {
        Probe client = host.container("client", "data-tier");
        host.container("server", "data-tier").serveTcp(80);
        String server = host.addressOf("server", "data-tier");
        client.startStream(server, 80);

        endDocker("KILL");
        host.startDocker(engine, "--live-restore");
        settle();

        assertHolds(2);
        assertThat(client.tcp(server, 80)).isEqualTo("open");
        Probe.StreamReport report = client.endStream();
        assertThat(report.rounds()).isGreaterThan(100);
        assertThat(host.addressOf("server", "data-tier")).isEqualTo(server);
    }

    @Test
    void aContainerThatRestartsAlwaysIsBackAfterItsEngineWasStoppedWithoutLiveRestore() {
        host.startContainer("server", "data-tier", "--restart", "always");
        host.startContainer("once", "data-tier");

        endDocker("TERM");
        host.startDocker(engine, "--live-restore=false");
        await().atMost(SOON).until(() -> isRunning("server"));
        settle();

        assertHolds(1);
        Probe client = host.container("client", "data-tier");
        host.probe("server").serveTcp(80);
        assertThat(client.tcp(host.addressOf("server", "data-tier"), 80)).isEqualTo("open");
        endDocker("TERM");
        host.startDocker(engine, "--live-restore");
    }

    /** As if the machine had lost its power: processes, kernel state and /run are gone, files are there. */
    @Test
    void afterARebootOnlyContainersThatRestartAreThereAndTheirAddressesAreFree() {
        host.startContainer("server", "data-tier", "--restart", "always");
        host.startContainer("once", "data-tier");
        String oldAddress = host.addressOf("server", "data-tier");

        host.run("sh", "-c", "kill -9 $(cat /run/calico/node.pid) $(cat /run/docker.pid); pkill -9 containerd; exit 0");
        host.run("sh", "-c", "pkill -9 sleep; sleep 0.3; exit 0");
        host.run(
                "sh",
                "-c",
                "for link in $(ip -o link | grep -o ' cali[^@:]*'); do ip link del $link; done;"
                        + " nft flush ruleset; umount -l /run/docker/netns/* 2>/dev/null;"
                        + " rm -rf /run/calico /run/docker /run/docker.pid /run/docker.sock /run/containerd; exit 0");
        startDaemon();
        host.startDocker(engine, "--live-restore");
        await().atMost(SOON).until(() -> isRunning("server"));
        settle();

        assertHolds(1);
        assertThat(host.addressOf("server", "data-tier")).isNotEqualTo(oldAddress);
        host.probe("server").serveTcp(80);
        assertThat(host.container("client", "data-tier").tcp(host.addressOf("server", "data-tier"), 80))
                .isEqualTo("open");
    }

    @Test
    void aSecondDaemonIsRefusedAndDisturbsNothing() {
        Probe client = host.container("client", "data-tier");
        host.container("server", "data-tier").serveTcp(80);
        String server = host.addressOf("server", "data-tier");

        VirtualHost.Result second =
                host.exec(VirtualHost.CHECKOUT.resolve("bin/calico-node").toString(), "--ip=" + host.address());

        assertThat(second.exit()).isEqualTo(1);
        assertThat(second.err()).contains("a node daemon runs on this host already");
        assertThat(client.tcp(server, 80)).isEqualTo("open");
        host.container("third", "data-tier");
        assertHolds(3);
    }

    @Test
    void whatAKilledDaemonMissedIsMendedWhenItIsBack() {
        Probe client = host.container("client", "data-tier");
        host.container("server", "data-tier").serveTcp(80);
        String server = host.addressOf("server", "data-tier");
        client.startStream(server, 80);
        killDaemon();
        host.run("ip", "link", "add", "cali0000000009", "type", "veth", "peer", "name", "peer9");

        VirtualHost.Result repaired = host.exec(command("node", "check", "--repair"));

        assertThat(repaired.exit()).as("%s %s", repaired.out(), repaired.err()).isZero();
        assertThat(repaired.out()).contains("mended: interface cali0000000009 belongs to no endpoint: removed");
        startDaemon();
        settle();
        assertHolds(2);
        assertThat(client.tcp(server, 80)).isEqualTo("open");
        assertThat(client.endStream().rounds()).isGreaterThan(100);
    }

    /** Lets the reconciler look twice and more: what it would wrongly remove is gone then. */
    private static void settle() {
        int before = links().size();
        await().during(Duration.ofSeconds(RECONCILE_AFTER_SECONDS * 3L))
                .atMost(SOON)
                .pollInterval(Duration.ofMillis(500))
                .until(() -> links().size() <= before);
        assertThat(host.run("cat", "/var/log/calico/node.log")).doesNotContain("ERROR");
    }
}
