package io.calico.ipam;

import io.calico.ipam.internal.HostReserve;

/**
 * Addresses at the ends of each new block that a host keeps out of use, as some hosts need for themselves. They are
 * allocated in the block under the handle, and count as in use. A block made without reserve never gets one. Immutable.
 *
 * @param start how many at the beginning, 0 or more
 * @param end how many at the end, 0 or more
 * @param handle handle of the entry that holds them. Only under {@code windows-reserved-ipam-handle} (in any case) does
 *     a block that holds nothing else count as empty
 * @param note what it is for, for people
 */
public record BlockReserve(int start, int end, String handle, String note) {
    public BlockReserve {
        if (start < 0 || end < 0 || handle.isEmpty()) {
            throw new IllegalArgumentException("a reserve needs counts of 0 or more and a handle, not " + start + ", "
                    + end + ", '" + handle + "'");
        }
    }

    /** How many addresses of each block that is. */
    long size() {
        return (long) start + end;
    }

    HostReserve stored() {
        return new HostReserve(start, end, handle, note);
    }
}
