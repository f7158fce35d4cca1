package io.calico.dataplane.linux;

import io.calico.dataplane.linux.RouteResolver.TunnelLink;
import io.calico.dataplane.linux.netlink.Link;
import io.calico.dataplane.linux.netlink.NetlinkException;
import io.calico.dataplane.linux.netlink.Request;
import io.calico.dataplane.linux.netlink.RtNetlink;
import io.calico.dataplane.routes.OwnTunnels;
import io.calico.dataplane.routes.Peer;
import io.calico.model.VxlanTunnel;
import io.calico.model.net.IpAddress;
import io.calico.model.net.IpVersion;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * This host's tunnels: made when a pool asks for one, gone when none does any more. What cannot be made is a reason in words
 * and stops nothing else. Confined to one thread, except {@link #written}.
 */
final class Tunnels {
    private static final Logger LOG = LoggerFactory.getLogger(Tunnels.class);
    private static final int IPIP_OVERHEAD_BYTES = 20;

    private final RtNetlink netlink;
    private final VxlanDevice vxlanDevice;
    private final IpIpDevice ipIpDevice;

    private OwnTunnels wanted = OwnTunnels.NONE;
    private TunnelLink vxlan = TunnelLink.none("no pool has VXLAN");
    private TunnelLink ipIp = TunnelLink.none("no pool has IP-in-IP");

    Tunnels(RtNetlink netlink, Sysctls sysctls) {
        this.netlink = netlink;
        this.vxlanDevice = new VxlanDevice(netlink, sysctls);
        this.ipIpDevice = new IpIpDevice(netlink);
    }

    WrittenTunnel written() {
        return vxlanDevice.written();
    }

    TunnelLink vxlan() {
        return vxlan;
    }

    TunnelLink ipIp() {
        return ipIp;
    }

    /** Bytes that the tunnels take of a packet that goes through the one that takes most. */
    static int overheadBytes(OwnTunnels tunnels) {
        int ofVxlan = tunnels.usesVxlan()
                ? VxlanDevice.overheadBytes(tunnels.vxlan()
                        .map(VxlanTunnel::host)
                        .map(IpAddress::version)
                        .orElse(IpVersion.V4))
                : 0;
        return Math.max(ofVxlan, tunnels.usesIpIp() ? IPIP_OVERHEAD_BYTES : 0);
    }

    /**
     * Makes what is wanted, before routes through it are written.
     *
     * @param peers the other hosts that have changed
     * @param isLookDue what is there may not be what was made
     * @return whether routes through tunnels must be found anew
     */
    boolean prepare(OwnTunnels now, Map<String, Optional<Peer>> peers, Uplinks uplinks, boolean isLookDue) {
        boolean isDue = isLookDue || !now.equals(wanted);
        wanted = now;
        TunnelLink vxlanBefore = vxlan;
        TunnelLink ipIpBefore = ipIp;
        if (isDue) {
            vxlan = report(vxlanBefore, ensureVxlan(uplinks));
            ipIp = report(ipIpBefore, ensureIpIp(uplinks));
        }
        List<Request> requests = new ArrayList<>();
        // One that is this host would send to itself.
        peers.forEach((host, peer) -> vxlanDevice.setEnd(
                host, peer.flatMap(Peer::vxlan).filter(end -> !uplinks.isOwn(end.host())), requests));
        if (vxlan.linkIndex().isPresent()) {
            if (isDue) {
                requests.clear();
                vxlanDevice.compare(requests);
            }
            netlink.execute(requests);
        }
        return !vxlan.equals(vxlanBefore) || !ipIp.equals(ipIpBefore);
    }

    private static TunnelLink report(TunnelLink before, TunnelLink now) {
        if (!now.whyNot().equals(before.whyNot()) && now.isRefused()) {
            LOG.warn("{}", now.whyNot());
        }
        return now;
    }

    private TunnelLink ensureVxlan(Uplinks uplinks) {
        if (!wanted.usesVxlan()) {
            return TunnelLink.none("no pool has VXLAN");
        }
        if (wanted.vxlan().isEmpty()) {
            return TunnelLink.none("this host has no VXLAN address yet");
        }
        VxlanTunnel own = wanted.vxlan().get();
        Optional<Link> underlay = uplinks.linkOf(own.host());
        if (underlay.isEmpty()) {
            return TunnelLink.none("no interface of this host has the address " + own.host() + " of its VXLAN record");
        }
        try {
            return TunnelLink.of(
                    vxlanDevice.ensure(own, underlay.get()), own.host().version());
        } catch (NetlinkException e) {
            return TunnelLink.refused("VXLAN is not available: " + e.getMessage());
        }
    }

    private TunnelLink ensureIpIp(Uplinks uplinks) {
        if (!wanted.usesIpIp()) {
            return TunnelLink.none("no pool has IP-in-IP");
        }
        try {
            return TunnelLink.of(
                    ipIpDevice.ensure(wanted.ipIp(), uplinks.mtuBytes() - IPIP_OVERHEAD_BYTES), IpVersion.V4);
        } catch (NetlinkException e) {
            return TunnelLink.refused("IP-in-IP is not available: " + e.getMessage());
        }
    }

    /** Takes away what is not wanted any more, after no route goes through it. */
    void finish() {
        if (!wanted.usesVxlan()) {
            vxlanDevice.delete();
        } else if (vxlan.linkIndex().isPresent()) {
            HostRoutes.delete(netlink, vxlanDevice.takeLate());
        }
        if (!wanted.usesIpIp()) {
            ipIpDevice.release();
        }
    }

    /** What the host refuses, in words for an operator. */
    List<String> problems() {
        List<String> problems = new ArrayList<>();
        for (TunnelLink tunnel : List.of(vxlan, ipIp)) {
            if (tunnel.isRefused()) {
                problems.add(tunnel.whyNot());
            }
        }
        return problems;
    }
}
