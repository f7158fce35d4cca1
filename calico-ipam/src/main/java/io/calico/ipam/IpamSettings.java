package io.calico.ipam;

import io.calico.model.json.CalicoStyle;
import io.calico.model.net.Cidr;
import java.time.Duration;
import java.util.List;
import org.immutables.value.Value;

/**
 * How addresses are assigned on all hosts: one record of the datastore. A change holds for everything that is committed
 * after it. Immutable.
 */
@Value.Immutable
@CalicoStyle
public interface IpamSettings extends WithIpamSettings {
    /** A host may use its own blocks only, never borrow from others'. Default false. */
    @Value.Default
    default boolean strictAffinity() {
        return false;
    }

    /** Hosts claim blocks when they need them. Default true; false only with strict affinity. */
    @Value.Default
    default boolean autoAllocateBlocks() {
        return true;
    }

    /** Most blocks of one version that a host may own; 0 (the default): no limit. Other values only with strict affinity. */
    @Value.Default
    default int maxBlocksPerHost() {
        return 0;
    }

    /** How long a released address stays unused; 0 (the default) to 20 minutes, in whole seconds. */
    @Value.Default
    default Duration coolDown() {
        return Duration.ZERO;
    }

    /** Ranges that are never handed out automatically; an address in one can still be assigned by naming it. */
    List<Cidr> reservations();

    /** No setting differs from its default. */
    static IpamSettings defaults() {
        return builder().build();
    }

    static Builder builder() {
        return new Builder();
    }

    /** Collects settings; confined to one thread. */
    final class Builder extends ImmutableIpamSettings.Builder {
        Builder() {}
    }
}
