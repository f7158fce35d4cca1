package io.calico.model;

import io.calico.model.json.CalicoStyle;
import io.calico.model.net.IpAddress;
import io.calico.model.net.IpVersion;
import java.util.Optional;
import org.immutables.value.Value;

/** A host that runs workloads. Stored as several plain keys, so it has no JSON form. Immutable. */
@Value.Immutable
@CalicoStyle
public interface Node extends WithNode {
    /** Its name in every per-host key. */
    String name();

    /** The IPv4 address under which other hosts reach it. */
    Optional<IpAddress> ipv4();

    /** The IPv6 address under which other hosts reach it. */
    Optional<IpAddress> ipv6();

    /** Its own AS number, 0 to 4294967295; empty: the global one. */
    Optional<Long> asNumber();

    /** Addresses are of their version, the AS number has 32 bits. */
    @Value.Check
    default void check() {
        requireVersion(ipv4(), IpVersion.V4);
        requireVersion(ipv6(), IpVersion.V6);
        if (asNumber().isPresent() && (asNumber().get() < 0 || asNumber().get() > AsNumbers.MAX)) {
            throw new IllegalArgumentException(
                    "AS number " + asNumber().get() + " of node " + name() + " is not in 0-" + AsNumbers.MAX);
        }
    }

    private void requireVersion(Optional<IpAddress> address, IpVersion version) {
        if (address.isPresent() && address.get().version() != version) {
            throw new IllegalArgumentException(
                    "address " + address.get() + " of node " + name() + " is not IPv" + version.number());
        }
    }

    /** A new, empty builder. */
    static Builder builder() {
        return new Builder();
    }

    /** Builds a node; the name is required. */
    final class Builder extends ImmutableNode.Builder {}
}
