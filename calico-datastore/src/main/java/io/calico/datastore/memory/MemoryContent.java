package io.calico.datastore.memory;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.calico.datastore.spi.DatastoreException;
import io.calico.datastore.spi.KeyOrder;
import io.calico.datastore.spi.KeyValue;
import io.calico.datastore.spi.Lease;
import io.calico.datastore.spi.LeaseTable;
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
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * What one or more clients share. After {@code put /a; put /b; delete /a} on a new store (whose revision is 1):
 *
 * <pre>
 * versions   /a → [2 "x", 4 deleted]    /b → [3 "y"]      every version since the oldest readable revision, by key
 * log        (2: /a) (3: /b) (4: /a deleted)              what watches read
 * </pre>
 *
 * {@code versions} is the truth; {@code log} holds the same changes by revision. Compacting to revision c cuts the log
 * up to c, and of each key the versions before the one that was current at c.
 *
 * <p>Thread-safe; one lock.
 */
final class MemoryContent {
    /** How long every revision stays, however fast writers are. */
    private static final long KEPT_NANOS = TimeUnit.SECONDS.toNanos(1);

    /** A watch is handed at most about this many events at once. */
    private static final int BATCH = 1_000;

    private final LongSupplier nanoTime;
    private final int keptRevisions;
    private final Object lock = new Object();
    private final LeaseTable leases;

    @GuardedBy("lock")
    private final NavigableMap<String, Deque<Version>> versions = new TreeMap<>(KeyOrder.BY_UTF8_BYTES);

    @GuardedBy("lock")
    private final NavigableMap<Long, Change> log = new TreeMap<>();

    @GuardedBy("lock")
    private long revision = 1;

    /** The oldest revision that can be read, or watched from. */
    @GuardedBy("lock")
    private long compacted;

    /** One state of a key; no record: it was deleted. */
    private record Version(long revision, @Nullable KeyValue record) {}

    /** One transaction. */
    private record Change(long nanos, List<WatchEvent> events) {}

    MemoryContent(LongSupplier nanoTime, int keptRevisions) {
        this.nanoTime = nanoTime;
        this.keptRevisions = keptRevisions;
        this.leases = new LeaseTable(lock, this::deleteUnderLock, nanoTime);
    }

    Optional<KeyValue> get(String key) {
        synchronized (lock) {
            leases.endDue();
            return current(key);
        }
    }

    Page list(ListRequest request) {
        synchronized (lock) {
            leases.endDue();
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
        }
    }

    TransactionResult commit(Transaction transaction) {
        synchronized (lock) {
            leases.endDue();
            leases.require(transaction);
            for (Compare compare : transaction.compares()) {
                if (current(compare.key()).map(KeyValue::modRevision).orElse(0L) != compare.modRevision()) {
                    Map<String, Optional<KeyValue>> reads = new HashMap<>();
                    transaction.elseReads().forEach(key -> reads.put(key, current(key)));
                    return new TransactionResult(false, revision, reads);
                }
            }
            write(transaction.writes());
            return new TransactionResult(true, revision, Map.of());
        }
    }

    /** Waits for changes after the revision; see {@link io.calico.datastore.spi.WatchSource#next}. */
    Batch awaitChanges(String prefix, long after) throws InterruptedException {
        synchronized (lock) {
            requireReadable(after);
            while (revision == after) {
                lock.wait();
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
        }
    }

    void compact() {
        synchronized (lock) {
            while (!log.isEmpty()) {
                forgetOldest();
            }
            compacted = revision;
            lock.notifyAll();
        }
    }

    Lease grant(Duration timeToLive, Runnable requireOpen) {
        return leases.grant(timeToLive, requireOpen);
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

    /** The table of leases calls this while it holds the lock; a monitor may be entered again. */
    private void deleteUnderLock(List<Write> deletes) {
        synchronized (lock) {
            write(deletes);
        }
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
            leases.written(write);
            versions.computeIfAbsent(write.key(), key -> new ArrayDeque<>())
                    .addLast(new Version(next, after.orElse(null)));
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
            lock.notifyAll();
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
}
