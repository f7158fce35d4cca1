package io.calico.dataplane.linux.netlink;

import io.calico.model.net.IpAddress;

/**
 * What makes a VXLAN link; none of it changes while the link exists. The link learns nothing from what it receives: where
 * packets go says its forwarding table, see {@link ForwardingEntry}. Immutable.
 *
 * @param id the network's identifier, 0 to 2^24 - 1
 * @param port UDP port of all ends, 1 to 65535
 * @param local source address of encapsulated packets; its version is the one of the tunnel
 * @param underlayIndex the link they leave through
 */
public record VxlanSettings(int id, int port, IpAddress local, int underlayIndex) {
    public VxlanSettings {
        if (id < 0 || id >= 1 << 24) {
            throw new IllegalArgumentException("VXLAN identifier " + id + " is not in 0-16777215");
        }
        if (port < 1 || port > 65535) {
            throw new IllegalArgumentException("port " + port + " is not in 1-65535");
        }
    }
}
