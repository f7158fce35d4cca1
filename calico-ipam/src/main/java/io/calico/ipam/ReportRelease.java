package io.calico.ipam;

import io.calico.datastore.StoreKey;
import io.calico.datastore.spi.Datastore;
import io.calico.datastore.spi.DatastoreException;
import io.calico.datastore.spi.Transaction;
import io.calico.model.net.IpAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Releases what several reports, taken at different times, agree that nothing uses. An address must be unused in all of
 * them, with the handle and sequence number of the last; it is released with both, so one that was used again meanwhile is
 * left alone. A handle must have been without addresses in all, at the same revision. Thread-safe.
 */
public final class ReportRelease {
    private final Datastore store;
    private final BlockAllocator allocator;

    /** Releases in that store through that allocator of it. */
    public ReportRelease(Datastore store, BlockAllocator allocator) {
        this.store = store;
        this.allocator = allocator;
    }

    /**
     * What was released.
     *
     * @param addresses are free now
     * @param refused have been used again since the last report, or were released by somebody else
     * @param handles were deleted
     */
    public record Result(List<IpAddress> addresses, List<IpAddress> refused, List<String> handles) {}

    /**
     * Releases what the reports agree on.
     *
     * @param reports oldest first; not empty, all of one cluster
     * @param cluster the name of the cluster that is at hand
     * @throws IllegalArgumentException if a report is of another cluster
     */
    public Result release(List<CheckReport> reports, String cluster) {
        for (CheckReport report : reports) {
            if (!report.cluster().equals(cluster)) {
                throw new IllegalArgumentException(
                        "the report is of cluster '" + report.cluster() + "', this one is '" + cluster + "'");
            }
        }
        List<IpAddress> released = new ArrayList<>();
        List<IpAddress> refused = new ArrayList<>();
        for (CheckReport.Allocation allocation : unusedInAll(reports)) {
            try {
                ReleaseResult result = allocator.release(List.of(allocation.release()));
                released.addAll(result.released());
                refused.addAll(result.notAllocated());
            } catch (IpamException.StaleRelease e) {
                refused.add(allocation.address());
            }
        }
        List<String> handles = new ArrayList<>();
        for (CheckReport.LeakedHandle handle : leakedInAll(reports)) {
            if (delete(handle)) {
                handles.add(handle.id());
            }
        }
        return new Result(released, refused, handles);
    }

    private static List<CheckReport.Allocation> unusedInAll(List<CheckReport> reports) {
        Map<IpAddress, CheckReport.Allocation> due = new HashMap<>();
        List<CheckReport.Allocation> last = reports.get(reports.size() - 1).leaked();
        last.forEach(a -> due.put(a.address(), a));
        for (CheckReport report : reports) {
            Map<IpAddress, CheckReport.Allocation> here = new HashMap<>();
            report.leaked().forEach(a -> here.put(a.address(), a));
            due.values().removeIf(a -> {
                CheckReport.Allocation other = here.get(a.address());
                return other == null
                        || other.sequence() != a.sequence()
                        || !other.handle().equals(a.handle());
            });
        }
        return last.stream().filter(a -> due.containsKey(a.address())).toList();
    }

    private static Set<CheckReport.LeakedHandle> leakedInAll(List<CheckReport> reports) {
        Set<CheckReport.LeakedHandle> due = new LinkedHashSet<>(reports.get(0).leakedHandles());
        reports.forEach(report -> due.retainAll(report.leakedHandles()));
        return due;
    }

    private boolean delete(CheckReport.LeakedHandle handle) {
        String key = new StoreKey.Handle(handle.id()).path();
        try {
            return store.commit(Transaction.builder()
                            .ifUnchanged(key, handle.revision())
                            .delete(key)
                            .build())
                    .committed();
        } catch (DatastoreException e) {
            throw new IpamException.DatastoreUnavailable(
                    "could not delete handle " + handle.id() + ": " + e.getMessage(), e);
        }
    }
}
