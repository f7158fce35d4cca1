package io.calico.ipam;

import io.calico.model.net.Cidr;
import io.calico.model.net.IpAddress;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;

/**
 * What is stored about an assigned address. Immutable.
 *
 * @param block the block that holds it
 * @param blockHost the host whom the block belongs to; empty: nobody
 * @param handle the handle it was assigned with
 * @param attributes the attributes it was assigned with; an absent map and an empty one are different things. A value
 *     that is no string is shown as its JSON text
 * @param owner whom it is for; empty if nobody said
 * @param sequence identifies this allocation (unsigned): a later one of the same address has another. 0: not known
 * @param notAssignedAfter when the block was written last, so that the assignment is at least as old; empty: not known
 */
public record AddressInfo(
        IpAddress address,
        Cidr block,
        Optional<String> blockHost,
        Optional<String> handle,
        Optional<Map<String, String>> attributes,
        Optional<Owner> owner,
        long sequence,
        Optional<Instant> notAssignedAfter) {}
