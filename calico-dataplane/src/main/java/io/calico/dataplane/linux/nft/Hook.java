package io.calico.dataplane.linux.nft;

import java.util.Locale;

/**
 * Where the kernel enters a base chain. Immutable.
 *
 * @param point which packets come here
 * @param priority order among the chains of all tables at that point, lower first
 */
public record Hook(Point point, int priority) {
    /** The kernel's priority for looking at packets before connection tracking (linux/netfilter_ipv4.h). */
    static final int BEFORE_TRACKING = -300;

    /** Before iptables' filter table and Docker's chains, which are at 0: they see the mark that we set. */
    static final int BEFORE_FILTERS = -10;

    /** The kernel's priority for source NAT. */
    static final int SOURCE_NAT = 100;

    /** Points on a packet's way. */
    public enum Point {
        PREROUTING,
        INPUT,
        FORWARD,
        OUTPUT,
        POSTROUTING;

        /** As nft writes it. */
        public String text() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** As nft writes the kind of chain that belongs here: NAT has one of its own. */
    public String type() {
        return point == Point.POSTROUTING ? "nat" : "filter";
    }
}
