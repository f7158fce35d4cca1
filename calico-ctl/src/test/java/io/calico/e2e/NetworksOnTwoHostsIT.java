package io.calico.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * Networks that a user makes or removes on one of two hosts, whose engines know nothing of each other, and what becomes of
 * them on the other. After each test neither host has any, and nothing of them is stored.
 */
@DockerHosts
class NetworksOnTwoHostsIT {
    private static final Duration SOON = Duration.ofSeconds(30);
    private static final int ETCD_PORT = 4379;
    private static final String ENDPOINTS = "ETCD_ENDPOINTS=http://" + ClusterEtcd.MACHINE + ":" + ETCD_PORT;

    private static VirtualHost one;
    private static VirtualHost two;
    private static ClusterEtcd etcd;

    @BeforeAll
    static void startHosts() {
        one = VirtualHost.start(45);
        two = VirtualHost.start(46);
        etcd = ClusterEtcd.startOn(ETCD_PORT);
        for (VirtualHost host : List.of(one, two)) {
            startDaemon(host);
            host.startDocker(Engine.MODERN);
        }
    }

    @AfterAll
    static void stopHosts() {
        one.close();
        two.close();
        etcd.close();
    }

    private static VirtualHost.Result tryCalicoctl(VirtualHost host, String... arguments) {
        return host.exec(Stream.concat(
                        Stream.of(
                                "env",
                                ENDPOINTS,
                                VirtualHost.CHECKOUT.resolve("bin/calicoctl").toString()),
                        Stream.of(arguments))
                .toArray(String[]::new));
    }

    private static String calicoctl(VirtualHost host, String... arguments) {
        VirtualHost.Result result = tryCalicoctl(host, arguments);
        assertThat(result.exit()).as("%s %s", result.out(), result.err()).isZero();
        return result.out();
    }

    private static void startDaemon(VirtualHost host) {
        calicoctl(host, "node", "--libnetwork", "--ip=" + host.address());
    }

    private static ConditionFactory soon() {
        return await().atMost(SOON).pollInterval(Duration.ofMillis(100));
    }

    private static String create(VirtualHost host, String name) {
        return host.docker("network", "create", "--driver", "calico", "--ipam-driver", "calico", name);
    }

    private static List<String> networks(VirtualHost host) {
        return host.docker("network", "ls", "--filter", "driver=calico", "--format", "{{.Name}}")
                .lines()
                .toList();
    }

    private static String idOf(VirtualHost host, String network) {
        return host.docker("network", "inspect", "-f", "{{.Id}}", network);
    }

    private static String original(VirtualHost host, String network) {
        return host.docker("network", "inspect", "-f", "{{index .Options \"io.calico.network\"}}", network);
    }

    private static String problems(VirtualHost host) {
        return tryCalicoctl(host, "status").out();
    }

    private static void bothHave(String... names) {
        for (VirtualHost host : List.of(one, two)) {
            soon().untilAsserted(() -> assertThat(networks(host)).containsExactlyInAnyOrder(names));
        }
    }

    private static String profiles() {
        return calicoctl(one, "profile", "show");
    }

    @AfterEach
    void nothingIsLeft() {
        for (VirtualHost host : List.of(one, two)) {
            host.closeProbes();
            for (String container : host.docker("ps", "-aq").split("\\s+", -1)) {
                if (!container.isEmpty()) {
                    host.docker("rm", "-f", container);
                }
            }
        }
        for (VirtualHost host : List.of(one, two)) {
            networks(host).forEach(network -> host.tryDocker("network", "rm", network));
        }
        bothHave();
        soon().untilAsserted(() -> assertThat(stored())
                .as("what is stored of networks and profiles")
                .isEmpty());
    }

    private static List<String> stored() {
        return etcd.keys().stream()
                .filter(key -> key.startsWith("/calico/network/")
                        || key.startsWith("/calico/libnetwork/")
                        || key.startsWith("/calico/v1/policy/"))
                .toList();
    }

    @Test
    void aNetworkMadeOnOneHostIsOnTheOtherWithTheSameProfile() {
        String id = one.docker(
                "network",
                "create",
                "--driver",
                "calico",
                "--ipam-driver",
                "calico",
                "--label",
                "team=web",
                "-o",
                "colour=red",
                "--subnet",
                "192.168.0.0/16",
                "data-tier");

        bothHave("data-tier");
        assertThat(original(two, "data-tier")).isEqualTo(id);
        assertThat(two.docker("network", "inspect", "-f", "{{.Labels.team}} {{.Options.colour}}", "data-tier"))
                .isEqualTo("web red");
        assertThat(two.docker("network", "inspect", "-f", "{{(index .IPAM.Config 0).Subnet}}", "data-tier"))
                .isEqualTo(one.docker("network", "inspect", "-f", "{{(index .IPAM.Config 0).Subnet}}", "data-tier"));
        two.startContainer("c2", "data-tier", "--ip", "192.168.7.7");
        assertThat(calicoctl(one, "endpoint", "show", "--detailed"))
                .contains("192.168.7.7/32")
                .contains(id)
                .doesNotContain(idOf(two, "data-tier"));
        assertThat(calicoctl(two, "profile", "data-tier", "rule", "show", "--names"))
                .contains("data-tier");
        assertThat(profiles()).contains(id).doesNotContain(idOf(two, "data-tier"));
    }

    @Test
    void aRemovedNetworkIsRemovedOnTheOtherHostOnceNoContainerIsOnItAndItsNameIsFreeThen() {
        create(one, "data-tier");
        bothHave("data-tier");
        two.startContainer("c2", "data-tier");

        one.docker("network", "rm", "data-tier");

        soon().untilAsserted(() -> assertThat(problems(two)).contains("here that waits: containers are on it: c2"));
        assertThat(networks(two)).containsExactly("data-tier");
        String second = create(one, "data-tier");
        soon().untilAsserted(() -> assertThat(problems(one)).contains("is still on hosts host46"));
        assertThat(networks(two)).containsExactly("data-tier");
        assertThat(original(two, "data-tier")).isNotEqualTo(second);

        two.docker("rm", "-f", "c2");

        soon().untilAsserted(() -> assertThat(two.tryDocker(
                                "network", "inspect", "-f", "{{index .Options \"io.calico.network\"}}", "data-tier")
                        .out()
                        .strip())
                .isEqualTo(second));
        soon().untilAsserted(() -> assertThat(problems(one)).doesNotContain("Problem"));
        assertThat(problems(two)).doesNotContain("Problem");
    }

    @Test
    void aNetworkRemovedWhereItWasNotMadeIsRemovedWhereItWas() {
        create(one, "data-tier");
        bothHave("data-tier");

        two.docker("network", "rm", "data-tier");

        bothHave();
    }

    @Test
    void anEngineThatWasAwayCatchesUp() {
        create(one, "old");
        bothHave("old");
        two.stopDocker();
        one.docker("network", "rm", "old");
        create(one, "new");

        two.startDocker(Engine.MODERN);

        bothHave("new");
    }

    @Test
    void aDaemonThatWasAwayCatchesUp() {
        create(one, "old");
        bothHave("old");
        two.run("sh", "-c", "kill -9 $(cat /run/calico/node.pid)");
        one.docker("network", "rm", "old");
        create(one, "new");

        startDaemon(two);

        bothHave("new");
    }

    @Test
    void aNameThatBothHostsGiveAtOnceIsOneNetworksAndTheOtherIsTold() {
        CompletableFuture<String> first = CompletableFuture.supplyAsync(() -> create(one, "data-tier"));
        CompletableFuture<String> second = CompletableFuture.supplyAsync(() -> create(two, "data-tier"));
        String ofOne = first.join();
        String ofTwo = second.join();

        String clash = "the name data-tier is that of network";
        soon().until(() -> problems(one).contains(clash) || problems(two).contains(clash));
        VirtualHost loser = problems(one).contains(clash) ? one : two;
        VirtualHost winner = loser.equals(one) ? two : one;
        assertThat(problems(winner)).doesNotContain("Problem");
        assertThat(profiles()).contains(ofOne).contains(ofTwo);

        loser.docker("network", "rm", "data-tier");

        soon().untilAsserted(() -> assertThat(networks(loser)).containsExactly("data-tier"));
        assertThat(original(loser, "data-tier")).isEqualTo(winner.equals(one) ? ofOne : ofTwo);
        soon().untilAsserted(() -> assertThat(problems(loser)).doesNotContain("Problem"));
    }

    @Test
    void aNetworkOfAnotherDriverIsNeverTouchedThoughItHasTheName() {
        two.docker("network", "create", "data-tier");
        create(one, "data-tier");

        soon().untilAsserted(() ->
                assertThat(problems(two)).contains("Docker has another network of that name, with driver bridge"));
        assertThat(two.docker("network", "inspect", "-f", "{{.Driver}}", "data-tier"))
                .isEqualTo("bridge");

        two.docker("network", "rm", "data-tier");

        bothHave("data-tier");
    }

    @Test
    void whileTheDatastoreIsAwayContainersAreRefusedInTimeAndAllCatchesUpAfterwards() {
        create(one, "data-tier");
        create(one, "removed-meanwhile");
        bothHave("data-tier", "removed-meanwhile");
        Probe client = one.container("client", "data-tier");
        one.container("server", "data-tier").serveTcp(80);
        String server = one.addressOf("server", "data-tier");
        client.startStream(server, 80);

        etcd.freeze();
        long start = System.nanoTime();
        VirtualHost.Result refused = one.tryDocker("run", "--rm", "--net", "data-tier", "busybox:local", "true");
        long seconds = TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - start);
        etcd.thaw();
        assertThat(refused.exit()).isNotZero();
        assertThat(refused.err()).contains("no answer in time");
        assertThat(seconds).isLessThan(12);

        etcd.killAll();
        VirtualHost.Result refusedAgain = one.tryDocker("run", "--rm", "--net", "data-tier", "busybox:local", "true");
        assertThat(refusedAgain.exit()).isNotZero();
        assertThat(refusedAgain.err()).contains("etcd");
        assertThat(problems(one)).contains("Problem");
        one.docker("network", "rm", "removed-meanwhile");
        assertThat(client.tcp(server, 80)).isEqualTo("open");
        etcd.startAll();

        await().atMost(Duration.ofSeconds(10))
                .untilAsserted(
                        () -> assertThat(one.tryDocker("run", "--rm", "--net", "data-tier", "busybox:local", "true")
                                        .exit())
                                .isZero());
        create(one, "app-tier");
        bothHave("app-tier", "data-tier");
        assertThat(client.endStream().rounds()).isGreaterThan(100);
        soon().untilAsserted(() -> assertThat(problems(one)).doesNotContain("Problem"));
    }

    @Test
    void aSecondMachineWithTheSameNameIsRefused() {
        VirtualHost.Result refused = two.exec(
                "env",
                ENDPOINTS,
                "HOSTNAME=" + one.name(),
                VirtualHost.CHECKOUT.resolve("bin/calico-node").toString(),
                "--run-dir=/run/calico-second",
                "--libnetwork=false",
                "--ip=" + two.address(),
                "--log-dir=");

        assertThat(refused.exit()).isEqualTo(1);
        assertThat(refused.err())
                .contains("host name '" + one.name() + "' is in use by another machine, with IP address "
                        + one.address());
        assertThat(problems(one)).contains("1 other node, all alive").doesNotContain("Problem");
    }
}
