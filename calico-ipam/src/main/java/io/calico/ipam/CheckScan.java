package io.calico.ipam;

import io.calico.datastore.StoreKey;
import io.calico.datastore.spi.KeyValue;
import io.calico.ipam.CheckReport.Kind;
import io.calico.ipam.internal.AffinityRow;
import io.calico.ipam.internal.AllocationBlock;
import io.calico.ipam.internal.AllocationHandle;
import io.calico.ipam.internal.AttributeEntry;
import io.calico.ipam.internal.BlockCodec;
import io.calico.ipam.internal.CorruptRecord;
import io.calico.model.net.Cidr;
import io.calico.model.net.IpAddress;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/** The records of one revision, and what is wrong with them. Confined to one thread. */
final class CheckScan {
    /** How long an address may wait for its endpoint: Docker asks for the address before it says for whom. */
    private static final Duration PENDING_GRACE = Duration.ofMinutes(1);

    private final Map<IpAddress, List<String>> users;
    private final Instant now;
    private final long revision;
    private String cluster = "";
    private final NavigableMap<Cidr, AllocationBlock> blocks = new TreeMap<>();
    private final NavigableMap<String, AllocationHandle> handles = new TreeMap<>();
    private final Map<String, Long> handleRevisions = new HashMap<>();
    private final Map<StoreKey.Affinity, AffinityRow> rows = new LinkedHashMap<>();
    private final Map<Cidr, Boolean> pools = new HashMap<>();
    private final Set<String> hosts = new HashSet<>();
    private final Set<String> networks = new HashSet<>();
    private final Set<Cidr> unreadable = new HashSet<>();
    private final List<CheckReport.Problem> problems = new ArrayList<>();

    CheckScan(Map<IpAddress, List<String>> users, Instant now, long revision) {
        this.users = users;
        this.now = now;
        this.revision = revision;
    }

    private void problem(Kind kind, String subject, String text) {
        problems.add(new CheckReport.Problem(kind, subject, text));
    }

    void cluster(String name) {
        cluster = name;
    }

    void host(String name) {
        hosts.add(name);
    }

    void network(String id) {
        networks.add(id);
    }

    void pool(Cidr cidr, boolean active) {
        pools.put(cidr, active);
    }

    void block(Cidr cidr, KeyValue record) {
        List<String> wrong = BlockCodec.check(cidr, record.value(), now);
        if (!wrong.isEmpty()) {
            problem(Kind.INVALID, record.key(), "block " + cidr + ": " + String.join("; ", wrong));
        }
        try {
            BlockCodec.decode(cidr, record.value()).block().ifPresent(b -> blocks.put(cidr, b));
        } catch (CorruptRecord e) {
            unreadable.add(cidr);
        }
    }

    void handle(String id, KeyValue record) {
        try {
            AllocationHandle.decode(id, record.value()).ifPresent(h -> handles.put(id, h));
            handleRevisions.put(id, record.modRevision());
        } catch (CorruptRecord e) {
            problem(Kind.INVALID, record.key(), "handle " + id + ": " + e.reason());
        }
    }

    void row(StoreKey.Affinity key, KeyValue record) {
        AffinityRow.decode(record.value()).ifPresent(row -> rows.put(key, row));
    }

    CheckReport report() {
        List<CheckReport.Allocation> allocations = allocations();
        checkUses(allocations);
        List<CheckReport.LeakedHandle> leaked = checkHandles();
        checkRows();
        checkOverlaps();
        problems.sort(Comparator.comparing(CheckReport.Problem::kind));
        return new CheckReport(cluster, revision, allocations, leaked, blockUses(), problems);
    }

    private List<CheckReport.Allocation> allocations() {
        List<CheckReport.Allocation> all = new ArrayList<>();
        blocks.forEach((cidr, block) -> block.allocated().forEach((address, entry) -> {
            if (!isHostReserve(entry)) {
                all.add(allocation(block, address, entry));
            }
        }));
        all.sort(Comparator.comparing(CheckReport.Allocation::address));
        return all;
    }

    /** What a host keeps back in its blocks is in nobody's use. */
    private static boolean isHostReserve(AttributeEntry entry) {
        return entry.handle()
                .filter(AllocationBlock.RESERVED_HANDLE::equalsIgnoreCase)
                .isPresent();
    }

    private CheckReport.Allocation allocation(AllocationBlock block, IpAddress address, AttributeEntry entry) {
        Optional<Owner> owner = entry.owner().flatMap(StoredForm::owner);
        List<String> usedBy = new ArrayList<>(users.getOrDefault(address, List.of()));
        owner.filter(o -> o.kind().equals(Owner.NETWORK))
                .flatMap(Owner::id)
                .filter(networks::contains)
                .ifPresent(id -> usedBy.add("network " + id));
        owner.filter(o -> o.kind().equals(Owner.ENDPOINT_PENDING) && mayBeYoung(block))
                .ifPresent(o -> usedBy.add("an endpoint that host " + o.node() + " is creating"));
        return new CheckReport.Allocation(
                address,
                block.cidr(),
                block.host(),
                entry.handle(),
                block.sequenceOf(address),
                owner.map(Owner::node),
                owner.map(Owner::kind),
                usedBy,
                UtilisationQuery.isBorrowed(block, entry),
                entry.isCooling());
    }

    /**
     * Whether the block was written so lately that an address in it may have been assigned then; how old each is, is not
     * stored. A time beyond the clock's by more than that says nothing.
     */
    private boolean mayBeYoung(AllocationBlock block) {
        return block.writtenAt()
                .map(at -> Duration.between(at, now).abs().compareTo(PENDING_GRACE) < 0)
                .orElse(false);
    }

    private void checkUses(List<CheckReport.Allocation> allocations) {
        Set<IpAddress> live = new HashSet<>();
        for (CheckReport.Allocation allocation : allocations) {
            if (!allocation.coolingDown()) {
                live.add(allocation.address());
            }
            if (allocation.isLeaked()) {
                problem(
                        Kind.LEAKED,
                        allocation.address().toString(),
                        allocation.address() + " is assigned (handle "
                                + allocation.handle().orElse("<none>") + ", node "
                                + allocation.node().orElse("<none>") + ") and nothing uses it");
            }
        }
        users.forEach((address, usedBy) -> {
            if (usedBy.size() > 1) {
                problem(Kind.SEVERAL_USERS, address.toString(), address + " is used by " + usedBy);
            }
            if (!live.contains(address)) {
                boolean inPool = pools.entrySet().stream()
                        .anyMatch(p -> p.getValue() && p.getKey().contains(address));
                problem(
                        inPool ? Kind.USED_NOT_ALLOCATED_IN_POOL : Kind.USED_NOT_ALLOCATED_OUTSIDE,
                        address.toString(),
                        address + " is used by " + usedBy + " and not assigned, "
                                + (inPool ? "in an active pool" : "in no active pool"));
            }
        });
    }

    private List<CheckReport.LeakedHandle> checkHandles() {
        Map<String, Map<Cidr, Integer>> held = new TreeMap<>();
        blocks.forEach((cidr, block) -> block.countByHandle()
                .forEach((id, count) ->
                        held.computeIfAbsent(id, h -> new HashMap<>()).put(cidr, count)));
        List<CheckReport.LeakedHandle> leaked = new ArrayList<>();
        handles.forEach((id, handle) -> {
            Map<Cidr, Integer> really = held.getOrDefault(id, Map.of());
            // What an unreadable block holds is not known.
            boolean sure = handle.blocks().keySet().stream().noneMatch(unreadable::contains);
            if (sure && really.isEmpty()) {
                leaked.add(new CheckReport.LeakedHandle(id, handleRevisions.getOrDefault(id, 0L)));
                problem(Kind.HANDLE_LEAKED, id, "handle " + id + " has no address");
            } else if (sure && !really.equals(handle.blocks())) {
                problem(
                        Kind.HANDLE_COUNT,
                        id,
                        "handle " + id + " counts " + new TreeMap<>(handle.blocks()) + ", the blocks hold "
                                + new TreeMap<>(really));
            }
        });
        held.keySet().stream()
                .filter(id -> !handles.containsKey(id) && !id.equalsIgnoreCase(AllocationBlock.RESERVED_HANDLE))
                .forEach(id -> problem(Kind.HANDLE_MISSING, id, "handle " + id + " is named by blocks and missing"));
        return leaked;
    }

    private void checkRows() {
        Set<String> unknown = new HashSet<>();
        rows.forEach((key, row) -> {
            AllocationBlock block = blocks.get(key.cidr());
            if (!hosts.isEmpty() && !hosts.contains(key.host()) && unknown.add(key.host())) {
                problem(Kind.UNKNOWN_HOST, key.host(), "host " + key.host() + " has blocks and is not known");
            }
            if (block == null && !unreadable.contains(key.cidr())) {
                problem(Kind.ROW_WITHOUT_BLOCK, key.path(), "row " + key.path() + " has no block");
            } else if (block != null && !block.isOf(key.host())) {
                problem(
                        Kind.ROW_OF_OTHERS_BLOCK,
                        key.path(),
                        "row " + key.path() + " names a block of "
                                + block.host().map(h -> "host " + h).orElse("nobody"));
            } else if (!row.isConfirmed()) {
                problem(Kind.ROW_UNCONFIRMED, key.path(), "row " + key.path() + " is not confirmed");
            }
        });
        blocks.forEach((cidr, block) -> block.host()
                .filter(host -> !rows.containsKey(new StoreKey.Affinity(host, cidr)))
                .ifPresent(host -> problem(
                        Kind.BLOCK_WITHOUT_ROW,
                        new StoreKey.Affinity(host, cidr).path(),
                        "block " + cidr + " belongs to host " + host + ", which has no row of it")));
    }

    private void checkOverlaps() {
        Cidr before = null;
        for (Cidr cidr : blocks.keySet()) {
            if (before != null && before.overlaps(cidr)) {
                problem(Kind.BLOCKS_OVERLAP, cidr.toString(), "block " + cidr + " overlaps block " + before);
            } else {
                before = cidr;
            }
        }
    }

    private List<CheckReport.BlockUse> blockUses() {
        return blocks.values().stream()
                .map(b -> new CheckReport.BlockUse(b.cidr(), b.host(), b.size() - b.freeCount()))
                .toList();
    }
}
