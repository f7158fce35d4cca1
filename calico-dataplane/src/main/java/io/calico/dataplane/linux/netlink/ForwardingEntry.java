package io.calico.dataplane.linux.netlink;

import io.calico.model.net.IpAddress;
import io.calico.model.net.MacAddress;

/**
 * To which host a VXLAN link sends frames for an Ethernet address. Immutable.
 *
 * @param linkIndex the VXLAN link
 * @param mac destination of the frames
 * @param host address of the other end, of the version of the link's own
 */
public record ForwardingEntry(int linkIndex, MacAddress mac, IpAddress host) {
    @Override
    public String toString() {
        return mac + " dev " + linkIndex + " dst " + host + " self permanent";
    }
}
