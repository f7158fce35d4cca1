package io.calico.dataplane.linux.netlink;

import io.calico.model.net.IpVersion;
import java.util.OptionalInt;

/** Something that changed in the kernel, whoever changed it. Immutable. */
public sealed interface NetlinkEvent {

    /** Does what the visitor has for this kind of event. */
    void accept(Visitor visitor);

    /**
     * A link appeared, changed or went.
     *
     * @param link as it is now, or was last
     * @param isGone it does not exist any more, at least not in this namespace
     */
    record LinkChange(Link link, boolean isGone) implements NetlinkEvent {
        @Override
        public void accept(Visitor visitor) {
            visitor.link(this);
        }
    }

    /**
     * An address was assigned or taken away.
     *
     * @param address the address and its link
     * @param isGone it was taken away
     */
    record AddressChange(LinkAddress address, boolean isGone) implements NetlinkEvent {
        @Override
        public void accept(Visitor visitor) {
            visitor.address(this);
        }
    }

    /**
     * A route was written or removed. The kernel does not tell of IPv4 routes that vanish because their link goes down.
     *
     * @param route the route
     * @param isGone it was removed
     */
    record RouteChange(Route route, boolean isGone) implements NetlinkEvent {
        @Override
        public void accept(Visitor visitor) {
            visitor.route(this);
        }
    }

    /**
     * A neighbour entry was learnt, written, or removed.
     *
     * @param neighbour the entry
     * @param isGone it was removed
     */
    record NeighbourChange(Neighbour neighbour, boolean isGone) implements NetlinkEvent {
        @Override
        public void accept(Visitor visitor) {
            visitor.neighbour(this);
        }
    }

    /**
     * An entry of a VXLAN link's forwarding table was written or removed.
     *
     * @param entry the entry
     * @param isGone it was removed
     */
    record ForwardingChange(ForwardingEntry entry, boolean isGone) implements NetlinkEvent {
        @Override
        public void accept(Visitor visitor) {
            visitor.forwarding(this);
        }
    }

    /**
     * Settings of IP were changed, of one link or of all.
     *
     * @param version of which IP version
     * @param linkIndex the link; -1 the host's ({@code conf/all}), -2 those that new links get ({@code conf/default})
     * @param forwarding the setting's value now; empty if this event is not about it
     * @param proxyNeighbours {@code proxy_arp} or {@code proxy_ndp} now; empty if this event is not about it
     */
    record SettingsChange(IpVersion version, int linkIndex, OptionalInt forwarding, OptionalInt proxyNeighbours)
            implements NetlinkEvent {
        /** The {@link #linkIndex()} of the host's own settings. */
        public static final int HOST = Wire.NETCONFA_IFINDEX_ALL;

        @Override
        public void accept(Visitor visitor) {
            visitor.settings(this);
        }
    }

    /** Events were lost, because they came faster than they were read: whoever keeps a picture must read it anew. */
    record Overrun() implements NetlinkEvent {
        @Override
        public void accept(Visitor visitor) {
            visitor.overrun();
        }
    }

    /** One method for each kind. */
    interface Visitor {
        void link(LinkChange event);

        void address(AddressChange event);

        void route(RouteChange event);

        void neighbour(NeighbourChange event);

        void forwarding(ForwardingChange event);

        void settings(SettingsChange event);

        void overrun();
    }
}
