package io.calico.dataplane.linux.netlink;

import io.calico.model.net.IpAddress;
import io.calico.model.net.MacAddress;
import java.util.Optional;

/**
 * What a host knows of an address on a link: an entry of the ARP or neighbour discovery table. Immutable.
 *
 * @param linkIndex the link
 * @param address the neighbour's address
 * @param mac its Ethernet address; empty while it is not known
 * @param isPermanent written by an administrator or a program, never asked for nor forgotten
 */
public record Neighbour(int linkIndex, IpAddress address, Optional<MacAddress> mac, boolean isPermanent) {
    @Override
    public String toString() {
        return address + " dev " + linkIndex
                + mac.map(value -> " lladdr " + value).orElse("")
                + (isPermanent ? " permanent" : "");
    }
}
