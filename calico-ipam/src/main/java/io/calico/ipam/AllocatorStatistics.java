package io.calico.ipam;

/**
 * What one allocator has done since it was made; every number only rises. Read it as often as you like: it costs nothing
 * and calls no store. How full pools are is {@link BlockAllocator#utilisation}. Immutable.
 *
 * @param assigned addresses assigned
 * @param borrowed of these, how many came from blocks of others by automatic assignment
 * @param released addresses released
 * @param claimed blocks claimed, taken over from others included
 * @param commits transactions sent that were answered
 * @param refused of these, how many were refused because another writer came first; each was tried again
 * @param unknown answers of the store that got lost; each was asked for again
 * @param lost transactions whose outcome could not be found out: addresses that they assigned, if they did, are nobody's,
 *     and {@code calicoctl ipam check} finds them
 * @param batches transactions made for calls that could share one
 * @param joined calls answered by these
 * @param alone calls that needed store calls of their own
 */
public record AllocatorStatistics(
        long assigned,
        long borrowed,
        long released,
        long claimed,
        long commits,
        long refused,
        long unknown,
        long lost,
        long batches,
        long joined,
        long alone) {
    /** How many calls shared a transaction on average: 1 if none did; 0 before the first. */
    public double coalescing() {
        return batches == 0 ? 0 : (double) joined / batches;
    }
}
