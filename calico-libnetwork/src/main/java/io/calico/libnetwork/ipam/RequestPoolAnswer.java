package io.calico.libnetwork.ipam;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.calico.model.net.Cidr;
import java.util.Optional;

/**
 * What {@code IpamDriver.RequestPool} answers: an id, which comes back in later calls; what the engine takes for the
 * network's subnet; and its gateway.
 *
 * <pre>{"PoolID":"CalicoPoolIPv4","Pool":"0.0.0.0/0","Data":{"com.docker.network.gateway":"0.0.0.0/0"}}</pre>
 */
final class RequestPoolAnswer {
    /** The id for 'any pool'. */
    static final String ANY_IPV4 = "CalicoPoolIPv4";

    /** All there is: containers have no subnet, and no gateway in it for which the engine would ask an address. */
    private static final String ALL = "0.0.0.0/0";

    private RequestPoolAnswer() {}

    /** Addresses from that pool, or from any. */
    static JsonNode of(Optional<Cidr> pool) {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        json.put("PoolID", pool.map(Cidr::toString).orElse(ANY_IPV4));
        json.put("Pool", ALL);
        json.putObject("Data").put("com.docker.network.gateway", ALL);
        return json;
    }
}
