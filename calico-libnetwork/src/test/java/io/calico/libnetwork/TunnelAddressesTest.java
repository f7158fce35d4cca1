package io.calico.libnetwork;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.calico.datastore.CalicoStore;
import io.calico.datastore.memory.MemoryDatastore;
import io.calico.ipam.AssignOptions;
import io.calico.ipam.BlockAllocator;
import io.calico.ipam.Owner;
import io.calico.model.IpPool;
import io.calico.model.Node;
import io.calico.model.VxlanTunnel;
import io.calico.model.net.Cidr;
import io.calico.model.net.IpAddress;
import io.calico.model.net.MacAddress;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class TunnelAddressesTest {
    private static final IpPool POOL = IpPool.of(Cidr.parse("10.65.0.0/16"));
    private static final IpPool OTHER = IpPool.of(Cidr.parse("10.66.0.0/16"));
    private static final String IPIP = "IpInIpTunnelAddr";

    private final CalicoStore store = new CalicoStore(new MemoryDatastore());
    private final BlockAllocator allocator = new BlockAllocator(store.datastore(), "h1");
    private final TunnelAddresses addresses = new TunnelAddresses(store, "h1");

    @BeforeEach
    void register() {
        store.nodes()
                .put(Node.builder()
                        .name("h1")
                        .ipv4(IpAddress.parse("172.30.0.1"))
                        .build());
    }

    private Optional<IpAddress> vxlan4() {
        return store.vxlanTunnels().find("h1").flatMap(VxlanTunnel::ipv4);
    }

    private Optional<IpAddress> ipIp() {
        return store.config().findHost("h1", IPIP).map(IpAddress::parse);
    }

    private boolean isAssigned(IpAddress address) {
        return allocator.info(address).isPresent();
    }

    @Test
    void withoutATunnelPoolThereIsNoAddress() {
        store.pools().put(POOL);

        addresses.look();

        assertThat(store.vxlanTunnels().find("h1")).isEmpty();
        assertThat(ipIp()).isEmpty();
        assertThat(allocator.addressesOwnedOn("h1")).isEmpty();
    }

    @Test
    void aPoolWithVxlanGivesTheHostAnEndOfTheTunnel() {
        store.pools().put(POOL.withVxlan("always"));
        store.pools().put(IpPool.of(Cidr.parse("fd80::/64")).withVxlan("cross-subnet"));

        addresses.look();

        VxlanTunnel tunnel = store.vxlanTunnels().find("h1").orElseThrow();
        assertThat(POOL.cidr().contains(tunnel.ipv4().orElseThrow())).isTrue();
        assertThat(Cidr.parse("fd80::/64").contains(tunnel.ipv6().orElseThrow()))
                .isTrue();
        assertThat(tunnel.host()).hasToString("172.30.0.1");
        assertThat(tunnel.mac()).isEqualTo(TunnelAddresses.macOf("h1"));
        assertThat(allocator.addressesOwnedOn("h1"))
                .extracting(info -> info.owner().orElseThrow())
                .containsOnly(new Owner("h1", "tunnel", Optional.of("vxlan")))
                .hasSize(2);
    }

    @Test
    void theMacIsMadeOfTheNameAndIsUnicastAndLocal() {
        assertThat(TunnelAddresses.macOf("h1").toString()).startsWith("66:");
        assertThat(TunnelAddresses.macOf("h1")).isEqualTo(TunnelAddresses.macOf("h1"));
        assertThat(TunnelAddresses.macOf("h1")).isNotEqualTo(TunnelAddresses.macOf("h2"));
    }

    @Test
    void theAddressStaysWhileItsPoolIsOfTheKind() {
        store.pools().put(POOL.withVxlan("always"));
        addresses.look();
        Optional<IpAddress> before = vxlan4();

        store.pools().put(POOL.withVxlan("cross-subnet"));
        addresses.look();
        new TunnelAddresses(store, "h1").look();

        assertThat(vxlan4()).isPresent().isEqualTo(before);
        assertThat(allocator.addressesOwnedOn("h1")).hasSize(1);
    }

    @Test
    void theAddressIsReleasedWhenNoPoolIsOfTheKindAnyMore() {
        store.pools().put(POOL.withVxlan("always"));
        addresses.look();
        IpAddress before = vxlan4().orElseThrow();

        store.pools().put(POOL);
        addresses.look();

        assertThat(store.vxlanTunnels().find("h1")).isEmpty();
        assertThat(isAssigned(before)).isFalse();
    }

    @Test
    void theAddressMovesToAPoolOfTheKind() {
        store.pools().put(POOL.withIpip("tunl0"));
        addresses.look();
        IpAddress before = ipIp().orElseThrow();
        assertThat(POOL.cidr().contains(before)).isTrue();

        store.pools().put(POOL);
        store.pools().put(OTHER.withIpip("tunl0"));
        addresses.look();

        assertThat(OTHER.cidr().contains(ipIp().orElseThrow())).isTrue();
        assertThat(isAssigned(before)).isFalse();
    }

    @Test
    void anAddressThatAnotherProgramAssignedWithoutOwnerIsKept() {
        store.pools().put(POOL.withIpip("tunl0"));
        IpAddress theirs = IpAddress.parse("10.65.0.7");
        allocator.assign(theirs, AssignOptions.builder().build());
        store.config().setHost("h1", IPIP, theirs.toString());

        addresses.look();

        assertThat(ipIp()).contains(theirs);
    }

    @Test
    void anAddressThatAWorkloadHasIsNotTakenFromIt() {
        store.pools().put(POOL.withVxlan("always"));
        IpAddress theirs = IpAddress.parse("10.65.0.7");
        allocator.assign(
                theirs,
                AssignOptions.builder().owner(Owner.endpoint("h1", "e1")).build());
        store.vxlanTunnels()
                .put(
                        "h1",
                        VxlanTunnel.builder()
                                .ipv4(theirs)
                                .mac(MacAddress.parse("66:00:00:00:00:01"))
                                .host(IpAddress.parse("172.30.0.1"))
                                .build());

        addresses.look();

        assertThat(vxlan4()).isPresent().isNotEqualTo(Optional.of(theirs));
        assertThat(isAssigned(theirs)).isTrue();
    }

    @Test
    void whatADeadProcessAssignedAndDidNotWriteIsUsed() {
        store.pools().put(POOL.withVxlan("always"));
        addresses.look();
        Optional<IpAddress> before = vxlan4();
        store.vxlanTunnels().delete("h1");

        addresses.look();

        assertThat(vxlan4()).isPresent().isEqualTo(before);
        assertThat(allocator.addressesOwnedOn("h1")).hasSize(1);
    }

    @Test
    void poolsThatAreFullAreNamed() {
        store.pools()
                .put(IpPool.builder()
                        .cidr(Cidr.parse("10.67.0.0/32"))
                        .blockSize(32)
                        .vxlan("always")
                        .build());
        allocator.assign(IpAddress.parse("10.67.0.0"), AssignOptions.builder().build());

        assertThatThrownBy(addresses::look).hasMessageContaining("10.67.0.0/32");
        assertThat(store.vxlanTunnels().find("h1")).isEmpty();
    }

    @Test
    void aPoolsOptionMayChangeWhileTheNodeRuns() {
        store.pools().put(POOL);
        try (TunnelAddresses running = TunnelAddresses.start(store, "h1")) {
            assertThat(running).isNotNull();
            store.pools().put(POOL.withVxlan("always"));
            await().atMost(Duration.ofSeconds(20)).until(() -> vxlan4().isPresent());

            store.pools().put(POOL);
            await().atMost(Duration.ofSeconds(20))
                    .until(() -> store.vxlanTunnels().find("h1").isEmpty());
        }
    }
}
