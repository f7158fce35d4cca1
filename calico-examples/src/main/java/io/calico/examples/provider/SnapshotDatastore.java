package io.calico.examples.provider;

import io.calico.datastore.spi.*;
import io.calico.datastore.spi.WatchSource.Batch;
import java.time.Duration;
import java.util.*;
import org.jspecify.annotations.Nullable;

/** A store that keeps a copy of all its records for each revision: correct, simple, not for many. Thread-safe. */
final class SnapshotDatastore implements Datastore {
    /** How the store was at one revision, and what that revision changed. */
    private record Snapshot(NavigableMap<String, KeyValue> records, List<WatchEvent> changes) {}

    private final String uri;
    private final Object lock = new Object(); // guards all below
    private final NavigableMap<Long, Snapshot> history = new TreeMap<>();
    private final LeaseTable leases = new LeaseTable(lock, this::write, System::nanoTime);
    private final Watches watches = new Watches("snapshot-watch");
    private boolean closed;

    SnapshotDatastore(String uri) {
        this.uri = uri;
        history.put(1L, new Snapshot(new TreeMap<>(KeyOrder.BY_UTF8_BYTES), List.of()));
    }

    @Override
    public Optional<KeyValue> get(String key) {
        synchronized (lock) {
            return Optional.ofNullable(newest().get(TextRules.requireKey(key)));
        }
    }

    @Override
    public Page list(ListRequest request) {
        synchronized (lock) {
            newest();
            long at = request.revision() == 0 ? history.lastKey() : request.revision();
            String from = request.fromKey().orElse(request.prefix());
            List<KeyValue> page = requireKept(at).records().tailMap(from).values().stream()
                    .takeWhile(record -> record.key().startsWith(request.prefix()))
                    .limit(request.limit() + 1L) // one more than wanted, to know where the next page begins
                    .toList();
            Optional<String> next =
                    page.stream().skip(request.limit()).findFirst().map(KeyValue::key);
            return new Page(page.stream().limit(request.limit()).toList(), at, next);
        }
    }

    @Override
    public TransactionResult commit(Transaction transaction) {
        synchronized (lock) {
            Map<String, KeyValue> now = newest();
            leases.require(transaction);
            for (Transaction.Compare compare : transaction.compares()) {
                @Nullable KeyValue record = now.get(compare.key());
                if (compare.modRevision() != (record == null ? 0 : record.modRevision())) {
                    Map<String, Optional<KeyValue>> reads = new HashMap<>();
                    transaction.elseReads().forEach(key -> reads.put(key, Optional.ofNullable(now.get(key))));
                    return new TransactionResult(false, history.lastKey(), reads);
                }
            }
            write(transaction.writes());
            return new TransactionResult(true, history.lastKey(), Map.of());
        }
    }

    private void write(List<Transaction.Write> writes) {
        long next = history.lastKey() + 1;
        NavigableMap<String, KeyValue> records =
                new TreeMap<>(history.lastEntry().getValue().records());
        List<WatchEvent> changes = new ArrayList<>();
        for (Transaction.Write write : writes) {
            @Nullable KeyValue before = records.remove(write.key());
            if (before != null || write.value().isPresent()) {
                long created = before == null ? next : before.createRevision();
                Optional<KeyValue> after = write.value().map(value -> new KeyValue(write.key(), value, created, next));
                after.ifPresent(record -> records.put(record.key(), record));
                leases.written(write);
                changes.add(new WatchEvent(write.key(), after, next));
            }
        }
        if (!changes.isEmpty()) {
            history.put(next, new Snapshot(records, changes));
            history.headMap(next - 2_000).clear(); // the last 1,000 must stay readable
            lock.notifyAll();
        }
    }

    @Override
    public Watch watch(String prefix, long afterRevision, WatchListener listener) {
        TextRules.requirePrefix(prefix);
        return watches.start(afterRevision, after -> awaitChanges(prefix, after), listener);
    }

    private Batch awaitChanges(String prefix, long after) throws InterruptedException {
        synchronized (lock) {
            while (history.lastKey() == after) {
                lock.wait();
            }
            requireKept(after);
            List<WatchEvent> changes = history.tailMap(after, false).values().stream()
                    .flatMap(snapshot -> snapshot.changes().stream())
                    .filter(event -> event.key().startsWith(prefix))
                    .toList();
            return new Batch(changes, history.lastKey());
        }
    }

    private Snapshot requireKept(long revision) {
        @Nullable Snapshot snapshot = history.get(revision);
        if (snapshot == null) {
            long oldest = revision > history.lastKey() ? history.lastKey() : history.firstKey();
            throw new DatastoreException.Compacted("revision " + revision + " is not kept", oldest);
        }
        return snapshot;
    }

    private Map<String, KeyValue> newest() {
        if (closed) {
            throw new DatastoreException.Closed("the store " + uri + " was closed");
        }
        leases.endDue();
        return history.lastEntry().getValue().records();
    }

    void compact() {
        synchronized (lock) {
            history.headMap(history.lastKey()).clear();
        }
    }

    @Override
    public Lease grantLease(Duration timeToLive) {
        return leases.grant(timeToLive, this::newest);
    }

    @Override
    public String uri() {
        return uri;
    }

    @Override
    public void close() {
        watches.close();
        synchronized (lock) {
            closed = true;
        }
    }
}
