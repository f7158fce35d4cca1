package io.calico.ipam;

/** What became of {@link BlockAllocator#transferOwner handing over an address}. */
public enum TransferResult {
    /** The address is the new owner's, and the rest is written. */
    DONE,
    /** Nothing was written: the address is not assigned, or neither the old owner's nor the new one's. */
    NOT_OWNED,
    /** Nothing was written: a compare of the caller's own transaction did not hold. */
    OTHERS_CHANGED
}
