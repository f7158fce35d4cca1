package io.calico.ipam.internal;

import io.calico.model.net.Cidr;
import io.calico.model.net.IpAddress;

/**
 * In which order a host tries the blocks of a pool. Hosts start at different places, so that they do not fight for
 * the same block; all processes of one host take the same order, so that they share a block instead of taking two.
 *
 * <p>With 2^k blocks and h = {@link #hash}(host name): the first candidate is block h mod 2^k, each further one is
 * (h &gt;&gt;&gt; 32 | 1) blocks on, modulo 2^k. The stride is odd, so every block comes once. Nothing is enumerated ahead: an IPv6
 * pool may have 2^58 blocks. Of a pool with more than 2^62 blocks the first 2^62 are used. Immutable.
 */
public final class CandidateOrder {
    private static final int MAX_BITS = 62;

    private final Cidr pool;
    private final int blockPrefixLength;
    private final int hostBits;
    private final long mask;
    private final long start;
    private final long stride;
    private final long inverseStride;

    /**
     * The order of a host in a pool.
     *
     * @param blockPrefixLength not shorter than the pool's prefix, which must hold a block at least
     */
    public CandidateOrder(Cidr pool, int blockPrefixLength, long hash) {
        if (blockPrefixLength < pool.prefixLength()) {
            throw new IllegalArgumentException(
                    "pool " + pool + " is smaller than a block of length " + blockPrefixLength);
        }
        this.pool = pool;
        this.blockPrefixLength = blockPrefixLength;
        this.hostBits = pool.version().bits() - blockPrefixLength;
        this.mask = (1L << Math.min(MAX_BITS, blockPrefixLength - pool.prefixLength())) - 1;
        this.start = hash & mask;
        this.stride = hash >>> 32 | 1;
        this.inverseStride = inverse(stride);
    }

    /** 64-bit FNV-1a of the name's UTF-16 code units, low byte first, then the finishing mix of MurmurHash3. */
    public static long hash(String hostName) {
        long hash = 0xcbf29ce484222325L;
        for (int i = 0; i < hostName.length(); i++) {
            char unit = hostName.charAt(i);
            hash = (hash ^ unit & 0xff) * 0x100000001b3L;
            hash = (hash ^ unit >>> 8) * 0x100000001b3L;
        }
        return mix(hash);
    }

    /** Spreads every bit of the input over all bits of the result. */
    public static long mix(long bits) {
        long hash = bits;
        hash = (hash ^ hash >>> 33) * 0xff51afd7ed558ccdL;
        hash = (hash ^ hash >>> 33) * 0xc4ceb9fe1a85ec53L;
        return hash ^ hash >>> 33;
    }

    /** The inverse of an odd number modulo 2^64, by Newton's iteration: each step doubles the number of right bits. */
    private static long inverse(long odd) {
        long inverse = odd;
        for (int bits = 3; bits < 64; bits *= 2) {
            inverse *= 2 - odd * inverse;
        }
        return inverse;
    }

    /** How many candidates there are. */
    public long size() {
        return mask + 1;
    }

    /** The i-th candidate, i from 0 to {@link #size} - 1. */
    public Cidr candidate(long i) {
        return block(start + i * stride & mask);
    }

    /** The first block of the pool by address. */
    public Cidr first() {
        return block(0);
    }

    private Cidr block(long number) {
        IpAddress base = pool.first();
        IpAddress address = base.isV4()
                ? IpAddress.v4((int) (base.low() + (number << hostBits)))
                : IpAddress.v6(
                        base.high() | (hostBits == 0 ? 0 : number >>> 64 - hostBits), base.low() | number << hostBits);
        return Cidr.of(address, blockPrefixLength);
    }

    /**
     * Which candidate a block is: the inverse of {@link #candidate}.
     *
     * @param block within the pool; one of another size counts as the block at its first address
     * @return {@link Long#MAX_VALUE} if the block lies beyond the first 2^62
     */
    public long rank(Cidr block) {
        long low = block.first().low() ^ pool.first().low();
        long high = block.first().high() ^ pool.first().high();
        boolean beyond = high >>> hostBits != 0;
        long number = hostBits == 0 ? low : low >>> hostBits | high << 64 - hostBits;
        return beyond || number < 0 || number > mask ? Long.MAX_VALUE : (number - start) * inverseStride & mask;
    }
}
