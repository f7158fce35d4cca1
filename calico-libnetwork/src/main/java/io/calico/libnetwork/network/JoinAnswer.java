package io.calico.libnetwork.network;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.calico.model.net.Cidr;
import io.calico.model.net.IpAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What {@code NetworkDriver.Join} tells the engine to do with the container's interface.
 *
 * @param interfaceName which host interface to move, and how to name it there
 * @param gateway next hop of the default route, a plain address
 * @param staticRoutes added before the default route, in this order
 */
record JoinAnswer(
        @JsonProperty("InterfaceName") InterfaceName interfaceName,
        @JsonProperty("Gateway") String gateway,
        @JsonProperty("StaticRoutes") List<StaticRoute> staticRoutes) {
    /** What an interface is called inside a container: this and the first free number. */
    private static final String PREFIX_INSIDE = "cali";

    private static final int VIA_NEXT_HOP = 0;
    private static final int CONNECTED = 1;

    record InterfaceName(
            @JsonProperty("SrcName") String srcName,
            @JsonProperty("DstPrefix") String dstPrefix) {}

    record StaticRoute(
            @JsonProperty("Destination") String destination,
            @JsonProperty("RouteType") int routeType,
            @JsonProperty("NextHop") String nextHop) {}

    /**
     * Everything goes to the gateway, which the container reaches over the interface itself.
     *
     * @param onLink the subnet that the engine's IPAM makes on-link in the container; empty with ours. Neighbours in it
     *     are not on this link: the two halves of it, which win over the whole, are sent to the gateway as well
     */
    static JoinAnswer of(String containerName, IpAddress gateway, Optional<Cidr> onLink) {
        List<StaticRoute> routes = new ArrayList<>();
        routes.add(new StaticRoute(Cidr.of(gateway).toString(), CONNECTED, ""));
        onLink.filter(subnet -> !subnet.isSingleAddress()).ifPresent(subnet -> {
            Cidr low = Cidr.of(subnet.first(), subnet.prefixLength() + 1);
            Cidr high = Cidr.of(subnet.last(), subnet.prefixLength() + 1);
            routes.add(new StaticRoute(low.toString(), VIA_NEXT_HOP, gateway.toString()));
            routes.add(new StaticRoute(high.toString(), VIA_NEXT_HOP, gateway.toString()));
        });
        return new JoinAnswer(new InterfaceName(containerName, PREFIX_INSIDE), gateway.toString(), List.copyOf(routes));
    }
}
