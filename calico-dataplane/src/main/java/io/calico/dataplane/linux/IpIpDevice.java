package io.calico.dataplane.linux;

import io.calico.dataplane.linux.netlink.Link;
import io.calico.dataplane.linux.netlink.LinkAddress;
import io.calico.dataplane.linux.netlink.LinkSettings;
import io.calico.dataplane.linux.netlink.NetlinkException;
import io.calico.dataplane.linux.netlink.Request;
import io.calico.dataplane.linux.netlink.RtNetlink;
import io.calico.dataplane.linux.netlink.Scope;
import io.calico.model.net.IpAddress;
import io.calico.model.net.IpNet;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The link {@value #NAME} of the kernel's module {@code ipip}, which comes with the module and cannot be deleted; it is used
 * while a pool wants it. Confined to one thread.
 */
final class IpIpDevice {
    static final String NAME = "tunl0";

    private final RtNetlink netlink;
    /** Made right by this object, and so its to set down. */
    private boolean isUsed;

    IpIpDevice(RtNetlink netlink) {
        this.netlink = netlink;
    }

    /**
     * Makes the link, or makes it right.
     *
     * @param address the only one that it shall have; empty: none
     * @return the link's number
     * @throws NetlinkException if the kernel refuses, for instance because it has no such module
     */
    int ensure(Optional<IpAddress> address, int mtuBytes) {
        Link link = netlink.findLink(NAME).orElseGet(this::create);
        isUsed = true;
        List<Request> requests = new ArrayList<>();
        if (!link.isUp() || link.mtuBytes() != mtuBytes) {
            requests.add(Request.changeLink(
                    link.index(),
                    LinkSettings.builder().mtuBytes(mtuBytes).up(true).build()));
        }
        Optional<LinkAddress> wanted = address.map(ip -> new LinkAddress(link.index(), IpNet.of(ip, 32), Scope.GLOBAL));
        boolean isThere = false;
        for (LinkAddress present : netlink.addresses(link.index())) {
            if (wanted.equals(Optional.of(present))) {
                isThere = true;
            } else if (present.address().address().isV4()) {
                requests.add(Request.removeAddress(present));
            }
        }
        if (wanted.isPresent() && !isThere) {
            requests.add(Request.addAddress(wanted.get()));
        }
        netlink.execute(requests);
        return link.index();
    }

    private Link create() {
        try {
            netlink.execute(Request.createIpIp(LinkSettings.builder().name(NAME).build()));
        } catch (NetlinkException e) {
            // The module, which this loaded, may have made the link by itself.
            if (!e.isPresent()) {
                throw e;
            }
        }
        return netlink.findLink(NAME)
                .orElseThrow(() -> new IllegalStateException(NAME + " was deleted as soon as it was made"));
    }

    /** Sets the link down, if this object has used it. */
    void release() {
        if (isUsed) {
            release(netlink);
            isUsed = false;
        }
    }

    private static void release(RtNetlink netlink) {
        netlink.findLink(NAME).ifPresent(link -> {
            List<Request> requests = new ArrayList<>();
            netlink.addresses(link.index()).stream()
                    .filter(address -> address.address().address().isV4())
                    .forEach(address -> requests.add(Request.removeAddress(address)));
            requests.add(Request.changeLink(link.index(), LinkSettings.up(false)));
            netlink.execute(requests);
        });
    }
}
