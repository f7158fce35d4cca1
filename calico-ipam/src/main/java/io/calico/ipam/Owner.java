package io.calico.ipam;

import java.util.Optional;

/**
 * Whom an address is for: kept with the allocation, apart from the caller's attributes, so that an address that nobody
 * uses can be told from one that is waiting to be used. Stored as {@code {"node":…,"kind":…,"id":…}}. Immutable.
 *
 * @param node name of the host that asked for the address
 * @param kind {@link #ENDPOINT_PENDING}, {@link #ENDPOINT}, {@link #NETWORK}, or what another program wrote; not empty
 * @param id what of that kind it is; empty if the kind says it all
 */
public record Owner(String node, String kind, Optional<String> id) {
    /** For an endpoint that is not known yet: Docker asks for the address before it says for whom. */
    public static final String ENDPOINT_PENDING = "endpoint-pending";

    /** For a network: its gateway or one of its auxiliary addresses. */
    public static final String NETWORK = "network";

    /** For an endpoint. */
    public static final String ENDPOINT = "endpoint";

    public Owner {
        if (node.isEmpty() || kind.isEmpty()) {
            throw new IllegalArgumentException(
                    "an owner needs a node and a kind, not '" + node + "' and '" + kind + "'");
        }
    }

    /** An endpoint on that host, which one is not known yet. */
    public static Owner pendingEndpoint(String node) {
        return new Owner(node, ENDPOINT_PENDING, Optional.empty());
    }

    /** The endpoint with that id on that host. */
    public static Owner endpoint(String node, String endpointId) {
        return new Owner(node, ENDPOINT, Optional.of(endpointId));
    }

    /** The network with that canonical id, created on that host. */
    public static Owner network(String node, String networkId) {
        return new Owner(node, NETWORK, Optional.of(networkId));
    }
}
