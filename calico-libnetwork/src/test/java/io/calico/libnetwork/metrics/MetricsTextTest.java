package io.calico.libnetwork.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.calico.dataplane.AgentStatus;
import io.calico.dataplane.DataplaneException;
import io.calico.dataplane.recording.RecordingDataplane;
import io.calico.datastore.CalicoStore;
import io.calico.datastore.memory.MemoryDatastore;
import io.calico.ipam.AssignRequest;
import io.calico.ipam.BlockAllocator;
import io.calico.libnetwork.http.CallObserver;
import io.calico.model.IpPool;
import io.calico.model.net.Cidr;
import io.calico.policy.CompiledPolicy;
import io.calico.policy.EndpointToHostAction;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class MetricsTextTest {
    private final MemoryDatastore store = new MemoryDatastore();
    private final NodeMetrics metrics = new NodeMetrics();
    private final BlockAllocator allocator = new BlockAllocator(store, "h1");
    private final MetricsText text = new MetricsText(
            metrics,
            () -> new AgentStatus(true, 17, 3, 0, Optional.empty(), false, List.of("one")),
            allocator,
            Optional::empty,
            "1.2\"3\\4\n5");

    private Map<String, Double> samples() {
        return ExpositionFormat.parse(text.text());
    }

    @Test
    void whatNothingWasCountedOfIsValid() {
        assertThat(samples())
                .containsEntry("calico_build_info{version=\"1.2\\\"3\\\\4\\n5\"}", 1.0)
                .containsEntry("calico_agent_in_sync", 1.0)
                .containsEntry("calico_agent_revision", 17.0)
                .containsEntry("calico_agent_endpoints", 3.0)
                .containsEntry("calico_dataplane_problems", 1.0)
                .containsEntry("calico_plugin_calls_queued", 0.0)
                .hasEntrySatisfying("process_open_fds", n -> assertThat(n).isPositive())
                .hasEntrySatisfying(
                        "process_resident_memory_bytes", n -> assertThat(n).isGreaterThan(1e6));
    }

    @Test
    void callsAreCountedByMethodAndOutcomeWithTheirTimes() {
        metrics.answered("/NetworkDriver.Join", 200, Duration.ofMillis(7));
        metrics.answered("/NetworkDriver.Join", 200, Duration.ofMillis(10));
        metrics.answered("/NetworkDriver.Join", 500, Duration.ofSeconds(70));
        metrics.answered("/NetworkDriver.Join", 503, Duration.ZERO);
        metrics.answered(CallObserver.UNKNOWN, 404, Duration.ZERO);

        assertThat(samples())
                .containsEntry("calico_plugin_calls_total{method=\"NetworkDriver.Join\",outcome=\"ok\"}", 2.0)
                .containsEntry("calico_plugin_calls_total{method=\"NetworkDriver.Join\",outcome=\"failed\"}", 1.0)
                .containsEntry("calico_plugin_calls_total{method=\"NetworkDriver.Join\",outcome=\"busy\"}", 1.0)
                .containsEntry("calico_plugin_calls_total{method=\"unknown\",outcome=\"refused\"}", 1.0)
                .containsEntry("calico_plugin_call_seconds_bucket{method=\"NetworkDriver.Join\",le=\"0.005\"}", 1.0)
                .containsEntry("calico_plugin_call_seconds_bucket{method=\"NetworkDriver.Join\",le=\"0.01\"}", 3.0)
                .containsEntry("calico_plugin_call_seconds_bucket{method=\"NetworkDriver.Join\",le=\"10\"}", 3.0)
                .containsEntry("calico_plugin_call_seconds_count{method=\"NetworkDriver.Join\"}", 4.0)
                .hasEntrySatisfying(
                        "calico_plugin_call_seconds_sum{method=\"NetworkDriver.Join\"}",
                        sum -> assertThat(sum).isBetween(70.016, 70.018));
    }

    @Test
    void whatTheDataplaneDoesAndFailsToDoIsCounted() {
        try (RecordingDataplane host = new RecordingDataplane();
                MeasuredDataplane dataplane = new MeasuredDataplane(host, metrics)) {
            dataplane.applyPolicy(CompiledPolicy.empty(), EndpointToHostAction.RETURN);
            host.failNext(RecordingDataplane.Operation.APPLY, 1);
            assertThatThrownBy(() -> dataplane.applyPolicy(CompiledPolicy.empty(), EndpointToHostAction.RETURN))
                    .isInstanceOf(DataplaneException.class);
            assertThat(dataplane.refresh()).isFalse();
            host.losePolicy();
            assertThat(dataplane.refresh()).isTrue();
        }
        metrics.mended("address");

        assertThat(samples())
                .containsEntry("calico_dataplane_operations_total{operation=\"policy\",outcome=\"ok\"}", 1.0)
                .containsEntry("calico_dataplane_operations_total{operation=\"policy\",outcome=\"failed\"}", 1.0)
                .containsEntry("calico_dataplane_operations_total{operation=\"refresh\",outcome=\"ok\"}", 2.0)
                .containsEntry("calico_dataplane_drift_total", 1.0)
                .containsEntry("calico_reconciler_mended_total{kind=\"address\"}", 1.0);
    }

    @Test
    void poolsAreMeasuredAndMissingWithoutTheDatastore() {
        new CalicoStore(store).pools().put(IpPool.of(Cidr.parse("10.0.0.0/24")));
        allocator.autoAssign(AssignRequest.builder().num4(3).build());

        assertThat(samples())
                .containsEntry("calico_pool_addresses{pool=\"10.0.0.0/24\"}", 256.0)
                .containsEntry("calico_pool_addresses_in_use{pool=\"10.0.0.0/24\"}", 3.0)
                .containsEntry("calico_pool_addresses_free{pool=\"10.0.0.0/24\"}", 253.0);

        store.close();
        MetricsText without = new MetricsText(
                metrics,
                () -> new AgentStatus(false, 0, 0, 2, Optional.of("x"), false, List.of()),
                allocator,
                Optional::empty,
                "1");
        assertThat(ExpositionFormat.parse(without.text()))
                .containsEntry("calico_agent_in_sync", 0.0)
                .containsEntry("calico_agent_failures", 2.0)
                .noneSatisfy((name, value) -> assertThat(name).startsWith("calico_pool_"));
    }
}
