package io.calico.ipam;

import io.calico.model.json.CalicoStyle;
import io.calico.model.net.Cidr;
import io.calico.model.net.IpVersion;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.immutables.value.Value;

/** What {@link BlockAllocator#autoAssign} is asked for. Immutable. */
@Value.Immutable
@CalicoStyle
public interface AssignRequest {
    /** How many IPv4 addresses, 0 or more. Default 0. */
    @Value.Default
    default int num4() {
        return 0;
    }

    /** How many IPv6 addresses, 0 or more. Default 0. */
    @Value.Default
    default int num6() {
        return 0;
    }

    /**
     * The handle under which all addresses can be found and released again. Cut at the first carriage return; no {@code
     * /}, not empty.
     */
    Optional<String> handle();

    /** Attributes stored with each address. Absent and empty are different things, as in the datastore. */
    Optional<Map<String, String>> attributes();

    /** IPv4 pools to take from, in this order; empty: all, by CIDR text ascending. Only the CIDR is compared. */
    List<Cidr> pools4();

    /** IPv6 pools to take from, in this order; empty: all, by CIDR text ascending. Only the CIDR is compared. */
    List<Cidr> pools6();

    /** Whom the addresses are for. */
    Optional<Owner> owner();

    /**
     * Most blocks of one version that this host may own in these pools; no further block is claimed beyond. The smaller
     * of this and the configured limit counts; absent and nothing configured: no limit.
     */
    Optional<Integer> maxBlocks();

    /**
     * Addresses at the ends of each IPv4 block claimed for this request that are kept out of use; pools whose blocks are
     * no larger than that are passed over.
     */
    Optional<BlockReserve> reserve4();

    /** As {@link #reserve4} for IPv6. */
    Optional<BlockReserve> reserve6();

    /** The reserve of a version. */
    default Optional<BlockReserve> reserve(IpVersion version) {
        return version == IpVersion.V4 ? reserve4() : reserve6();
    }

    /** Whether the request limits the number of blocks. */
    default boolean limitsBlocks() {
        return maxBlocks().isPresent();
    }

    @Value.Check
    default void check() {
        if (num4() < 0 || num6() < 0) {
            throw new IllegalArgumentException(
                    "cannot assign " + num4() + " IPv4 and " + num6() + " IPv6 addresses: a count is negative");
        }
        if (maxBlocks().orElse(1) < 1) {
            throw new IllegalArgumentException("block limit " + maxBlocks().orElse(0) + " is below 1");
        }
        handle().ifPresent(HandleIds::check);
    }

    static Builder builder() {
        return new Builder();
    }

    /** Collects a request; confined to one thread. */
    final class Builder extends ImmutableAssignRequest.Builder {
        Builder() {}
    }
}
