package io.calico.dataplane.routes;

/** How packets to a block travel to its host; follows from the pool of the block. */
public enum Encapsulation {
    /** As they are: the host must be on link. */
    NONE,
    /** In VXLAN, also to a host on link. */
    VXLAN,
    /** In VXLAN; as they are if the host is on link. */
    VXLAN_CROSS_SUBNET,
    /** In IP, also to a host on link. */
    IPIP;

    /** Whether packets may travel as they are if the host is on link. */
    public boolean allowsDirect() {
        return this == NONE || this == VXLAN_CROSS_SUBNET;
    }

    /** Whether packets may travel in VXLAN. */
    public boolean allowsVxlan() {
        return this == VXLAN || this == VXLAN_CROSS_SUBNET;
    }
}
