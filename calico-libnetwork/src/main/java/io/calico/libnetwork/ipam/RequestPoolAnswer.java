package io.calico.libnetwork.ipam;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.calico.model.net.Cidr;
import java.util.Map;
import java.util.Optional;

/**
 * What {@code IpamDriver.RequestPool} answers.
 *
 * @param poolId comes back in later calls
 * @param pool what the engine takes for the network's subnet
 * @param data its gateway
 */
record RequestPoolAnswer(
        @JsonProperty("PoolID") String poolId,
        @JsonProperty("Pool") String pool,
        @JsonProperty("Data") Map<String, String> data) {
    /** The id for 'any pool'. */
    static final String ANY_IPV4 = "CalicoPoolIPv4";

    /** All there is: containers have no subnet, and no gateway in it for which the engine would ask an address. */
    private static final String ALL = "0.0.0.0/0";

    /** Addresses from that pool, or from any. */
    static RequestPoolAnswer of(Optional<Cidr> pool) {
        return new RequestPoolAnswer(
                pool.map(Cidr::toString).orElse(ANY_IPV4), ALL, Map.of("com.docker.network.gateway", ALL));
    }
}
