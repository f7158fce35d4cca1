package io.calico.ipam.internal;

import io.calico.model.net.Cidr;
import io.calico.model.net.IpAddress;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A block: an aligned range of addresses, which of them are taken and by what, and in which order the others are to be
 * used. One record of the datastore, and the unit of compare-and-swap. What is done to a block is done by a {@link
 * BlockEditor}; {@link BlockCodec} is its stored form. Immutable.
 *
 * <p>An <em>ordinal</em> is an address's position in its block, 0 to size - 1. Each ordinal is either in the queue of
 * free ones or points to an attribute entry; each entry is pointed to.
 */
public final class AllocationBlock {
    /** Handle of the addresses that a host keeps back at the ends of a block; compared without regard to case. */
    public static final String RESERVED_HANDLE = "windows-reserved-ipam-handle";

    static final String HOST_PREFIX = "host:";
    static final short FREE = -1;

    private final Parts parts;

    /**
     * What a block consists of. Whoever makes one gives its arrays away.
     *
     * @param affinity {@code host:NAME}, {@code virtual:NAME}, or null: nobody's
     * @param allocations for each ordinal the index of its entry, or {@link #FREE}
     * @param sequence unsigned; null: never had one
     * @param sequences for each ordinal the block's sequence number when it was allocated, 0 if not known
     * @param writeId names the last write of the block; null: written by a program that knows no such thing
     * @param unknown fields of other writers
     */
    @SuppressWarnings("ArrayRecordComponent") // never compared, never shared: shorts and longs, a block may have 4096
    record Parts(
            Cidr cidr,
            @Nullable String affinity,
            @Nullable Timestamp claimTime,
            short[] allocations,
            FreeQueue free,
            List<AttributeEntry> entries,
            @Nullable Long sequence,
            long[] sequences,
            @Nullable String writeId,
            @Nullable Timestamp writtenAt,
            Map<String, JsonValue> unknown) {}

    AllocationBlock(Parts parts) {
        this.parts = parts;
    }

    Parts parts() {
        return parts;
    }

    /** How many addresses a block of that range has: 1 to 4096. */
    public static int sizeOf(Cidr cidr) {
        int hostBits = cidr.version().bits() - cidr.prefixLength();
        if (hostBits > 12) {
            throw new IllegalArgumentException("block " + cidr + " has more than 4096 addresses");
        }
        return 1 << hostBits;
    }

    /**
     * A new block with all addresses free, in ascending order.
     *
     * @param host whom it belongs to from now on
     * @param lastSequence the largest sequence number that a block of this range is known to have had (unsigned), 0 if
     *     none: the new one starts above, even if the clock has been set back
     */
    public static AllocationBlock create(Cidr cidr, String host, Instant now, long lastSequence) {
        int size = sizeOf(cidr);
        short[] allocations = new short[size];
        Arrays.fill(allocations, FREE);
        FreeQueue free = new FreeQueue(size);
        for (int ordinal = 0; ordinal < size; ordinal++) {
            free.append(ordinal);
        }
        long start = nanos(now);
        if (Long.compareUnsigned(start, lastSequence) <= 0) {
            start = lastSequence + 1;
        }
        return new AllocationBlock(new Parts(
                cidr,
                HOST_PREFIX + host,
                Timestamp.of(now),
                allocations,
                free,
                List.of(),
                start,
                new long[size],
                null,
                null,
                Map.of()));
    }

    /** A new block as {@link #create(Cidr, String, Instant, long)} whose ends are kept back. */
    public static AllocationBlock create(Cidr cidr, String host, HostReserve reserve, Instant now, long lastSequence) {
        Parts parts = create(cidr, host, now, lastSequence).parts;
        int size = parts.allocations.length;
        if (reserve.start() + reserve.end() == 0) {
            return new AllocationBlock(parts);
        }
        if (reserve.start() + reserve.end() >= size) {
            throw new IllegalArgumentException("block " + cidr + " is too small for a reserve of " + reserve.start()
                    + " and " + reserve.end() + " addresses");
        }
        for (int ordinal = 0; ordinal < size; ordinal++) {
            if (ordinal < reserve.start() || ordinal >= size - reserve.end()) {
                parts.free.remove(ordinal);
                parts.allocations[ordinal] = 0;
            }
        }
        AttributeEntry entry = AttributeEntry.of(reserve.handle(), JsonValue.of(Map.of("note", reserve.note())), null);
        return new AllocationBlock(new Parts(
                cidr,
                parts.affinity,
                parts.claimTime,
                parts.allocations,
                parts.free,
                List.of(entry),
                parts.sequence,
                parts.sequences,
                null,
                null,
                Map.of()));
    }

    /** Nanoseconds since 1970, unsigned: enough until the year 2554. */
    static long nanos(Instant time) {
        return time.getEpochSecond() * 1_000_000_000L + time.getNano();
    }

    public Cidr cidr() {
        return parts.cidr;
    }

    /** Number of addresses, free or not. */
    public int size() {
        return parts.allocations.length;
    }

    /** The host whom the block belongs to; empty if it is nobody's, or that of something that is no host. */
    public Optional<String> host() {
        return parts.affinity != null && parts.affinity.startsWith(HOST_PREFIX)
                ? Optional.of(parts.affinity.substring(HOST_PREFIX.length()))
                : Optional.empty();
    }

    /** Whether the block belongs to that host. */
    public boolean isOf(String host) {
        return parts.affinity != null
                && parts.affinity.length() == HOST_PREFIX.length() + host.length()
                && parts.affinity.startsWith(HOST_PREFIX)
                && parts.affinity.endsWith(host);
    }

    /** Whether the block belongs to anybody, host or not. */
    public boolean hasAffinity() {
        return parts.affinity != null;
    }

    /** When the present owner claimed the block; empty if not known, which counts as long ago. */
    public Optional<Instant> claimTime() {
        return Optional.ofNullable(parts.claimTime).flatMap(Timestamp::instant);
    }

    /** When the block was written last, to the second; empty if not known. */
    public Optional<Instant> writtenAt() {
        return Optional.ofNullable(parts.writtenAt).flatMap(Timestamp::instant);
    }

    /** Names the last write of the block. */
    public Optional<String> writeId() {
        return Optional.ofNullable(parts.writeId);
    }

    /** Unsigned; rises with every operation on the block. 0: the block never had one. */
    public long sequence() {
        return parts.sequence == null ? 0 : parts.sequence;
    }

    /** How many addresses can be assigned automatically, none kept back. */
    public int freeCount() {
        return parts.free.count();
    }

    /** How many addresses can be assigned automatically. */
    public int freeCount(AddressFilter filter) {
        int count = 0;
        for (int ordinal = parts.free.front(); ordinal >= 0; ordinal = parts.free.after(ordinal)) {
            count += filter.reserves(address(ordinal)) ? 0 : 1;
        }
        return count;
    }

    /** How many addresses the filter keeps back, allocated or not. */
    public int reservedCount(AddressFilter filter) {
        int count = 0;
        for (int ordinal = 0; ordinal < size(); ordinal++) {
            count += filter.reserves(address(ordinal)) ? 1 : 0;
        }
        return count;
    }

    /**
     * Whether nothing is allocated but what the host keeps back. An address that cools down makes a block non-empty.
     */
    public boolean isEmpty() {
        return freeCount() == size() || areReserved(parts.entries);
    }

    /** Whether all of these entries are of what a host keeps back. */
    static boolean areReserved(List<AttributeEntry> entries) {
        for (AttributeEntry entry : entries) {
            String handle = entry.storedHandle();
            if (handle == null || !handle.equalsIgnoreCase(RESERVED_HANDLE)) {
                return false;
            }
        }
        return true;
    }

    /** Whether an address was released and may have to wait before it is used again. */
    public boolean isCooling() {
        for (AttributeEntry entry : parts.entries) {
            if (entry.isCooling()) {
                return true;
            }
        }
        return false;
    }

    /** The address at that position. */
    public IpAddress address(int ordinal) {
        return parts.cidr.first().plus(ordinal);
    }

    /**
     * The position of that address.
     *
     * @throws IllegalArgumentException if the block does not hold it
     */
    public int ordinal(IpAddress address) {
        if (!parts.cidr.contains(address)) {
            throw new IllegalArgumentException("address " + address + " is not in block " + parts.cidr);
        }
        return (int) address.minus(parts.cidr.first());
    }

    /** The entry of an address; empty if it is free. An address that cools down has one. */
    public Optional<AttributeEntry> entry(IpAddress address) {
        short index = parts.allocations[ordinal(address)];
        return index == FREE ? Optional.empty() : Optional.of(parts.entries.get(index));
    }

    /** The sequence number of the address's allocation (unsigned), 0 if it has none. */
    public long sequenceOf(IpAddress address) {
        return parts.sequences[ordinal(address)];
    }

    /** What the allocations point to, in stored order. */
    public List<AttributeEntry> entries() {
        return parts.entries;
    }

    /** The addresses with that handle, ascending. */
    public List<IpAddress> addressesOf(String handle) {
        return allocated().entrySet().stream()
                .filter(a -> a.getValue().hasHandle(handle))
                .map(Map.Entry::getKey)
                .toList();
    }

    /** Everything that is allocated or cooling down, by address ascending. */
    public Map<IpAddress, AttributeEntry> allocated() {
        Map<IpAddress, AttributeEntry> allocated = new LinkedHashMap<>();
        for (int ordinal = 0; ordinal < size(); ordinal++) {
            if (parts.allocations[ordinal] != FREE) {
                allocated.put(address(ordinal), parts.entries.get(parts.allocations[ordinal]));
            }
        }
        return allocated;
    }

    /** How many addresses each handle has in this block. */
    public Map<String, Integer> countByHandle() {
        Map<String, Integer> counts = new LinkedHashMap<>();
        for (AttributeEntry entry : allocated().values()) {
            entry.handle().ifPresent(h -> counts.merge(h, 1, Integer::sum));
        }
        return counts;
    }

    /** An editor over a copy of this block, in which addresses that have cooled down are free. */
    public BlockEditor edit(Instant now, Duration coolDown) {
        return new BlockEditor(this, now, coolDown);
    }

    /** This block with the addresses free that have cooled down; this block itself if there are none. */
    public AllocationBlock normalised(Instant now, Duration coolDown) {
        return isCooling() ? edit(now, coolDown).unwritten() : this;
    }

    @Override
    public String toString() {
        return "block " + parts.cidr + " of " + parts.affinity + ", " + freeCount() + " of " + size()
                + " free, sequence " + Long.toUnsignedString(sequence());
    }
}
