package io.calico.datastore.sqlite;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.calico.datastore.spi.WatchEvent;
import io.calico.datastore.spi.WatchSource.Batch;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What this process has committed lately. A watch that is not behind by more gets it from here; else each commit would make each
 * watch ask the file, and most of them for nothing. Other processes' commits are not here: a watch comes as far as the
 * first of them, and asks the file for that.
 *
 * <pre>
 * writer's transaction:  begin · wrote · wrote · COMMIT → committed
 * </pre>
 *
 * Thread-safe; what belongs to a transaction is confined to the writer's thread.
 */
final class RecentChanges {
    private static final int MOST_COMMITS = 64;
    private static final int MOST_CHARS = 256 << 10;

    private final SortedMap<Long, List<WatchEvent>> underWay = new TreeMap<>();
    private final Object lock = new Object();

    @GuardedBy("lock")
    private final TreeMap<Long, List<WatchEvent>> byRevision = new TreeMap<>();

    @GuardedBy("lock")
    private long chars;

    /** What an earlier transaction wrote and did not commit is forgotten. */
    void begin() {
        underWay.clear();
    }

    /** All that the transaction under way has written at this revision, in the order of keys. */
    void wrote(long revision, List<WatchEvent> events) {
        underWay.put(revision, events);
    }

    /** Before anybody is told of the commit. */
    void committed() {
        synchronized (lock) {
            if (!underWay.isEmpty() && !byRevision.isEmpty() && underWay.firstKey() <= byRevision.lastKey()) {
                // Somebody has put back an older state of the file.
                byRevision.clear();
                chars = 0;
            }
            underWay.forEach((revision, events) -> {
                byRevision.put(revision, events);
                chars += chars(events);
            });
            while (byRevision.size() > MOST_COMMITS || chars > MOST_CHARS) {
                chars -= chars(byRevision.pollFirstEntry().getValue());
            }
        }
        underWay.clear();
    }

    /** Up to this revision, watches are told that it is compacted. */
    void forgetUpTo(long revision) {
        synchronized (lock) {
            while (!byRevision.isEmpty() && byRevision.firstKey() <= revision) {
                chars -= chars(byRevision.pollFirstEntry().getValue());
            }
        }
    }

    /** The file was at this revision when it was asked; what is newer here was committed since, or undone with an older file. */
    void forgetAfter(long revision) {
        synchronized (lock) {
            while (!byRevision.isEmpty() && byRevision.lastKey() > revision) {
                chars -= chars(byRevision.pollLastEntry().getValue());
            }
        }
    }

    /** What comes after the revision without a gap; of the same revision if the file has to be asked. */
    Batch changes(String prefix, long after) {
        List<WatchEvent> changes = new ArrayList<>();
        long seen = after;
        synchronized (lock) {
            for (List<WatchEvent> events = byRevision.get(seen + 1);
                    events != null;
                    events = byRevision.get(seen + 1)) {
                seen++;
                for (WatchEvent event : events) {
                    if (event.key().startsWith(prefix)) {
                        changes.add(event);
                    }
                }
            }
        }
        return new Batch(changes, seen);
    }

    private static long chars(List<WatchEvent> events) {
        long chars = 0;
        for (WatchEvent event : events) {
            chars += event.key().length()
                    + event.current().map(record -> record.value().length()).orElse(0);
        }
        return chars;
    }
}
