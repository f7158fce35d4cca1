package io.calico.libnetwork;

import io.calico.libnetwork.health.NodeHealth;
import io.calico.libnetwork.health.NodeStatus;
import io.calico.libnetwork.health.StatusClient;
import io.calico.libnetwork.health.StatusServer.Page;
import io.calico.libnetwork.health.ThreadDump;
import io.calico.libnetwork.metrics.MetricsText;
import io.calico.model.json.ModelJson;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/** What the daemon answers to those who ask how it is. Stateless. */
final class NodePages {
    private NodePages() {}

    /** For other processes of root. */
    static Map<String, Supplier<Page>> forRoot(NodeHealth health, MetricsText metrics) {
        return Map.of(
                StatusClient.STATUS,
                () -> new Page(200, "application/json", ModelJson.write(health.status()) + "\n"),
                StatusClient.THREADS,
                () -> Page.plain(200, ThreadDump.text()),
                StatusClient.METRICS,
                () -> metrics(metrics),
                "/health/live",
                () -> live(health),
                "/health/ready",
                () -> ready(health));
    }

    /** For every user of this machine: neither names nor addresses of containers. */
    static Map<String, Supplier<Page>> forEverybody(NodeHealth health, MetricsText metrics) {
        return Map.of(
                StatusClient.METRICS,
                () -> metrics(metrics),
                "/health/live",
                () -> live(health),
                "/health/ready",
                () -> ready(health));
    }

    private static Page metrics(MetricsText metrics) {
        return new Page(200, MetricsText.CONTENT_TYPE, metrics.text());
    }

    /** Not alive: only a restart helps. */
    private static Page live(NodeHealth health) {
        return health.isAlive() ? Page.plain(200, "alive\n") : Page.plain(503, "the agent has ended by an error\n");
    }

    /** Ready: containers can be started. */
    private static Page ready(NodeHealth health) {
        List<String> reasons = health.status().problems().stream()
                .filter(NodeStatus.Problem::blocking)
                .map(problem -> problem.text() + "\n")
                .toList();
        return reasons.isEmpty() ? Page.plain(200, "ready\n") : Page.plain(503, String.join("", reasons));
    }
}
