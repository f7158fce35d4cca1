package io.calico.libnetwork.network;

import io.calico.dataplane.WorkloadInterface;
import io.calico.model.net.IpAddress;
import java.util.Set;

/**
 * Next hops for the second and further interfaces of a container: from 169.254.0.0/16, by endpoint, so that they are
 * found with little search and stay the same when asked for again.
 */
final class LinkLocalGateways {
    private static final int BASE = 169 << 24 | 254 << 16;
    /** The first and last 256 addresses are reserved (RFC 3927, section 2.1). */
    private static final int FIRST = 1 << 8;

    private static final int LAST = 254 << 8 | 255;
    /** Clouds serve metadata, time and names from 169.254.169.0/24 and 169.254.170.0/24. */
    private static final int FIRST_OF_CLOUDS = 169 << 8;

    private static final int LAST_OF_CLOUDS = 170 << 8 | 255;

    private LinkLocalGateways() {}

    /** A gateway for the endpoint that is neither taken nor the usual one. */
    static IpAddress choose(String endpointId, Set<IpAddress> taken) {
        int count = LAST - FIRST + 1;
        int start = Math.floorMod(endpointId.hashCode() * 0x9e3779b9, count);
        for (int i = 0; i < count; i++) {
            int low = FIRST + (start + i) % count;
            IpAddress gateway = IpAddress.v4(BASE | low);
            if (isUsable(low) && !gateway.equals(WorkloadInterface.DEFAULT_GATEWAY) && !taken.contains(gateway)) {
                return gateway;
            }
        }
        throw new IllegalStateException("no link-local gateway is left for endpoint " + endpointId);
    }

    private static boolean isUsable(int low) {
        int lastByte = low & 0xff;
        return lastByte != 0 && lastByte != 255 && (low < FIRST_OF_CLOUDS || low > LAST_OF_CLOUDS);
    }
}
