package io.calico.ipam.internal;

import io.calico.model.net.Cidr;
import io.calico.model.net.IpAddress;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * Applies operations to a copy of a block, one after the other; {@link #finish} gives the block to be stored. An operation
 * that fails changes nothing. Each that changes something adds one to the block's sequence number; an allocation keeps
 * the number the block had before that.
 *
 * <p>Confined to one thread.
 */
public final class BlockEditor {
    private final AllocationBlock base;
    private final Instant now;
    private final Duration coolDown;
    private final short[] allocations;
    private final long[] sequences;
    private final FreeQueue free;
    private final List<AttributeEntry> entries;
    /** How many ordinals point to each entry. */
    private int[] uses;
    /**
     * Made when an entry is looked up for the second time: for one it does not pay. Index of each entry, of the first one
     * where a foreign writer stored equal ones.
     */
    private @Nullable Map<AttributeEntry, Integer> index;

    private int lookUps;

    private @Nullable String affinity;
    private @Nullable Timestamp claimTime;
    private long sequence;
    private boolean changed;

    BlockEditor(AllocationBlock base, Instant now, Duration coolDown) {
        this.base = base;
        this.now = now;
        this.coolDown = coolDown;
        AllocationBlock.Parts parts = base.parts();
        allocations = parts.allocations().clone();
        sequences = parts.sequences().clone();
        free = parts.free().copy();
        // With room for what is to come: a list that is full is copied once more.
        entries = new ArrayList<>(parts.entries().size() + 8);
        entries.addAll(parts.entries());
        uses = new int[entries.size() + 1];
        affinity = parts.affinity();
        claimTime = parts.claimTime();
        // A block of a writer without sequence numbers gets one as a new block does.
        sequence = parts.sequence() == null ? AllocationBlock.nanos(now) : parts.sequence();
        countUses();
        freeCooledDown();
    }

    private void countUses() {
        for (short entry : allocations) {
            if (entry != AllocationBlock.FREE) {
                uses[entry]++;
            }
        }
    }

    /** Persisted only with the next write: reading a block writes nothing. */
    private void freeCooledDown() {
        Instant latest = now.minus(coolDown);
        boolean[] due = new boolean[entries.size()];
        boolean any = false;
        for (int i = 0; i < due.length; i++) {
            Timestamp releasedAt = entries.get(i).releasedAt();
            due[i] = releasedAt != null
                    && (coolDown.isZero()
                            || releasedAt
                                    .instant()
                                    .map(at -> !at.isAfter(latest))
                                    .orElse(true));
            any |= due[i] || uses[i] == 0;
        }
        if (!any) {
            return;
        }
        for (int ordinal = 0; ordinal < allocations.length; ordinal++) {
            if (allocations[ordinal] != AllocationBlock.FREE && due[allocations[ordinal]]) {
                toQueue(ordinal);
            }
        }
        dropUnusedEntries();
    }

    /**
     * Takes up to {@code count} addresses from the front of the queue.
     *
     * @param onlyOf insist that the block belongs to this host; null: whoever it belongs to
     * @return in the order taken; fewer than asked for if no more are free
     * @throws BlockRefusal.NoHostAffinity if the block belongs to another host or nobody
     */
    public List<IpAddress> autoAssign(int count, AttributeEntry entry, @Nullable String onlyOf, AddressFilter filter) {
        if (count < 0) {
            throw new IllegalArgumentException("cannot assign " + count + " addresses");
        }
        checkAffinity(onlyOf);
        List<IpAddress> taken = new ArrayList<>();
        int ordinal = free.front();
        while (taken.size() < count && ordinal >= 0) {
            int following = free.after(ordinal);
            IpAddress address = base.address(ordinal);
            if (!filter.reserves(address)) {
                allocate(ordinal, entry);
                taken.add(address);
            }
            ordinal = following;
        }
        if (!taken.isEmpty()) {
            countOperation();
        }
        return taken;
    }

    /**
     * Takes one address. A filter does not hinder it.
     *
     * @param onlyOf as {@link #autoAssign}
     * @throws BlockRefusal.NoHostAffinity if the block belongs to another host or nobody
     * @throws BlockRefusal.AlreadyAssigned if the address is taken, cooling down or kept back for the host
     * @throws IllegalArgumentException if the block does not hold the address
     */
    public void assign(IpAddress address, AttributeEntry entry, @Nullable String onlyOf) {
        checkAffinity(onlyOf);
        int ordinal = base.ordinal(address);
        if (allocations[ordinal] != AllocationBlock.FREE) {
            throw new BlockRefusal.AlreadyAssigned("address " + address + " is taken");
        }
        allocate(ordinal, entry);
        countOperation();
    }

    private void checkAffinity(@Nullable String onlyOf) {
        if (onlyOf != null && !(AllocationBlock.HOST_PREFIX + onlyOf).equals(affinity)) {
            throw new BlockRefusal.NoHostAffinity(
                    "block " + base.cidr() + " belongs to " + affinity + ", not to host " + onlyOf);
        }
    }

    private void allocate(int ordinal, AttributeEntry entry) {
        int at = indexOf(entry);
        free.remove(ordinal);
        allocations[ordinal] = (short) at;
        uses[at]++;
        sequences[ordinal] = sequence;
    }

    private int indexOf(AttributeEntry entry) {
        if (index == null && lookUps++ == 0) {
            int at = entries.indexOf(entry);
            return at < 0 ? append(entry) : at;
        }
        Map<AttributeEntry, Integer> known = index;
        if (known == null) {
            known = new HashMap<>();
            for (int i = 0; i < entries.size(); i++) {
                known.putIfAbsent(entries.get(i), i);
            }
            index = known;
        }
        Integer at = known.get(entry);
        if (at == null) {
            at = append(entry);
            known.put(entry, at);
        }
        return at;
    }

    private int append(AttributeEntry entry) {
        int at = entries.size();
        entries.add(entry);
        if (at == uses.length) {
            uses = Arrays.copyOf(uses, 2 * at);
        }
        return at;
    }

    private void countOperation() {
        sequence++;
        changed = true;
    }

    /**
     * One address to release.
     *
     * @param handle the handle it must have, empty text for none; null: any
     * @param sequence the sequence number it must have; empty: any
     * @param owner the owner it must have; null: any
     */
    public record Release(
            IpAddress address,
            @Nullable String handle,
            OptionalLong sequence,
            @Nullable JsonValue owner) {
        public Release(IpAddress address, @Nullable String handle, OptionalLong sequence) {
            this(address, handle, sequence, null);
        }
    }

    /**
     * What a release did.
     *
     * @param released in the order of the requests
     * @param notAllocated in the order of the requests
     * @param countByHandle how many of the released had which handle
     */
    public record Released(
            List<IpAddress> released, List<IpAddress> notAllocated, Map<String, Integer> countByHandle) {}

    /**
     * Frees addresses. Of requests for the same address the last counts.
     *
     * @throws BlockRefusal.Stale if an allocated address has another handle, sequence number or owner than its request
     *     says
     */
    public Released release(List<Release> requests) {
        Map<IpAddress, Release> unique = new LinkedHashMap<>();
        requests.forEach(r -> unique.put(r.address(), r));
        Released result = new Released(new ArrayList<>(), new ArrayList<>(), new LinkedHashMap<>());
        boolean[] due = new boolean[allocations.length];
        for (Release request : unique.values()) {
            int ordinal = base.ordinal(request.address());
            checkSequence(request, ordinal);
            Optional<AttributeEntry> entry = liveEntry(ordinal);
            if (entry.isEmpty()) {
                result.notAllocated.add(request.address());
                continue;
            }
            checkHandle(request, entry.get());
            checkOwner(request, entry.get());
            due[ordinal] = true;
            result.released.add(request.address());
            entry.get().handle().ifPresent(h -> result.countByHandle.merge(h, 1, Integer::sum));
        }
        if (!result.released.isEmpty()) {
            free(due);
        }
        return result;
    }

    private void checkSequence(Release request, int ordinal) {
        if (request.sequence().isPresent() && request.sequence().getAsLong() != sequences[ordinal]) {
            throw new BlockRefusal.Stale(
                    request.address(),
                    "sequence number",
                    Long.toUnsignedString(sequences[ordinal]),
                    Long.toUnsignedString(request.sequence().getAsLong()));
        }
    }

    private static void checkHandle(Release request, AttributeEntry entry) {
        String expected = entry.handle().orElse("");
        if (request.handle() != null
                && !AllocationHandle.sanitise(request.handle()).equals(expected)) {
            throw new BlockRefusal.Stale(
                    request.address(), "handle", "'" + expected + "'", "'" + request.handle() + "'");
        }
    }

    private static void checkOwner(Release request, AttributeEntry entry) {
        JsonValue wanted = request.owner();
        if (wanted != null && !entry.owner().equals(Optional.of(wanted))) {
            throw new BlockRefusal.Stale(
                    request.address(),
                    "owner",
                    entry.owner().map(JsonValue::text).orElse("nobody"),
                    wanted.text());
        }
    }

    /** Whether {@link #release} would free every one of these addresses, and refuse none. */
    public boolean wouldReleaseAll(List<Release> requests) {
        for (Release request : requests) {
            int ordinal = base.ordinal(request.address());
            Optional<AttributeEntry> entry = liveEntry(ordinal);
            if (entry.isEmpty()) {
                return false;
            }
            try {
                checkSequence(request, ordinal);
                checkHandle(request, entry.get());
                checkOwner(request, entry.get());
            } catch (BlockRefusal.Stale e) {
                return false;
            }
        }
        return true;
    }

    /** How many of these addresses, all allocated, have which handle. */
    public Map<String, Integer> countByHandle(List<Release> requests) {
        Map<String, Integer> counts = new LinkedHashMap<>();
        for (Release request : requests) {
            liveEntry(base.ordinal(request.address()))
                    .flatMap(AttributeEntry::handle)
                    .ifPresent(h -> counts.merge(h, 1, Integer::sum));
        }
        return counts;
    }

    /** How many addresses have that handle. */
    public int countOf(String handle) {
        int count = 0;
        for (int i = 0; i < entries.size(); i++) {
            count += !entries.get(i).isCooling() && entries.get(i).hasHandle(handle) ? uses[i] : 0;
        }
        return count;
    }

    /** Whether an address is allocated and not cooling down. */
    public boolean isAllocated(IpAddress address) {
        return liveEntry(base.ordinal(address)).isPresent();
    }

    /** The sequence number of the address's allocation (unsigned), 0 if it has none. */
    public long sequenceOf(IpAddress address) {
        return sequences[base.ordinal(address)];
    }

    /** How many addresses can be assigned automatically. */
    public int freeCount(AddressFilter filter) {
        if (filter == AddressFilter.NONE || free.count() == 0) {
            return free.count();
        }
        int count = 0;
        for (int ordinal = free.front(); ordinal >= 0; ordinal = free.after(ordinal)) {
            count += filter.reserves(base.address(ordinal)) ? 0 : 1;
        }
        return count;
    }

    /** The entry of an ordinal that is allocated and not cooling down. */
    private Optional<AttributeEntry> liveEntry(int ordinal) {
        short at = allocations[ordinal];
        return at == AllocationBlock.FREE || entries.get(at).isCooling()
                ? Optional.empty()
                : Optional.of(entries.get(at));
    }

    /**
     * Frees all addresses with that handle.
     *
     * @param handle sanitised
     * @param onlyWith if present, only those whose sequence number this is
     * @return the addresses freed, ascending
     */
    public List<IpAddress> releaseByHandle(String handle, OptionalLong onlyWith) {
        boolean[] due = new boolean[allocations.length];
        List<IpAddress> released = new ArrayList<>();
        for (int ordinal = 0; ordinal < allocations.length; ordinal++) {
            boolean right = onlyWith.isEmpty() || onlyWith.getAsLong() == sequences[ordinal];
            if (right && liveEntry(ordinal).filter(e -> e.hasHandle(handle)).isPresent()) {
                due[ordinal] = true;
                released.add(base.address(ordinal));
            }
        }
        if (!released.isEmpty()) {
            free(due);
        }
        return released;
    }

    /** In ascending order: to the back of the queue, or to one common entry if they must cool down first. */
    private void free(boolean[] due) {
        int coolingEntry = coolDown.isZero() ? -1 : indexOf(AttributeEntry.coolingSince(now));
        for (int ordinal = 0; ordinal < due.length; ordinal++) {
            if (!due[ordinal]) {
                continue;
            }
            sequences[ordinal] = 0;
            if (coolingEntry < 0) {
                toQueue(ordinal);
            } else {
                uses[allocations[ordinal]]--;
                allocations[ordinal] = (short) coolingEntry;
                uses[coolingEntry]++;
            }
        }
        dropUnusedEntries();
        countOperation();
    }

    private void toQueue(int ordinal) {
        short at = allocations[ordinal];
        uses[at]--;
        allocations[ordinal] = AllocationBlock.FREE;
        sequences[ordinal] = 0;
        free.append(ordinal);
    }

    /** The others keep their order. */
    private void dropUnusedEntries() {
        int[] renumbered = new int[entries.size()];
        int kept = 0;
        for (int i = 0; i < renumbered.length; i++) {
            renumbered[i] = kept;
            if (uses[i] > 0) {
                entries.set(kept, entries.get(i));
                uses[kept] = uses[i];
                kept++;
            }
        }
        if (kept == renumbered.length) {
            return;
        }
        entries.subList(kept, entries.size()).clear();
        Arrays.fill(uses, kept, renumbered.length, 0);
        index = null;
        for (int ordinal = 0; ordinal < allocations.length; ordinal++) {
            if (allocations[ordinal] != AllocationBlock.FREE) {
                allocations[ordinal] = (short) renumbered[allocations[ordinal]];
            }
        }
    }

    /**
     * Says anew whom an allocated address is for; its allocation stays the same one.
     *
     * @return false if the address is not allocated
     */
    public boolean bindOwner(IpAddress address, JsonValue owner) {
        int ordinal = base.ordinal(address);
        Optional<AttributeEntry> entry = liveEntry(ordinal);
        if (entry.isEmpty()) {
            return false;
        }
        AttributeEntry bound = entry.get().withOwner(owner);
        if (!bound.equals(entry.get())) {
            int at = indexOf(bound);
            uses[allocations[ordinal]]--;
            uses[at]++;
            allocations[ordinal] = (short) at;
            dropUnusedEntries();
            countOperation();
        }
        return true;
    }

    /** Makes the block nobody's. */
    public void dropAffinity() {
        affinity = null;
        claimTime = null;
        countOperation();
    }

    /** Counts as an operation that changes nothing: the block gets a new revision, and what read it before must fail. */
    public void touch() {
        countOperation();
    }

    /** The block's range. */
    public Cidr cidr() {
        return base.cidr();
    }

    /** Whether an operation changed anything. */
    public boolean isChanged() {
        return changed;
    }

    /** Whether nothing is allocated but what the host keeps back; see {@link AllocationBlock#isEmpty}. */
    public boolean isEmpty() {
        return free.count() == allocations.length || AllocationBlock.areReserved(entries);
    }

    /** Whether the block belongs to anybody. */
    public boolean hasAffinity() {
        return affinity != null;
    }

    /** Number of addresses, free or not. */
    public int size() {
        return allocations.length;
    }

    /** The block as it would be, for looking at. */
    public AllocationBlock unwritten() {
        return build(base.parts().writeId(), base.parts().writtenAt());
    }

    /**
     * The block to be stored.
     *
     * @param writeId names this write and no other
     */
    public AllocationBlock finish(String writeId) {
        return build(writeId, Timestamp.of(now));
    }

    private AllocationBlock build(@Nullable String writeId, @Nullable Timestamp writtenAt) {
        return new AllocationBlock(new AllocationBlock.Parts(
                base.cidr(),
                affinity,
                claimTime,
                allocations.clone(),
                free.copy(),
                List.copyOf(entries),
                sequence,
                sequences.clone(),
                writeId,
                writtenAt,
                base.parts().unknown()));
    }
}
