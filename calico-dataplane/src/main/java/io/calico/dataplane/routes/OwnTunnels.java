package io.calico.dataplane.routes;

import io.calico.model.VxlanTunnel;
import io.calico.model.net.IpAddress;
import java.util.Optional;

/**
 * The tunnels that this host shall have. Immutable.
 *
 * @param usesVxlan a pool has VXLAN
 * @param vxlan this host's end of it; empty while it has no address for it
 * @param usesIpIp a pool has IP-in-IP
 * @param ipIp the tunnel device's address; empty while there is none
 */
public record OwnTunnels(boolean usesVxlan, Optional<VxlanTunnel> vxlan, boolean usesIpIp, Optional<IpAddress> ipIp) {
    /** No tunnel. */
    public static final OwnTunnels NONE = new OwnTunnels(false, Optional.empty(), false, Optional.empty());
}
