package io.calico.dataplane.linux.nft;

import io.calico.model.rule.Protocol;

/** A property of a packet that nftables can look at. Immutable. */
public sealed interface Field {
    /** As nft writes it. */
    String text();

    /** Properties that need nothing but their name. */
    enum Plain implements Field {
        IN_INTERFACE("iifname"),
        OUT_INTERFACE("oifname"),
        /** Index of the outgoing interface; 0 where there is none, as in the input hook. */
        OUT_INDEX("oif"),
        OUT_KIND("meta oifkind"),
        MARK("meta mark"),
        IP_VERSION("meta nfproto"),
        PROTOCOL("meta l4proto"),
        FLOW_STATE("ct state"),
        SOURCE_MAC("ether saddr"),
        SOURCE4("ip saddr"),
        DESTINATION4("ip daddr"),
        SOURCE6("ip6 saddr"),
        DESTINATION6("ip6 daddr"),
        /** What the packet's destination is to this host: its own address, or somewhere else. */
        DESTINATION_KIND("fib daddr type"),
        ICMP_TYPE("icmp type"),
        ICMP_CODE("icmp code"),
        ICMPV6_TYPE("icmpv6 type"),
        ICMPV6_CODE("icmpv6 code"),
        /**
         * The 24 bits that follow the header of UDP (64 bits), the flags (8) and what is reserved (24). Means something
         * only where the port of UDP was compared before; nft has no name for it outside of its own tunnels.
         */
        VXLAN_NETWORK("@th,96,24");

        private final String text;

        Plain(String text) {
            this.text = text;
        }

        @Override
        public String text() {
            return text;
        }
    }

    /**
     * The port of a protocol; comparing it also compares the protocol.
     *
     * @param protocol one that has ports
     * @param source the source port, else the destination port
     */
    record Port(Protocol protocol, boolean source) implements Field {
        public Port {
            if (!protocol.hasPorts()) {
                throw new IllegalArgumentException("protocol " + protocol + " has no ports");
            }
        }

        @Override
        public String text() {
            // By the names that nft knows; ours for a protocol given as a number is that number.
            String name = protocol.number() == 33 ? "dccp" : protocol.toString();
            return name + (source ? " sport" : " dport");
        }
    }
}
