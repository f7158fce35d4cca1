package io.calico.ipam;

import io.calico.model.net.IpAddress;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * One address to release, and what it must still be for that.
 *
 * @param handle if present, the address is released only while it has this handle (empty text: no handle)
 * @param sequence if present, the address is released only if it is still the allocation with this sequence number
 *     (unsigned; see {@link AddressInfo#sequence})
 * @param owner if present, the address is released only while it has this owner
 */
public record ReleaseRequest(IpAddress address, Optional<String> handle, OptionalLong sequence, Optional<Owner> owner) {
    /** Release the address if it has that handle and sequence number, whoever owns it. */
    public ReleaseRequest(IpAddress address, Optional<String> handle, OptionalLong sequence) {
        this(address, handle, sequence, Optional.empty());
    }

    /** Release the address, whoever has it. */
    public static ReleaseRequest of(IpAddress address) {
        return new ReleaseRequest(address, Optional.empty(), OptionalLong.empty());
    }

    /** Release the address if it has that handle. */
    public static ReleaseRequest of(IpAddress address, String handle) {
        return new ReleaseRequest(address, Optional.of(handle), OptionalLong.empty());
    }

    /** Release the address if it has that owner. */
    public static ReleaseRequest of(IpAddress address, Owner owner) {
        return new ReleaseRequest(address, Optional.empty(), OptionalLong.empty(), Optional.of(owner));
    }
}
