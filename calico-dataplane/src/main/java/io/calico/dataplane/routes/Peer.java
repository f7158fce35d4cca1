package io.calico.dataplane.routes;

import io.calico.model.VxlanTunnel;
import io.calico.model.net.IpAddress;
import io.calico.model.net.IpVersion;
import java.util.Optional;

/**
 * How a host is reached. Immutable.
 *
 * @param ipv4 its IPv4 address
 * @param ipv6 its IPv6 address
 * @param vxlan its end of the VXLAN tunnel; empty while it has none
 */
public record Peer(Optional<IpAddress> ipv4, Optional<IpAddress> ipv6, Optional<VxlanTunnel> vxlan) {
    /** Of which nothing is known. */
    public static final Peer UNKNOWN = new Peer(Optional.empty(), Optional.empty(), Optional.empty());

    /** Its address of that version. */
    public Optional<IpAddress> address(IpVersion version) {
        return version == IpVersion.V4 ? ipv4 : ipv6;
    }

    Peer withAddress(IpVersion version, Optional<IpAddress> address) {
        return version == IpVersion.V4 ? new Peer(address, ipv6, vxlan) : new Peer(ipv4, address, vxlan);
    }

    Peer withVxlan(Optional<VxlanTunnel> tunnel) {
        return new Peer(ipv4, ipv6, tunnel);
    }
}
