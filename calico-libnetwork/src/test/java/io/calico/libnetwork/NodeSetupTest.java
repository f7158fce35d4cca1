package io.calico.libnetwork;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.calico.datastore.CalicoStore;
import io.calico.datastore.memory.MemoryDatastore;
import io.calico.datastore.spi.KeyValue;
import io.calico.datastore.spi.Lease;
import io.calico.model.IpPool;
import io.calico.model.Node;
import io.calico.model.SignOfLife;
import io.calico.model.net.Cidr;
import io.calico.model.net.IpAddress;
import java.time.Duration;
import java.util.Optional;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class NodeSetupTest {
    private final MemoryDatastore datastore = new MemoryDatastore();
    private final CalicoStore store = new CalicoStore(datastore);

    private static NodeOptions node(String host, String ipv4) {
        return NodeOptions.builder().host(host).ipv4(IpAddress.parse(ipv4)).build();
    }

    private String content() {
        return datastore.listAll("/calico/").records().stream()
                .map(record -> record.key() + " " + record.value())
                .collect(Collectors.joining("\n"));
    }

    @Test
    void anEmptyStoreGetsPoolsSettingsAndTheHost() {
        assertThat(NodeSetup.firstStart(store, node("rack7-n3", "10.200.1.3"))).isEmpty();

        assertThat(content().lines().filter(line -> !line.contains("/last_pool ")))
                .containsExactly("""
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
                        /calico/v1/ipam/v6/pool/fd80:24e2:f998:72d6::-64 {"cidr":"fd80:24e2:f998:72d6::/64"}""".split("\n"));
    }

    @Test
    void aSecondStartChangesNothing() {
        NodeSetup.firstStart(store, node("h1", "10.0.0.1"));
        String before = content();

        assertThat(NodeSetup.firstStart(store, node("h1", "10.0.0.1")))
                .map(Node::ipv4)
                .hasValue(java.util.Optional.of(IpAddress.parse("10.0.0.1")));

        assertThat(content()).isEqualTo(before);
    }

    @Test
    void whatAnOperatorHasSetStays() {
        store.config().setGlobal("LogSeverityScreen", "debug");
        store.config().setBgp("node_mesh", "{\"enabled\":false}");
        store.pools().put(IpPool.of(Cidr.parse("10.1.0.0/16")));

        NodeSetup.firstStart(store, node("h1", "10.0.0.1"));

        assertThat(store.config().findGlobal("LogSeverityScreen")).hasValue("debug");
        assertThat(store.config().findBgp("node_mesh")).hasValue("{\"enabled\":false}");
        assertThat(store.pools().list().values())
                .extracting(pool -> pool.cidr().toString())
                .containsExactly("10.1.0.0/16", "fd80:24e2:f998:72d6::/64");
    }

    @Test
    void theHostIsRewrittenAndWhatIsNotGivenIsBlanked() {
        NodeSetup.firstStart(
                store,
                NodeOptions.builder()
                        .host("h1")
                        .ipv4(IpAddress.parse("10.0.0.1"))
                        .ipv6(IpAddress.parse("fd00::1"))
                        .asNumber(64999L)
                        .build());

        NodeSetup.firstStart(store, node("h1", "10.0.0.2"));

        assertThat(store.nodes().find("h1"))
                .hasValue(Node.builder()
                        .name("h1")
                        .ipv4(IpAddress.parse("10.0.0.2"))
                        .build());
    }

    @Test
    void anAddressOfAnotherHostIsRefusedBeforeAnythingIsWritten() {
        NodeSetup.firstStart(store, node("h1", "10.0.0.1"));
        String before = content();

        assertThatThrownBy(() -> NodeSetup.firstStart(store, node("h2", "10.0.0.1")))
                .isInstanceOfSatisfying(NodeSetup.AddressInUse.class, e -> {
                    assertThat(e.host()).isEqualTo("h1");
                    assertThat(e.address()).isEqualTo(IpAddress.parse("10.0.0.1"));
                });
        assertThat(content()).isEqualTo(before);
    }

    @Test
    void aHostNameUnderWhichAnotherMachineIsAliveIsRefusedBeforeAnythingIsWritten() {
        NodeSetup.firstStart(store, node("h1", "10.0.0.1"));
        SignOfLife sign =
                new SignOfLife("1", Optional.of(IpAddress.parse("10.0.0.1")), "2026-01-01T00:00:00Z", "machine 1");
        try (Lease lease = datastore.grantLease(Duration.ofSeconds(30))) {
            store.nodes().announce("h1", sign, lease, other -> false);
            String before = content();

            assertThatThrownBy(() -> NodeSetup.firstStart(store, node("h1", "10.0.0.2")))
                    .isInstanceOf(NodeSetup.HostNameInUse.class)
                    .hasMessageContaining("'h1'")
                    .hasMessageContaining("10.0.0.1");
            assertThat(content()).isEqualTo(before);
            NodeSetup.firstStart(store, node("h1", "10.0.0.1"));
        }
        NodeSetup.firstStart(store, node("h1", "10.0.0.2"));
    }

    @Test
    void theStoreIsReadyOnlyWhenPoolsAndSettingsAreThere() {
        NodeSetup.firstStart(store, node("h1", "10.0.0.1"));

        assertThat(datastore.listAll("/calico/").records().stream()
                        .filter(record -> !record.key().contains("/host/"))
                        .max(java.util.Comparator.comparingLong(KeyValue::createRevision)))
                .map(KeyValue::key)
                .hasValue("/calico/v1/Ready");
    }
}
