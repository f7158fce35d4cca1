package io.calico.libnetwork.hostile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.calico.dataplane.recording.RecordingDataplane;
import io.calico.datastore.memory.MemoryDatastore;
import io.calico.datastore.spi.Transaction;
import io.calico.libnetwork.RunningPlugin;
import io.calico.libnetwork.http.RawClient;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.slf4j.LoggerFactory;

/** Records that nobody should have written: one stops no other, and the log names its key. */
@Timeout(120)
class DamagedStoreIT {
    private static final String NETWORK = "d".repeat(64);
    private static final String ENDPOINT = "e".repeat(64);
    private static final String IDS = "\"NetworkID\":\"" + NETWORK + "\",\"EndpointID\":\"" + ENDPOINT + "\"";

    private static final List<String> KEYS = List.of(
            "/calico/v1/Ready",
            "/calico/v1/config/InterfacePrefix",
            "/calico/v1/config/DefaultEndpointToHostAction",
            "/calico/v1/host/host11/config/DefaultEndpointToHostAction",
            "/calico/v1/host/host11/bird_ip",
            "/calico/v1/host/other/workload/libnetwork/libnetwork/endpoint/x1",
            "/calico/v1/host/host11/workload/libnetwork/libnetwork/endpoint/x2",
            "/calico/v1/policy/profile/bad/rules",
            "/calico/v1/policy/profile/bad/tags",
            "/calico/v1/ipam/v4/pool/10.99.0.0-16",
            "/calico/v1/ipam/v6/pool/fd99::-64",
            "/calico/v1/ipam/v4/pool/192.168.0.0-16",
            "/calico/ipam/v2/assignment/ipv4/block/10.99.0.0-26",
            "/calico/ipam/v2/host/host11/ipv4/block/10.99.0.0-26",
            "/calico/ipam/v2/handle/h1",
            "/calico/bgp/v1/global/as_num",
            "/calico/bgp/v1/host/other/ip_addr_v4",
            "/calico/bgp/v1/host/other/as_num",
            "/calico/libnetwork/v1/" + "f".repeat(64),
            "/calico/network/v1/name/bad",
            "/calico/network/v1/host/host11/" + "f".repeat(64),
            "/calico/felix/v1/host/other/status",
            "/calico/v1/host/host11/workload/libnetwork/libnetwork/endpoint/x3/more",
            "/calico/v9/new/thing",
            "/calico/v1/policy/profile/bad/newer");

    private static final List<String> VALUES = List.of(
            "",
            " ",
            "null",
            "true",
            "-1",
            "1e400",
            "\"text\"",
            "[]",
            "{}",
            "{",
            "[1,2,",
            "\uFFFD\uFFFDnot json",
            "[".repeat(20_000),
            "{\"a\":".repeat(3000) + "1" + "}".repeat(3000),
            "\"" + "x".repeat(1_000_000) + "\"",
            "9".repeat(10_000),
            "{\"version\":99,\"new_field\":{\"deep\":[1,2,3]}}",
            "{\"cidr\":\"0.0.0.0/0\",\"ipip\":5,\"masquerade\":\"yes\"}",
            "{\"cidr\":\"10.99.0.0/16\",\"blockSize\":-3}",
            "{\"cidr\":\"10.99.0.0/26\",\"affinity\":\"host:host11\",\"allocations\":[null],\"attributes\":[]}",
            "{\"cidr\":\"10.99.0.0/26\",\"affinity\":17,\"allocations\":\"all\",\"unallocated\":[999]}",
            "{\"id\":\"bad\",\"inbound_rules\":[{\"action\":\"explode\"}],\"outbound_rules\":null}",
            "{\"id\":\"bad\",\"inbound_rules\":[{\"action\":\"allow\",\"src_tag\":\"} ; flush ruleset ; {\"}],"
                    + "\"outbound_rules\":[{\"action\":\"allow\",\"protocol\":\"tcp\",\"dst_ports\":[\"1:99999\",-4]}]}",
            "[\"ok\",\"bad tag; drop\",7]",
            "{\"state\":\"active\",\"name\":\"cali} ; flush ruleset\",\"mac\":\"ee:ee:ee:ee:ee:ee\","
                    + "\"profile_ids\":[\"bad\"],\"ipv4_nets\":[\"10.99.0.1/32\"],\"ipv6_nets\":[]}",
            "{\"state\":\"active\",\"name\":\"calix2\",\"mac\":\"zz\",\"profile_ids\":[\"../..\"],"
                    + "\"ipv4_nets\":[\"10.99.0.1/16\",\"nonsense\"],\"ipv6_nets\":5}",
            "{\"state\":\"active\",\"name\":\"eth0\",\"mac\":\"ee:ee:ee:ee:ee:ee\",\"profile_ids\":[],"
                    + "\"ipv4_nets\":[\"10.99.0.1/32\"],\"ipv6_nets\":[]}");

    private final ListAppender<ILoggingEvent> log = new ListAppender<>();
    private final Logger ours = (Logger) LoggerFactory.getLogger("io.calico");

    @BeforeEach
    void listenToTheLog() {
        log.start();
        ours.setLevel(Level.INFO);
        ours.setAdditive(false);
        ours.addAppender(log);
    }

    @AfterEach
    void leaveTheLog() {
        ours.detachAppender(log);
        ours.setAdditive(true);
        ours.setLevel(null);
    }

    static Stream<String> keys() {
        return KEYS.stream();
    }

    @ParameterizedTest
    @MethodSource("keys")
    void aDamagedRecordStopsNoOtherAndNothingBreaksInside(String key) {
        try (MemoryDatastore store = new MemoryDatastore();
                RecordingDataplane dataplane = new RecordingDataplane();
                RunningPlugin plugin = RunningPlugin.start(store, dataplane)) {
            // Its own pool for our container, so that the damage to another one cannot be in the way.
            plugin.ok(
                    "/NetworkDriver.CreateNetwork",
                    "{\"NetworkID\":\"" + NETWORK + "\",\"IPv4Data\":[{\"Pool\":\"0.0.0.0/0\"}]}");
            store.commit(Transaction.builder()
                    .put("/calico/v1/ipam/v4/pool/10.50.0.0-16", "{\"cidr\":\"10.50.0.0/16\"}")
                    .build());
            for (String value : VALUES) {
                store.commit(Transaction.builder().put(key, value).build());
                lifeOfAContainer(plugin, key + " = " + value.substring(0, Math.min(100, value.length())));
            }
        }
        assertThat(List.copyOf(log.list)).allSatisfy(event -> {
            assertThat(event.getLevel()).as(event.getFormattedMessage()).isNotEqualTo(Level.ERROR);
            assertThat(event.getThrowableProxy())
                    .as(event.getFormattedMessage())
                    .isNull();
            assertThat(event.getFormattedMessage().length()).isLessThan(5_000);
        });
    }

    private static void lifeOfAContainer(RunningPlugin plugin, String what) {
        try (RawClient engine = new RawClient(plugin.socket())) {
            RawClient.Reply reply =
                    engine.call("/IpamDriver.RequestAddress", "{\"PoolID\":\"10.50.0.0/16\",\"Address\":\"\"}");
            assertThat(reply.status()).as("%s: %s", what, reply.body()).isEqualTo(200);
            String address = RunningPlugin.json(reply.body()).path("Address").asText();
            reply = engine.call(
                    "/NetworkDriver.CreateEndpoint", "{" + IDS + ",\"Interface\":{\"Address\":\"" + address + "\"}}");
            assertThat(reply.status()).as("%s: %s", what, reply.body()).isEqualTo(200);
            reply = engine.call("/NetworkDriver.Join", "{" + IDS + ",\"SandboxKey\":\"/s\"}");
            assertThat(reply.status()).as("%s: %s", what, reply.body()).isEqualTo(200);
            assertThat(plugin.dataplane().liveInterfaces()).as(what).contains("calieeeeeeeeeee");
            assertThat(engine.call("/NetworkDriver.Leave", "{" + IDS + "}").status())
                    .as(what)
                    .isEqualTo(200);
            assertThat(engine.call("/NetworkDriver.DeleteEndpoint", "{" + IDS + "}")
                            .status())
                    .as(what)
                    .isEqualTo(200);
            engine.call(
                    "/IpamDriver.ReleaseAddress",
                    "{\"PoolID\":\"10.50.0.0/16\",\"Address\":\"" + address.substring(0, address.indexOf('/')) + "\"}");
        }
    }

    @Test
    void withoutTheAllocatorsSettingsNothingIsAssignedAndTheErrorNamesThem() {
        try (MemoryDatastore store = new MemoryDatastore();
                RecordingDataplane dataplane = new RecordingDataplane();
                RunningPlugin plugin = RunningPlugin.start(store, dataplane)) {
            store.commit(
                    Transaction.builder().put("/calico/ipam/v2/config", "[").build());

            assertThat(plugin.refused("/IpamDriver.RequestAddress", "{\"PoolID\":\"CalicoPoolIPv4\"}"))
                    .contains("/calico/ipam/v2/config is damaged");

            store.commit(Transaction.builder().delete("/calico/ipam/v2/config").build());
            plugin.ok("/IpamDriver.RequestAddress", "{\"PoolID\":\"CalicoPoolIPv4\"}");
        }
    }

    @Test
    void whatCannotBeReadIsNamedInTheLog() {
        List<String> named = List.of(
                "/calico/v1/host/host11/workload/libnetwork/libnetwork/endpoint/x2",
                "/calico/v1/policy/profile/bad/rules",
                "/calico/v1/policy/profile/bad/tags",
                "/calico/v1/ipam/v4/pool/10.99.0.0-16");
        try (MemoryDatastore store = new MemoryDatastore();
                RecordingDataplane dataplane = new RecordingDataplane();
                RunningPlugin plugin = RunningPlugin.start(store, dataplane)) {
            named.forEach(
                    key -> store.commit(Transaction.builder().put(key, "{").build()));

            named.forEach(key -> await().atMost(Duration.ofSeconds(10))
                    .until(() -> List.copyOf(log.list).stream()
                            .anyMatch(event -> event.getLevel() == Level.WARN
                                    && event.getFormattedMessage().contains(key))));
            assertThat(plugin.dataplane().interfaces()).isEmpty();
        }
    }

    @Test
    void aHostileInterfaceNameReachesNoDataplane() {
        try (MemoryDatastore store = new MemoryDatastore();
                RecordingDataplane dataplane = new RecordingDataplane();
                RunningPlugin plugin = RunningPlugin.start(store, dataplane)) {
            String hostile =
                    VALUES.stream().filter(v -> v.contains("cali}")).findFirst().orElseThrow();
            store.commit(Transaction.builder()
                    .put("/calico/v1/host/host11/workload/libnetwork/libnetwork/endpoint/x2", hostile)
                    .build());
            await().atMost(Duration.ofSeconds(10))
                    .until(() -> List.copyOf(log.list).stream()
                            .anyMatch(event -> event.getFormattedMessage().contains("flush ruleset")));

            assertThat(plugin.endpoints())
                    .as("a record that can be shown and removed")
                    .hasSize(1);
            assertThat(dataplane.policy().orElseThrow().endpoints()).isEmpty();
        }
    }
}
