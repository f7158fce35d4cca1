package io.calico.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** {@code docs/moving-the-datastore.md}, walked on a host with running containers. */
@DockerHosts
class MoveToEtcdIT {
    private static final Duration SOON = Duration.ofSeconds(60);
    private static final Engine ENGINE = Engine.INSTALLED;

    private static VirtualHost host;
    private static OneEtcd etcd;

    @BeforeAll
    static void hostOnTheEmbeddedStore() {
        host = VirtualHost.start(52);
        etcd = OneEtcd.start("10.10.0.254");
        host.calicoctl("node", "--libnetwork", "--ip=" + host.address());
        host.startDocker(ENGINE, "--live-restore");
        host.docker("network", "create", "--driver", "calico", "--ipam-driver", "calico", "data-tier");
    }

    @AfterAll
    static void stop() {
        host.close();
        etcd.close();
    }

    /** A command with the variable that selects etcd, as the guide has it. */
    private static String onEtcd(String... arguments) {
        String[] command = new String[arguments.length + 3];
        command[0] = "env";
        command[1] = "ETCD_AUTHORITY=" + etcd.authority();
        command[2] = VirtualHost.CHECKOUT.resolve("bin/calicoctl").toString();
        System.arraycopy(arguments, 0, command, 3, arguments.length);
        return host.run(command);
    }

    @Test
    void hostMovesToEtcdAndBackUnderTrafficThatNeverStops() {
        Probe client = host.container("client", "data-tier");
        host.container("server", "data-tier").serveTcp(80);
        String server = host.addressOf("server", "data-tier");
        client.startStream(server, 80);

        host.calicoctl("node", "stop", "--force");
        host.calicoctl("datastore", "export", "/var/lib/calico/move.json");
        assertThat(onEtcd("datastore", "import", "/var/lib/calico/move.json")).contains("into " + etcd.uri());
        onEtcd("node", "--libnetwork", "--ip=" + host.address());

        await().atMost(SOON)
                .untilAsserted(() ->
                        assertThat(host.calicoctl("status")).contains("Policy: in force", "Datastore: " + etcd.uri()));
        host.container("late", "data-tier").serveTcp(80);
        assertThat(client.tcp(host.addressOf("late", "data-tier"), 80)).isEqualTo("open");
        host.calicoctl("profile", "data-tier", "rule", "remove", "inbound", "--at=1");
        await().atMost(SOON).until(() -> client.tcp(server, 80).equals("silent"));
        host.calicoctl("profile", "data-tier", "rule", "add", "inbound", "allow", "from", "tag", "data-tier");
        await().atMost(SOON).until(() -> client.tcp(server, 80).equals("open"));

        host.calicoctl("node", "stop", "--force");
        onEtcd("datastore", "export", "/var/lib/calico/back.json");
        assertThat(host.calicoctl("datastore", "import", "/var/lib/calico/back.json", "--force"))
                .contains("into sqlite:/var/lib/calico/calico.db");
        host.calicoctl("node", "--libnetwork", "--ip=" + host.address());

        await().atMost(SOON)
                .untilAsserted(() -> assertThat(host.calicoctl("status"))
                        .contains("Policy: in force", "Datastore: sqlite:/var/lib/calico/calico.db"));
        assertThat(client.tcp(host.addressOf("late", "data-tier"), 80)).isEqualTo("open");
        Probe.StreamReport stream = client.endStream();
        assertThat(stream.rounds()).isGreaterThan(100);
        assertThat(host.calicoctl("endpoint", "show", "--detailed").lines().filter(line -> line.contains("libnetwork")))
                .hasSize(3);

        host.docker("rm", "-f", "client", "server", "late");
        host.docker("network", "rm", "data-tier");
        assertThat(host.calicoctl("endpoint", "show", "--detailed")).doesNotContain("libnetwork");
        host.calicoctl("ipam", "check");
    }
}
