package io.calico.ipam.internal;

/**
 * Addresses at the ends of each new block that a host keeps out of use.
 *
 * @param start how many at the beginning
 * @param end how many at the end
 * @param handle handle of the entry that holds them; a block with no other allocation counts as empty only if this is
 *     {@link AllocationBlock#RESERVED_HANDLE}, in any case
 * @param note what it is for, for people
 */
public record HostReserve(int start, int end, String handle, String note) {
    public HostReserve {
        if (start < 0 || end < 0) {
            throw new IllegalArgumentException("a reserve of " + start + " and " + end + " addresses is negative");
        }
    }
}
