package io.calico.libnetwork.health;

import static org.assertj.core.api.Assertions.assertThat;

import io.calico.dataplane.Agent;
import io.calico.dataplane.AgentOptions;
import io.calico.dataplane.recording.RecordingDataplane;
import io.calico.datastore.CalicoStore;
import io.calico.datastore.Datastores;
import io.calico.datastore.spi.Datastore;
import io.calico.libnetwork.NodeOptions;
import io.calico.libnetwork.NodeSetup;
import io.calico.model.net.IpAddress;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class NodeHealthTest {
    private static final String HOST = "host1";

    private final Datastore store = Datastores.open("memory:", Map.of());
    private final Agent agent = new Agent(store, HOST, new RecordingDataplane(), AgentOptions.defaults());
    private final NodeHealth health = new NodeHealth(HOST, "calico-node 1", store, agent);

    @BeforeEach
    void start() throws InterruptedException {
        NodeSetup.firstStart(
                new CalicoStore(store),
                NodeOptions.builder()
                        .host(HOST)
                        .ipv4(IpAddress.parse("10.0.0.1"))
                        .build());
        agent.start();
        assertThat(agent.awaitInSync(Duration.ofSeconds(10))).isTrue();
    }

    @AfterEach
    void stop() {
        agent.close();
        store.close();
    }

    @Test
    void aNodeThatIsInSyncHasNoProblem() {
        assertThat(health.status().problems()).isEmpty();
    }

    @Test
    void whatTheReconcilerLeavesToAnOperatorIsAProblemThatKeepsNoContainerFromStarting() {
        health.expectReconciler(() -> List.of("endpoint 17 has no interface"));

        assertThat(health.status().problems()).singleElement().satisfies(problem -> {
            assertThat(problem.text()).isEqualTo("endpoint 17 has no interface");
            assertThat(problem.remedy()).contains("calicoctl node check");
            assertThat(problem.blocking()).isFalse();
        });
    }

    @Test
    void anAgentThatHasEndedIsAProblemThatBlocks() {
        agent.close();

        assertThat(health.isAlive()).isFalse();
        assertThat(health.status().problems()).anyMatch(NodeStatus.Problem::blocking);
    }
}
