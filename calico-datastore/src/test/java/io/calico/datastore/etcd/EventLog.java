package io.calico.datastore.etcd;

import static org.awaitility.Awaitility.await;

import io.calico.datastore.spi.DatastoreException;
import io.calico.datastore.spi.WatchEvent;
import io.calico.datastore.spi.WatchListener;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Keeps what a watch tells. Thread-safe. */
final class EventLog implements WatchListener {
    private final List<WatchEvent> events = new ArrayList<>();
    private Optional<DatastoreException> end = Optional.empty();
    private long seen;

    @Override
    public synchronized void onEvents(List<WatchEvent> more, long revision) {
        events.addAll(more);
        seen = revision;
    }

    @Override
    public synchronized void onProgress(long revision) {
        seen = revision;
    }

    @Override
    public synchronized void onCompacted(long oldestRevision) {
        end = Optional.of(new DatastoreException.Compacted("told", oldestRevision));
    }

    @Override
    public synchronized void onEnded(DatastoreException cause) {
        end = Optional.of(cause);
    }

    synchronized List<WatchEvent> events() {
        return List.copyOf(events);
    }

    synchronized Optional<DatastoreException> end() {
        return end;
    }

    synchronized long seen() {
        return seen;
    }

    EventLog awaitRevision(long revision) {
        await().atMost(Duration.ofSeconds(20)).until(() -> seen() >= revision || end().isPresent());
        return this;
    }

    DatastoreException awaitEnd() {
        await().atMost(Duration.ofSeconds(20)).until(() -> end().isPresent());
        return end().orElseThrow();
    }
}
