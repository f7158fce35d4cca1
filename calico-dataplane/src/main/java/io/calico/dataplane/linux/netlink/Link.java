package io.calico.dataplane.linux.netlink;

import io.calico.model.net.MacAddress;
import java.util.Optional;
import java.util.OptionalInt;
import org.immutables.value.Value;

/** A network interface as the kernel describes it at one moment. Immutable. */
@Value.Immutable
public interface Link {
    /** Its number in its namespace, from 1; never changes, and is not used again soon. */
    int index();

    /** Its name, 1 to 15 bytes. */
    String name();

    /** Whether it is administratively up. */
    boolean isUp();

    /** Whether it is connected: for one end of a veth pair, whether the other is up. */
    boolean hasCarrier();

    /** Its Ethernet address; empty if it has none or one of another kind. */
    Optional<MacAddress> mac();

    /** In bytes, without the link layer's header. */
    int mtuBytes();

    /** 0 unless somebody chose another. */
    int group();

    /** What made it, for example {@code veth}, {@code bridge}; empty for hardware and the loopback. */
    String kind();

    /** How a VXLAN link was made; empty for links of other kinds, and for one that learns or has no local address. */
    Optional<VxlanSettings> vxlan();

    /** The link that this one belongs to or is paired with, numbered in <em>its</em> namespace: a veth's other end. */
    OptionalInt pairedIndex();

    /** Whether {@link #pairedIndex()} counts in another namespace. */
    boolean isPairedElsewhere();

    /** The bridge, bond or other device that this link is a port of. */
    OptionalInt master();

    /** Whether it forwards packets of IPv4, 0 or 1; empty if the kernel does not say. */
    OptionalInt forwarding4();

    /** Whether it answers ARP for others, 0 or 1; empty if the kernel does not say. */
    OptionalInt proxyArp();

    /** Whether it forwards packets of IPv6, 0 or 1; empty without IPv6. */
    OptionalInt forwarding6();

    /** Whether it accepts router advertisements, 0 to 2; empty without IPv6. */
    OptionalInt acceptRouterAdvertisements();

    /** Builds a link, for tests and recordings. */
    static Builder builder() {
        return new Builder();
    }

    /** The builder. */
    final class Builder extends ImmutableLink.Builder {}
}
