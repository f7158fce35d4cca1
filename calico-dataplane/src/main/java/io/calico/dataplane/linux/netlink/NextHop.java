package io.calico.dataplane.linux.netlink;

import io.calico.model.net.IpAddress;
import java.util.Optional;

/**
 * Where a route sends a packet next. Immutable.
 *
 * @param linkIndex the link it leaves through; 0: the one that leads to the gateway
 * @param gateway the next router, of either IP version; empty if the destination itself is on the link
 * @param isOnLink the gateway is taken to be on the link even if no route says so
 */
public record NextHop(int linkIndex, Optional<IpAddress> gateway, boolean isOnLink) {
    public NextHop {
        if (linkIndex < 0 || linkIndex == 0 && gateway.isEmpty()) {
            throw new IllegalArgumentException("a next hop needs a link or a gateway; link " + linkIndex);
        }
    }

    /** Straight out of a link. */
    public static NextHop link(int linkIndex) {
        return new NextHop(linkIndex, Optional.empty(), false);
    }

    /** Over a gateway that is reached through this link; 0: whichever leads to it. */
    public static NextHop via(IpAddress gateway, int linkIndex) {
        return new NextHop(linkIndex, Optional.of(gateway), false);
    }

    /** The same with {@link #isOnLink()}. */
    public NextHop onLink() {
        return new NextHop(linkIndex, gateway, true);
    }

    @Override
    public String toString() {
        return gateway.map(address -> "via " + address + " ").orElse("")
                + (linkIndex == 0 ? "" : "dev " + linkIndex)
                + (isOnLink ? " onlink" : "");
    }
}
