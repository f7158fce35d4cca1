package io.calico.datastore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.calico.datastore.memory.MemoryDatastore;
import io.calico.datastore.spi.Lease;
import io.calico.datastore.spi.Transaction;
import io.calico.model.Node;
import io.calico.model.SignOfLife;
import io.calico.model.json.BadRecordException;
import io.calico.model.net.IpAddress;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class NodesTest {
    private final MemoryDatastore memory = new MemoryDatastore();
    private final CalicoStore store = new CalicoStore(memory);
    private final Nodes nodes = store.nodes();

    private List<String> stored() {
        return memory.listAll("/").records().stream()
                .map(record -> record.key() + " " + record.value())
                .toList();
    }

    @Test
    void aNodeIsItsPlainRecords() {
        Node node = Node.builder()
                .name("rack7-n3")
                .ipv4(IpAddress.parse("10.200.1.3"))
                .asNumber(64620L)
                .build();

        nodes.put(node);

        assertThat(stored())
                .containsExactly(
                        "/calico/bgp/v1/host/rack7-n3/as_num 64620",
                        "/calico/bgp/v1/host/rack7-n3/ip_addr_v4 10.200.1.3",
                        "/calico/bgp/v1/host/rack7-n3/ip_addr_v6 ",
                        "/calico/v1/host/rack7-n3/bird_ip 10.200.1.3");
        assertThat(nodes.find("rack7-n3")).contains(node);
        assertThat(nodes.find("rack7-n")).isEmpty();
    }

    @Test
    void puttingAgainTakesBackWhatIsNoLongerSaid() {
        Node before = Node.builder()
                .name("n1")
                .ipv4(IpAddress.parse("10.200.1.3"))
                .asNumber(64620L)
                .build();
        Node after = Node.builder().name("n1").ipv6(IpAddress.parse("fd80::3")).build();

        nodes.put(before);
        nodes.put(after);

        assertThat(nodes.find("n1")).contains(after);
    }

    @Test
    void nodesAreListedByNameAndDamagedPartsReported() {
        nodes.put(Node.builder().name("b").ipv4(IpAddress.parse("10.0.0.2")).build());
        nodes.put(Node.builder().name("a").ipv4(IpAddress.parse("10.0.0.1")).build());
        memory.commit(Transaction.builder()
                .put("/calico/bgp/v1/host/a/as_num", "many")
                .put("/calico/bgp/v1/host/a/ip_addr_v6", "10.0.0.1")
                .put("/calico/bgp/v1/host/a/peer_v4/10.9.9.9", "{}")
                .build());

        Listing<Node> listing = nodes.list();

        assertThat(listing.values()).extracting(Node::name).containsExactly("a", "b");
        assertThat(listing.damaged())
                .extracting(BadRecordException::reason)
                .containsExactly("'many' is not an AS number", "'10.0.0.1' is not an IPv6 address");
        assertThatThrownBy(() -> nodes.find("a")).isInstanceOf(BadRecordException.class);
    }

    @Test
    void aSignOfLifeEndsWithItsLease() {
        Lease lease = memory.grantLease(Duration.ofMinutes(1));

        SignOfLife sign = new SignOfLife("1.0", Optional.empty(), "2026-01-01T00:00:00Z", "5d0c");
        assertThat(nodes.announce("n1", sign, lease, other -> false)).isEmpty();
        assertThat(nodes.signOfLife("n1")).contains(sign);
        assertThat(nodes.alive()).containsExactly("n1");
        lease.close();

        assertThat(nodes.isAlive("n1")).isFalse();
        assertThat(nodes.alive()).isEmpty();
    }

    @Test
    void settingsAreTextAndTheFirstValueStays() {
        Config config = store.config();

        assertThat(config.setGlobalIfAbsent("InterfacePrefix", "cali")).isTrue();
        assertThat(config.setGlobalIfAbsent("InterfacePrefix", "tap")).isFalse();
        config.setHost("n1", "marker", "created");
        assertThat(config.setBgpIfAbsent("as_num", "64511")).isTrue();
        assertThat(config.isReady()).isFalse();
        config.setReady();

        assertThat(config.isReady()).isTrue();
        assertThat(config.findGlobal("InterfacePrefix")).contains("cali");
        assertThat(config.findHost("n1", "marker")).contains("created");
        assertThat(config.findHost("n2", "marker")).isEmpty();
        assertThat(config.findBgp("as_num")).contains("64511");
        assertThat(config.removeGlobal("InterfacePrefix")).isTrue();
        assertThat(config.removeGlobal("InterfacePrefix")).isFalse();
        assertThat(config.removeHost("n1", "marker")).isTrue();
    }
}
