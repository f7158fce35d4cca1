package io.calico.libnetwork;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.calico.datastore.CalicoStore;
import io.calico.datastore.memory.MemoryDatastore;
import io.calico.datastore.spi.Lease;
import io.calico.model.Node;
import io.calico.model.SignOfLife;
import io.calico.model.net.IpAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class LivenessTest {
    private final MemoryDatastore datastore = new MemoryDatastore();
    private final CalicoStore store = new CalicoStore(datastore);

    private static SignOfLife sign(String machine, String address) {
        return new SignOfLife("1", Optional.of(IpAddress.parse(address)), "2026-01-01T00:00:00Z", machine);
    }

    private Liveness liveness(String machine, String address) {
        return new Liveness(store, "h1", sign(machine, address));
    }

    @Test
    void aHostIsAliveUntilItsNodeIsClosed() {
        try (Liveness liveness = liveness("m1", "10.0.0.1")) {
            liveness.start();

            assertThat(store.nodes().signOfLife("h1")).hasValue(sign("m1", "10.0.0.1"));
            assertThat(store.nodes().alive()).containsExactly("h1");
        }
        assertThat(store.nodes().alive()).isEmpty();
    }

    @Test
    void anotherMachineWithTheNameIsRefusedAndTheFirstStaysAlive() {
        try (Liveness first = liveness("m1", "10.0.0.1");
                Liveness second = liveness("m2", "10.0.0.2")) {
            first.start();

            assertThatThrownBy(second::start)
                    .isInstanceOf(NodeSetup.HostNameInUse.class)
                    .hasMessageContaining("10.0.0.1");

            assertThat(store.nodes().signOfLife("h1")).hasValue(sign("m1", "10.0.0.1"));
        }
    }

    @Test
    void theSameMachineMayChangeItsAddressAndWhoeverHasTheAddressIsTheSameMachine() {
        Lease lease = datastore.grantLease(Duration.ofSeconds(30));
        store.nodes().announce("h1", sign("m1", "10.0.0.1"), lease, other -> false);

        try (Liveness daemon = liveness("m1", "10.0.0.2")) {
            daemon.start();
            assertThat(store.nodes().signOfLife("h1")).hasValue(sign("m1", "10.0.0.2"));
        }
        store.nodes().announce("h1", sign("m1", "10.0.0.2"), lease, other -> false);
        try (Liveness afterBoot = liveness("m9", "10.0.0.2")) {
            afterBoot.start();
            assertThat(store.nodes().signOfLife("h1")).hasValue(sign("m9", "10.0.0.2"));
        }
    }

    @Test
    void otherNodesAreCountedAndTheDeadNamedWithTheirAge() {
        store.nodes().put(Node.builder().name("h1").build());
        store.nodes().put(Node.builder().name("h2").build());
        store.nodes().put(Node.builder().name("h3").build());
        Lease lease = datastore.grantLease(Duration.ofSeconds(30));
        store.nodes().announce("h2", sign("m2", "10.0.0.2"), lease, other -> false);
        long[] now = {0};
        try (OtherNodes others = new OtherNodes(store, "h1", () -> now[0])) {
            others.start();
            await().untilAsserted(() -> assertThat(others.summary()).isEqualTo("2 other nodes, 1 not alive: h3"));
            store.nodes().announce("h3", sign("m3", "10.0.0.3"), lease, other -> false);
            assertThat(others.summary()).isEqualTo("2 other nodes, all alive");

            lease.close();

            // Again until it is followed: what went before that went at an unknown time.
            await().untilAsserted(() -> {
                Lease shortLived = datastore.grantLease(Duration.ofSeconds(30));
                store.nodes().announce("h2", sign("m2", "10.0.0.2"), shortLived, other -> false);
                shortLived.close();
                assertThat(others.summary()).startsWith("2 other nodes, 2 not alive: h2 (for 0 s), h3");
            });
            now[0] = Duration.ofMinutes(12).toNanos();
            assertThat(others.summary()).contains("h2 (for 12 min)");
        }
    }

    @Test
    void aMachineKeepsItsTextUntilTheRunDirectoryIsGone(@TempDir Path run) {
        assertThat(Machine.find(run)).isEmpty();
        String made = Machine.findOrMake(run);

        assertThat(made).isNotEmpty();
        assertThat(Machine.findOrMake(run)).isEqualTo(made);
        assertThat(Machine.find(run)).isEqualTo(made);
    }
}
