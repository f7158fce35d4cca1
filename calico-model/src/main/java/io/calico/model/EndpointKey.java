package io.calico.model;

import java.util.Comparator;

/**
 * Which workload endpoint: the four variable parts of its key {@code
 * /calico/v1/host/HOST/workload/ORCHESTRATOR/WORKLOAD/endpoint/ENDPOINT}. Ordered by these, in this order.
 *
 * @param host name of the host it lives on
 * @param orchestrator who made it, for example {@code docker} or {@code libnetwork}
 * @param workload the orchestrator's name of the workload
 * @param endpoint the endpoint's id
 */
public record EndpointKey(String host, String orchestrator, String workload, String endpoint)
        implements Comparable<EndpointKey> {
    private static final Comparator<EndpointKey> ORDER = Comparator.comparing(EndpointKey::host)
            .thenComparing(EndpointKey::orchestrator)
            .thenComparing(EndpointKey::workload)
            .thenComparing(EndpointKey::endpoint);

    /** No part may be empty or hold a slash: it would be another key. */
    public EndpointKey {
        requirePart("host", host);
        requirePart("orchestrator", orchestrator);
        requirePart("workload", workload);
        requirePart("endpoint", endpoint);
    }

    private static void requirePart(String name, String value) {
        if (value.isEmpty() || value.indexOf('/') >= 0) {
            throw new IllegalArgumentException(name + " '" + value + "' of an endpoint is empty or holds a slash");
        }
    }

    @Override
    public int compareTo(EndpointKey other) {
        return ORDER.compare(this, other);
    }

    /** {@code HOST/ORCHESTRATOR/WORKLOAD/ENDPOINT}. */
    @Override
    public String toString() {
        return host + "/" + orchestrator + "/" + workload + "/" + endpoint;
    }
}
