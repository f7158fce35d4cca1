package io.calico.ipam;

import io.calico.model.net.Cidr;
import io.calico.model.net.IpAddress;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;

/**
 * What a check found, all of it at one revision of the store. {@link CheckReportJson} writes and reads it. Immutable.
 *
 * @param cluster names the cluster, so that a report is not used on another one; empty: it has no name
 * @param revision of the store
 * @param allocations every address that is assigned or cooling down, ascending
 * @param leakedHandles handles without any address, by id
 * @param blocks number of allocations by block and owner, by address of the block
 * @param problems everything that is not as it should be, by kind
 */
public record CheckReport(
        String cluster,
        long revision,
        List<Allocation> allocations,
        List<LeakedHandle> leakedHandles,
        List<BlockUse> blocks,
        List<Problem> problems) {
    public CheckReport {
        allocations = List.copyOf(allocations);
        leakedHandles = List.copyOf(leakedHandles);
        blocks = List.copyOf(blocks);
        problems = List.copyOf(problems);
    }

    /** What is assigned and not used by anything. */
    public List<Allocation> leaked() {
        return allocations.stream().filter(Allocation::isLeaked).toList();
    }

    /** The problems of a kind. */
    public List<Problem> problems(Kind kind) {
        return problems.stream().filter(p -> p.kind() == kind).toList();
    }

    /** How many problems count as such: all but handles that are named by blocks and missing. */
    public long problemCount() {
        return problems.stream().filter(p -> p.kind() != Kind.HANDLE_MISSING).count();
    }

    /** How many allocations each host has, by the owners of the addresses, else of their blocks; empty name: nobody's. */
    public Map<String, Long> allocationsByHost() {
        Map<String, Long> counts = new TreeMap<>();
        allocations.stream()
                .filter(a -> !a.coolingDown())
                .forEach(a -> counts.merge(a.node().or(a::blockHost).orElse(""), 1L, Long::sum));
        return counts;
    }

    /** What can be wrong. */
    public enum Kind {
        /** An address is assigned and nothing uses it. */
        LEAKED,
        /** An address is in use, not assigned, and lies in an active pool. */
        USED_NOT_ALLOCATED_IN_POOL,
        /** An address is in use, not assigned, and lies in no active pool. */
        USED_NOT_ALLOCATED_OUTSIDE,
        /** Two things use one address. */
        SEVERAL_USERS,
        /** A handle has no address. */
        HANDLE_LEAKED,
        /** A block names a handle that does not exist. */
        HANDLE_MISSING,
        /** A handle counts other than its blocks hold. */
        HANDLE_COUNT,
        /** A record cannot be read, or cannot be true. */
        INVALID,
        /** A confirmed row names a block that does not exist. */
        ROW_WITHOUT_BLOCK,
        /** A row names a block that is not the host's. */
        ROW_OF_OTHERS_BLOCK,
        /** A row has not been confirmed. */
        ROW_UNCONFIRMED,
        /** A block belongs to a host that has no row of it. */
        BLOCK_WITHOUT_ROW,
        /** Rows or blocks of a host that the cluster does not know. */
        UNKNOWN_HOST,
        /** Two blocks share an address. */
        BLOCKS_OVERLAP
    }

    /**
     * One thing that is wrong.
     *
     * @param subject the address, key or host it is about
     * @param text one sentence for people
     */
    public record Problem(Kind kind, String subject, String text) {}

    /**
     * One address that is not free.
     *
     * @param sequence of the allocation (unsigned); 0: none
     * @param node host that it was assigned for, if the owner says so
     * @param type kind of owner, if there is one
     * @param users what uses it; an endpoint that is being created counts for a minute after the block was written
     * @param borrowed whether the block belongs to another host than the node
     */
    public record Allocation(
            IpAddress address,
            Cidr block,
            Optional<String> blockHost,
            Optional<String> handle,
            long sequence,
            Optional<String> node,
            Optional<String> type,
            List<String> users,
            boolean borrowed,
            boolean coolingDown) {
        public Allocation {
            users = List.copyOf(users);
        }

        public boolean isLeaked() {
            return users.isEmpty() && !coolingDown;
        }

        /** The release that frees exactly this allocation and no later one of the address. */
        public ReleaseRequest release() {
            return new ReleaseRequest(
                    address,
                    Optional.of(handle.orElse("")),
                    sequence == 0 ? OptionalLong.empty() : OptionalLong.of(sequence));
        }
    }

    /** A handle without addresses, and when its record was written. */
    public record LeakedHandle(String id, long revision) {}

    /** How much of a block is assigned. */
    public record BlockUse(Cidr cidr, Optional<String> host, int allocations) {}
}
