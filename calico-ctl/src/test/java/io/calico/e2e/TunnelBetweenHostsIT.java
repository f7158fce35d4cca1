package io.calico.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.List;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * Containers of two hosts whose pool is reached through VXLAN: their packets go through the tunnel, keep their addresses
 * and meet the same policy as on a plain route. The pool is added when both nodes are at work.
 */
@DockerHosts
class TunnelBetweenHostsIT {
    private static final Duration SOON = Duration.ofSeconds(20);
    private static final int ETCD_PORT = 4479;
    private static final String DATASTORE = "CALICO_DATASTORE=etcd://" + ClusterEtcd.MACHINE + ":" + ETCD_PORT;
    /** Of the underlay 1500, less 50 for Ethernet, IPv4, UDP and VXLAN (RFC 7348 section 5). */
    private static final String MTU = "1450";

    private static VirtualHost one;
    private static VirtualHost two;
    private static ClusterEtcd etcd;

    @BeforeAll
    static void startHosts() {
        one = VirtualHost.start(47, DATASTORE);
        two = VirtualHost.start(48, DATASTORE);
        etcd = ClusterEtcd.startOn(ETCD_PORT);
        for (VirtualHost host : List.of(one, two)) {
            startDaemon(host);
            host.startDocker(Engine.MODERN);
        }
        one.calicoctl("pool", "add", "10.84.0.0/16", "--vxlan=always");
        for (String name : List.of("data-tier", "app-tier")) {
            one.docker(
                    "network",
                    "create",
                    "--driver",
                    "calico",
                    "--ipam-driver",
                    "calico",
                    "--subnet",
                    "10.84.0.0/16",
                    name);
            soon().untilAsserted(() -> assertThat(
                            two.docker("network", "ls", "--format", "{{.Name}}").lines())
                    .contains(name));
        }
    }

    @AfterAll
    static void stopHosts() {
        one.close();
        two.close();
        etcd.close();
    }

    @AfterEach
    void removeContainers() {
        for (VirtualHost host : List.of(one, two)) {
            host.closeProbes();
            host.docker("ps", "-aq").lines().forEach(container -> host.docker("rm", "-f", container));
        }
    }

    private static void startDaemon(VirtualHost host) {
        host.calicoctl("node", "--libnetwork", "--ip=" + host.address());
    }

    private static ConditionFactory soon() {
        return await().atMost(SOON).pollInterval(Duration.ofMillis(100));
    }

    private static long tunnelled(VirtualHost host, String direction) {
        return Long.parseLong(host.run("cat", "/sys/class/net/vxlan.calico/statistics/" + direction + "_packets"));
    }

    private static void awaitOpen(Probe from, String address) {
        soon().untilAsserted(() -> assertThat(from.tcp(address, 80)).isEqualTo("open"));
    }

    @Test
    void containersReachEachOtherThroughTheTunnelUnderTheirOwnAddresses() {
        Probe client = one.container("client", "data-tier").serveTcp(80);
        Probe server = two.container("server", "data-tier").serveTcp(80);
        String clientAddress = one.addressOf("client", "data-tier");
        String serverAddress = two.addressOf("server", "data-tier");
        awaitOpen(client, serverAddress);
        awaitOpen(server, clientAddress);
        long sent = tunnelled(one, "tx");
        long received = tunnelled(two, "rx");

        assertThat(client.addressSeenBy(serverAddress, 80)).isEqualTo(clientAddress);
        assertThat(server.addressSeenBy(clientAddress, 80)).isEqualTo(serverAddress);

        assertThat(tunnelled(one, "tx")).isGreaterThan(sent);
        assertThat(tunnelled(two, "rx")).isGreaterThan(received);
        assertThat(one.docker("exec", "client", "cat", "/sys/class/net/cali0/mtu"))
                .isEqualTo(MTU);
    }

    @Test
    void theNetworksProfileHoldsAcrossTheTunnel() {
        Probe stranger = one.container("stranger", "app-tier");
        Probe friend = one.container("friend", "data-tier");
        two.container("server", "data-tier").serveTcp(80, 81);
        String server = two.addressOf("server", "data-tier");
        awaitOpen(friend, server);
        assertThat(stranger.tcp(server, 80)).isEqualTo("silent");

        String rule = "inbound allow tcp from tag app-tier to ports 80";
        one.calicoctl(("profile data-tier rule add " + rule).split(" ", -1));

        awaitOpen(stranger, server);
        assertThat(stranger.tcp(server, 81)).isEqualTo("silent");
        one.calicoctl(("profile data-tier rule remove " + rule).split(" ", -1));
        soon().untilAsserted(() -> assertThat(stranger.tcp(server, 80)).isEqualTo("silent"));
    }

    @Test
    void aHostReachesAContainerOfTheOtherHostWhereARuleAllowsIt() {
        two.container("server", "data-tier").serveTcp(80);
        String server = two.addressOf("server", "data-tier");
        String rule = "inbound allow tcp to ports 80";
        one.calicoctl(("profile data-tier rule add " + rule).split(" ", -1));

        try {
            Probe host = one.probe();
            awaitOpen(host, server);

            // Its own end of the tunnel, to which the other host has a route back.
            assertThat(one.run("ip", "-4", "-o", "addr", "show", "dev", "vxlan.calico"))
                    .contains(" " + host.addressSeenBy(server, 80) + "/32 ");
        } finally {
            one.calicoctl(("profile data-tier rule remove " + rule).split(" ", -1));
        }
    }

    @Test
    void aLargeTransferPassesWhole() {
        two.startContainer("server", "data-tier");
        one.startContainer("client", "data-tier");
        String server = two.addressOf("server", "data-tier");
        // Its input stays open: nc's end of it would end the other side before all is sent.
        two.docker("exec", "-d", "server", "sh", "-c", "sleep 1000 | (nc -l -p 80 | md5sum > /sum)");

        String send =
                "head -c 20000000 /dev/urandom > /sent; until nc %s 80 < /sent; do sleep 0.1; done; md5sum < /sent"
                        .formatted(server);
        String sent = one.docker("exec", "client", "sh", "-c", send);

        soon().untilAsserted(() ->
                assertThat(two.docker("exec", "server", "cat", "/sum")).isEqualTo(sent));
    }

    @Test
    void aStreamOutlivesTheDaemonsOfBothHosts() {
        Probe client = one.container("client", "data-tier");
        two.container("server", "data-tier").serveTcp(80);
        String server = two.addressOf("server", "data-tier");
        awaitOpen(client, server);
        client.startStream(server, 80);

        for (VirtualHost host : List.of(one, two)) {
            host.run("sh", "-c", "kill -9 $(cat /run/calico/node.pid)");
            startDaemon(host);
        }
        two.startContainer("later", "data-tier");
        one.docker("exec", "client", "ping", "-c", "1", "-W", "5", two.addressOf("later", "data-tier"));

        assertThat(client.endStream().longestGapMillis()).isLessThan(2_000);
    }
}
