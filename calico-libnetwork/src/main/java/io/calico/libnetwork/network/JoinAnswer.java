package io.calico.libnetwork.network;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.calico.model.net.Cidr;
import io.calico.model.net.IpAddress;
import java.util.Optional;

/**
 * What {@code NetworkDriver.Join} tells the engine to do with the container's interface: which host interface to move and
 * how to name it there; next hop of the default route, a plain address; and the routes that are added before that one, in
 * this order.
 *
 * <pre>
 * {"InterfaceName":{"SrcName":"tmp48f735201e5","DstPrefix":"cali"},
 *  "Gateway":"169.254.1.1",
 *  "StaticRoutes":[{"Destination":"169.254.1.1/32","RouteType":1,"NextHop":""}]}
 * </pre>
 */
final class JoinAnswer {
    /** What an interface is called inside a container: this and the first free number. */
    private static final String PREFIX_INSIDE = "cali";

    private static final int VIA_NEXT_HOP = 0;
    private static final int CONNECTED = 1;

    private JoinAnswer() {}

    /**
     * Everything goes to the gateway, which the container reaches over the interface itself.
     *
     * @param containerName the interface's name on the host, until the engine moves it
     * @param onLink the subnet that the engine's IPAM makes on-link in the container; empty with ours. Neighbours in it
     *     are not on this link: the two halves of it, which win over the whole, are sent to the gateway as well
     */
    static JsonNode of(String containerName, IpAddress gateway, Optional<Cidr> onLink) {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        json.putObject("InterfaceName").put("SrcName", containerName).put("DstPrefix", PREFIX_INSIDE);
        json.put("Gateway", gateway.toString());
        ArrayNode routes = json.putArray("StaticRoutes");
        addRoute(routes, Cidr.of(gateway), CONNECTED, "");
        onLink.filter(subnet -> !subnet.isSingleAddress()).ifPresent(subnet -> {
            Cidr low = Cidr.of(subnet.first(), subnet.prefixLength() + 1);
            Cidr high = Cidr.of(subnet.last(), subnet.prefixLength() + 1);
            addRoute(routes, low, VIA_NEXT_HOP, gateway.toString());
            addRoute(routes, high, VIA_NEXT_HOP, gateway.toString());
        });
        return json;
    }

    private static void addRoute(ArrayNode routes, Cidr destination, int type, String nextHop) {
        routes.addObject()
                .put("Destination", destination.toString())
                .put("RouteType", type)
                .put("NextHop", nextHop);
    }
}
