package io.calico.datastore.memory;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.calico.datastore.spi.DatastoreException;
import io.calico.datastore.spi.KeyOrder;
import io.calico.datastore.spi.KeyValue;
import io.calico.datastore.spi.ListRequest;
import io.calico.datastore.spi.Page;
import io.calico.datastore.spi.Transaction;
import io.calico.datastore.spi.Transaction.Compare;
import io.calico.datastore.spi.Transaction.Write;
import io.calico.datastore.spi.TransactionResult;
import io.calico.datastore.spi.WatchEvent;
import io.calico.datastore.spi.WatchSource.Batch;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * What one or more clients share. After {@code put /a; put /b; delete /a} on a new store (whose revision is 1):
 *
 * <pre>
 * versions   /a → [2 "x", 4 deleted]    /b → [3 "y"]      every version since the oldest readable revision, by key
 * log        (2: /a) (3: /b) (4: /a deleted)              what watches read
 * leases     id → deadline, keys                          keys whose newest version was put under it
 * </pre>
 *
 * {@code versions} is the truth; {@code log} holds the same changes by revision. Compacting to revision c cuts the log
 * up to c, and of each key the versions before the one that was current at c.
 *
 * <p>Thread-safe; one lock. A daemon thread ends leases in time; it runs only while there are leases.
 */
final class MemoryContent {
    /** How long every revision stays, however fast writers are. */
    private static final long KEPT_NANOS = TimeUnit.SECONDS.toNanos(1);

    /** A watch is handed at most about this many events at once. */
    private static final int BATCH = 1_000;

    private final LongSupplier nanoTime;
    private final int keptRevisions;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final Condition leasesChanged = lock.newCondition();

    @GuardedBy("lock")
    private final NavigableMap<String, Deque<Version>> versions = new TreeMap<>(KeyOrder.BY_UTF8_BYTES);

    @GuardedBy("lock")
    private final NavigableMap<Long, Change> log = new TreeMap<>();

    @GuardedBy("lock")
    private final Map<String, LeaseState> leases = new HashMap<>();

    @GuardedBy("lock")
    private long revision = 1;

    /** The oldest revision that can be read, or watched from. */
    @GuardedBy("lock")
    private long compacted;

    @GuardedBy("lock")
    private long leasesGranted;

    @GuardedBy("lock")
    private @Nullable Thread leaseThread;

    /** One state of a key; no record: it was deleted. */
    private record Version(
            long revision,
            @Nullable KeyValue record,
            @Nullable String lease) {}

    /** One transaction. */
    private record Change(long nanos, List<WatchEvent> events) {}

    /** Confined to the lock. */
    private static final class LeaseState {
        private long deadline;
        private final Set<String> keys = new LinkedHashSet<>();

        private LeaseState(long deadline) {
            this.deadline = deadline;
        }
    }

    MemoryContent(LongSupplier nanoTime, int keptRevisions) {
        this.nanoTime = nanoTime;
        this.keptRevisions = keptRevisions;
    }

    Optional<KeyValue> get(String key) {
        lock.lock();
        try {
            endDueLeases();
            return current(key);
        } finally {
            lock.unlock();
        }
    }

    Page list(ListRequest request) {
        lock.lock();
        try {
            endDueLeases();
            long at = request.revision() == 0 ? revision : request.revision();
            requireReadable(at);
            List<KeyValue> records = new ArrayList<>();
            String from = request.fromKey().orElse(request.prefix());
            for (Map.Entry<String, Deque<Version>> entry :
                    versions.tailMap(from, true).entrySet()) {
                if (!entry.getKey().startsWith(request.prefix())) {
                    break;
                }
                @Nullable KeyValue record = at(entry.getValue(), at);
                if (record != null) {
                    if (records.size() == request.limit()) {
                        return new Page(records, at, Optional.of(record.key()));
                    }
                    records.add(record);
                }
            }
            return new Page(records, at, Optional.empty());
        } finally {
            lock.unlock();
        }
    }

    TransactionResult commit(Transaction transaction) {
        lock.lock();
        try {
            endDueLeases();
            for (Write write : transaction.writes()) {
                if (write.lease().isPresent()) {
                    lease(write.lease().get().id());
                }
            }
            for (Compare compare : transaction.compares()) {
                if (current(compare.key()).map(KeyValue::modRevision).orElse(0L) != compare.modRevision()) {
                    Map<String, Optional<KeyValue>> reads = new HashMap<>();
                    transaction.elseReads().forEach(key -> reads.put(key, current(key)));
                    return new TransactionResult(false, revision, reads);
                }
            }
            write(transaction.writes());
            return new TransactionResult(true, revision, Map.of());
        } finally {
            lock.unlock();
        }
    }

    /** Waits for changes after the revision; see {@link io.calico.datastore.spi.WatchSource#next}. */
    Batch awaitChanges(String prefix, long after) throws InterruptedException {
        lock.lockInterruptibly();
        try {
            requireReadable(after);
            while (revision == after) {
                changed.await();
                requireReadable(after);
            }
            List<WatchEvent> events = new ArrayList<>();
            for (Map.Entry<Long, Change> change : log.tailMap(after, false).entrySet()) {
                for (WatchEvent event : change.getValue().events()) {
                    if (event.key().startsWith(prefix)) {
                        events.add(event);
                    }
                }
                if (events.size() >= BATCH) {
                    return new Batch(events, change.getKey());
                }
            }
            return new Batch(events, revision);
        } finally {
            lock.unlock();
        }
    }

    void compact() {
        lock.lock();
        try {
            while (!log.isEmpty()) {
                forgetOldest();
            }
            compacted = revision;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    String grant(Duration timeToLive) {
        lock.lock();
        try {
            String id = "m" + ++leasesGranted;
            leases.put(id, new LeaseState(nanoTime.getAsLong() + timeToLive.toNanos()));
            if (leaseThread == null) {
                leaseThread = new Thread(this::endLeasesInTime, "calico-memory-lease-1");
                leaseThread.setDaemon(true);
                leaseThread.start();
            }
            leasesChanged.signal();
            return id;
        } finally {
            lock.unlock();
        }
    }

    void keepAlive(String lease, Duration timeToLive) {
        lock.lock();
        try {
            endDueLeases();
            lease(lease).deadline = nanoTime.getAsLong() + timeToLive.toNanos();
        } finally {
            lock.unlock();
        }
    }

    void revoke(String lease) {
        lock.lock();
        try {
            endLease(lease);
        } finally {
            lock.unlock();
        }
    }

    @GuardedBy("lock")
    private Optional<KeyValue> current(String key) {
        @Nullable Deque<Version> ofKey = versions.get(key);
        return ofKey == null
                ? Optional.empty()
                : Optional.ofNullable(ofKey.getLast().record());
    }

    private static @Nullable KeyValue at(Deque<Version> ofKey, long revision) {
        Iterator<Version> newestFirst = ofKey.descendingIterator();
        while (newestFirst.hasNext()) {
            Version version = newestFirst.next();
            if (version.revision() <= revision) {
                return version.record();
            }
        }
        return null;
    }

    @GuardedBy("lock")
    private void requireReadable(long at) {
        if (at < compacted) {
            throw new DatastoreException.Compacted(
                    "revision " + at + " was compacted; the oldest is " + compacted, compacted);
        }
        if (at > revision) {
            throw new DatastoreException.Compacted(
                    "revision " + at + " is not one of this store, which is at " + revision, revision);
        }
    }

    @GuardedBy("lock")
    private LeaseState lease(String id) {
        @Nullable LeaseState state = leases.get(id);
        if (state == null) {
            throw new DatastoreException.NotFound("lease " + id + " has ended");
        }
        return state;
    }

    @GuardedBy("lock")
    private void write(List<Write> writes) {
        long next = revision + 1;
        List<WatchEvent> events = new ArrayList<>();
        for (Write write : writes) {
            Optional<KeyValue> before = current(write.key());
            if (write.value().isEmpty() && before.isEmpty()) {
                continue;
            }
            long created = before.map(KeyValue::createRevision).orElse(next);
            Optional<KeyValue> after = write.value().map(value -> new KeyValue(write.key(), value, created, next));
            moveToLease(write);
            versions.computeIfAbsent(write.key(), key -> new ArrayDeque<>())
                    .addLast(new Version(
                            next,
                            after.orElse(null),
                            write.lease().map(lease -> lease.id()).orElse(null)));
            events.add(new WatchEvent(write.key(), after, next));
        }
        if (!events.isEmpty()) {
            revision = next;
            long now = nanoTime.getAsLong();
            log.put(next, new Change(now, List.copyOf(events)));
            while (log.size() > keptRevisions
                    && now - log.firstEntry().getValue().nanos() > KEPT_NANOS) {
                forgetOldest();
            }
            changed.signalAll();
        }
    }

    @GuardedBy("lock")
    private void moveToLease(Write write) {
        @Nullable Deque<Version> ofKey = versions.get(write.key());
        @Nullable String before = ofKey == null ? null : ofKey.getLast().lease();
        if (before != null && leases.containsKey(before)) {
            lease(before).keys.remove(write.key());
        }
        if (write.lease().isPresent()) {
            lease(write.lease().get().id()).keys.add(write.key());
        }
    }

    /** Compacts to the oldest change of the log. */
    @GuardedBy("lock")
    private void forgetOldest() {
        Map.Entry<Long, Change> oldest = log.pollFirstEntry();
        compacted = oldest.getKey();
        for (WatchEvent event : oldest.getValue().events()) {
            @Nullable Deque<Version> ofKey = versions.get(event.key());
            if (ofKey == null) {
                continue;
            }
            while (ofKey.getFirst().revision() < compacted) {
                ofKey.removeFirst();
            }
            if (ofKey.getFirst().record() == null) {
                ofKey.removeFirst();
            }
            if (ofKey.isEmpty()) {
                versions.remove(event.key());
            }
        }
    }

    @GuardedBy("lock")
    private void endLease(String id) {
        @Nullable LeaseState ended = leases.get(id);
        if (ended != null) {
            // The state must still be there: each delete takes its key out of it.
            write(ended.keys.stream()
                    .map(key -> new Write(key, Optional.empty(), Optional.empty()))
                    .toList());
            leases.remove(id);
        }
    }

    @GuardedBy("lock")
    private void endDueLeases() {
        if (leases.isEmpty()) {
            return;
        }
        long now = nanoTime.getAsLong();
        List<String> due = leases.entrySet().stream()
                .filter(lease -> now - lease.getValue().deadline >= 0)
                .map(Map.Entry::getKey)
                .toList();
        due.forEach(this::endLease);
    }

    private void endLeasesInTime() {
        lock.lock();
        try {
            endLeasesUntilNoneIsLeft();
            leaseThread = null;
        } finally {
            lock.unlock();
        }
    }

    @GuardedBy("lock")
    private void endLeasesUntilNoneIsLeft() {
        while (!leases.isEmpty()) {
            endDueLeases();
            long now = nanoTime.getAsLong();
            OptionalLong wait = leases.values().stream()
                    .mapToLong(lease -> lease.deadline - now)
                    .min();
            try {
                if (wait.isPresent()) {
                    leasesChanged.awaitNanos(wait.getAsLong());
                }
            } catch (InterruptedException e) {
                // Nobody has a reason to interrupt this thread; without it leases still end at the next call.
                Thread.currentThread().interrupt();
                return;
            }
        }
    }
}
