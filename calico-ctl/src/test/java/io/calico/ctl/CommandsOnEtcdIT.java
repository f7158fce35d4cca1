package io.calico.ctl;

import static org.assertj.core.api.Assertions.assertThat;

import io.calico.datastore.CalicoStore;
import io.calico.datastore.spi.Datastore;
import io.calico.e2e.OneEtcd;
import io.calico.ipam.AssignRequest;
import io.calico.ipam.BlockAllocator;
import io.calico.ipam.Owner;
import io.calico.model.EndpointKey;
import io.calico.model.HostNetwork;
import io.calico.model.Network;
import io.calico.model.Node;
import io.calico.model.Profile;
import io.calico.model.WorkloadEndpoint;
import io.calico.model.net.IpAddress;
import io.calico.model.net.MacAddress;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * An operator's machine without Docker, without a node and without root's files: commands have nothing but the etcd that
 * hosts elsewhere use.
 */
@RequiresEtcd
class CommandsOnEtcdIT {
    private static final String ID = "9f0c".repeat(16);

    private static OneEtcd etcd;

    @BeforeAll
    static void clusterWithOneHost() {
        etcd = OneEtcd.start("127.0.0.1");
        try (Datastore datastore = etcd.open()) {
            CalicoStore store = new CalicoStore(datastore);
            store.config().setReady();
            store.nodes()
                    .put(Node.builder()
                            .name("rack7-n3")
                            .ipv4(Optional.of(IpAddress.parse("10.200.1.3")))
                            .build());
            store.networks().claimName(Network.builder().id(ID).name("app-tier").build());
            store.networks()
                    .putOnHost(
                            "rack7-n3",
                            ID,
                            HostNetwork.builder().name("app-tier").network(ID).build());
            store.networks().putRequest(ID, "{}");
            store.profiles().create(Profile.defaults(ID));
        }
        ok("pool", "add", "10.9.0.0/16", "--nat-outgoing");
        try (Datastore datastore = etcd.open()) {
            CalicoStore store = new CalicoStore(datastore);
            List<IpAddress> addresses = new BlockAllocator(datastore, "rack7-n3")
                    .autoAssign(AssignRequest.builder()
                            .num4(1)
                            .owner(Owner.endpoint("rack7-n3", "e1"))
                            .build())
                    .ipv4()
                    .addresses();
            store.endpoints()
                    .put(
                            new EndpointKey("rack7-n3", "libnetwork", "libnetwork", "e1"),
                            WorkloadEndpoint.builder()
                                    .interfaceName("cali1")
                                    .mac(MacAddress.parse("ee:ee:ee:ee:ee:ee"))
                                    .profileIds(List.of(ID))
                                    .build()
                                    .withAddresses(addresses));
        }
    }

    @AfterAll
    static void stop() {
        etcd.close();
    }

    private record Result(int code, String out, String err) {}

    private static Result run(Map<String, String> variables, String... args) {
        Map<String, String> environment = new HashMap<>(variables);
        environment.put("HOSTNAME", "desk");
        environment.put("DOCKER_HOST", "unix:///nonexistent/docker.sock");
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        int code = Calicoctl.run(
                List.of(args),
                environment,
                new ByteArrayInputStream(new byte[0]),
                new PrintStream(out, true, StandardCharsets.UTF_8),
                new PrintStream(err, true, StandardCharsets.UTF_8));
        return new Result(code, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
    }

    private static String ok(String... args) {
        Result result = run(Map.of("ETCD_AUTHORITY", etcd.authority()), args);
        assertThat(result.code()).as("%s: %s", List.of(args), result).isZero();
        return result.out();
    }

    @Test
    void everyVariableThatNamesEtcdWillDo() {
        List<Map<String, String>> ways = List.of(
                Map.of("ETCD_AUTHORITY", etcd.authority()),
                Map.of("ETCD_AUTHORITY", etcd.authority(), "ETCD_SCHEME", "http", "ETCD_CA_CERT_FILE", ""),
                Map.of("ETCD_ENDPOINTS", "http://" + etcd.authority() + "/", "ETCD_AUTHORITY", "127.0.0.1:1"),
                Map.of("CALICO_DATASTORE", etcd.uri(), "ETCD_AUTHORITY", "127.0.0.1:1"));

        for (Map<String, String> way : ways) {
            Result result = run(way, "pool", "show", "--ipv4");

            assertThat(result.code()).as("%s", way).isZero();
            assertThat(result.out()).as("%s", way).contains("10.9.0.0/16");
        }
        assertThat(run(Map.of("ETCD_AUTHORITY", "127.0.0.1:1"), "--datastore", etcd.uri(), "pool", "show")
                        .out())
                .contains("10.9.0.0/16");
    }

    @Test
    void badVariablesAreUsageErrors() {
        assertThat(run(Map.of("ETCD_AUTHORITY", "etcd"), "pool", "show").code()).isEqualTo(2);
        assertThat(run(Map.of("ETCD_AUTHORITY", etcd.authority(), "ETCD_SCHEME", "https"), "pool", "show"))
                .satisfies(result -> assertThat(result.code()).isEqualTo(2))
                .satisfies(result -> assertThat(result.out()).contains("Invalid ETCD_CA_CERT_FILE"));
        assertThat(run(Map.of("CALICO_DATASTORE", "etcd://u:secret@h"), "pool", "show"))
                .satisfies(result -> assertThat(result.code()).isEqualTo(2))
                .satisfies(result -> assertThat(result.err()).doesNotContain("secret"));
    }

    @Test
    void etcdThatIsNotThereIsOneLine() {
        Result result = run(Map.of("ETCD_AUTHORITY", "127.0.0.1:1"), "pool", "show");

        assertThat(result.code()).isEqualTo(1);
        assertThat(result.err()).startsWith("Error: ").contains("127.0.0.1:1").hasLineCount(1);
    }

    @Test
    void pools() {
        ok("pool", "add", "10.10.0.0/24");
        ok("pool", "range", "add", "10.11.0.0", "10.11.1.255");
        assertThat(ok("pool", "show")).contains("10.10.0.0/24", "10.11.0.0/23", "nat-outgoing");
        ok("pool", "remove", "10.10.0.0/24", "10.11.0.0/23");
        assertThat(ok("pool", "show")).doesNotContain("10.10.0.0/24", "10.11.0.0/23");
    }

    @Test
    void profiles() {
        ok("profile", "add", "orders");
        ok("profile", "orders", "tag", "add", "shop");
        ok(
                "profile", "orders", "rule", "add", "inbound", "--at=1", "allow", "tcp", "from", "tag", "shop", "to",
                "ports", "80");
        assertThat(ok("profile", "orders", "rule", "show")).contains("1 allow tcp from tag shop to ports 80");
        ok("profile", "orders", "rule", "remove", "inbound", "--at=1");
        assertThat(ok("profile", "orders", "rule", "json")).contains("\"id\"");
        assertThat(ok("profile", "orders", "tag", "show")).isEqualTo("orders\nshop\n");
        ok("profile", "orders", "tag", "remove", "shop");
        assertThat(ok("profile", "show", "--detailed")).contains("orders", ID);
        ok("profile", "remove", "orders");
    }

    @Test
    void networksAreFoundByNameAndByIdAndByItsBegin() {
        for (String network : List.of("app-tier", ID, "9f0c9f")) {
            assertThat(ok("profile", network, "rule", "show", "--names"))
                    .contains("allow from tag app-tier")
                    .doesNotContain(ID);
        }
        ok(
                "profile",
                "app-tier",
                "rule",
                "add",
                "inbound",
                "allow",
                "tcp",
                "from",
                "tag",
                "app-tier",
                "to",
                "ports",
                "1");
        assertThat(ok("profile", "app-tier", "rule", "show")).contains("from tag " + ID + " to ports 1");
        ok(
                "profile",
                "app-tier",
                "rule",
                "remove",
                "inbound",
                "allow",
                "tcp",
                "from",
                "tag",
                "app-tier",
                "to",
                "ports",
                "1");
    }

    @Test
    void endpointsAndTheirProfiles() {
        assertThat(ok("endpoint", "show", "--detailed")).contains("rack7-n3", "10.9.");
        ok("profile", "add", "extra");
        ok("endpoint", "e1", "profile", "append", "extra");
        assertThat(ok("endpoint", "e1", "profile", "show")).contains("extra", ID);
        ok("endpoint", "e1", "profile", "remove", "extra");
        ok("profile", "remove", "extra");
    }

    @Test
    void addresses() {
        assertThat(ok("ipam", "show", "--show-blocks")).contains("10.9.0.0/16");
        assertThat(ok("ipam", "info", "10.9.255.255")).contains("10.9.255.255");
        ok("ipam", "check");
        assertThat(ok("ipam", "show", "--show-configuration")).isNotEmpty();
    }

    @Test
    void nodeIsStartedElsewhere() {
        assertThat(run(Map.of("ETCD_AUTHORITY", etcd.authority()), "status").code())
                .isEqualTo(1);
        assertThat(ok("node", "remove", "--host=no-such-host")).contains("has nothing in the datastore");
        assertThat(ok("datastore", "export")).contains("\"/calico/v1/Ready\"");
        assertThat(ok("version")).isEqualTo(Version.text() + "\n");
    }
}
