package io.calico.dataplane.linux.netlink;

import io.calico.model.net.IpNet;

/**
 * An address of a link. Immutable.
 *
 * @param linkIndex the link
 * @param address the address, and the length of the prefix that is reached through this link
 * @param scope how far the address is valid
 */
public record LinkAddress(int linkIndex, IpNet address, Scope scope) {
    @Override
    public String toString() {
        return address + " dev " + linkIndex + " scope " + scope;
    }
}
