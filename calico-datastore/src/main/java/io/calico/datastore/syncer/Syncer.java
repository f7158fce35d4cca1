package io.calico.datastore.syncer;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.calico.datastore.Keys;
import io.calico.datastore.spi.Datastore;
import io.calico.datastore.spi.DatastoreException;
import io.calico.datastore.spi.KeyValue;
import io.calico.datastore.spi.ListRequest;
import io.calico.datastore.spi.Page;
import io.calico.datastore.spi.TextRules;
import io.calico.datastore.spi.Watch;
import io.calico.datastore.spi.WatchEvent;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Follows the records under some prefixes and keeps a listener equal to them.
 *
 * <pre>
 *            ┌────────────── compacted ──────────────┐
 *            ▼                                        │
 * start ─▶ snapshot ── all delivered ──▶ watch from its revision ──▶ changes …
 *            ▲                                 ▲      │
 *            └ fails: pause, again             └──────┘ lost: pause, again from the last revision seen
 * </pre>
 *
 * <p>The invariant: {@code known} holds, by key, the revision the listener was last told, so a snapshot taken at any later
 * time is delivered as its differences, deletes included, and nothing is delivered twice. There is one watch, on what the
 * prefixes have in common, so that order and transactions hold across all of them.
 *
 * <p>What goes wrong in the field: connections die (resume, with pauses that grow), the store compacts while we are away
 * (differences), the store was replaced by an older copy (the same: revisions differ), the listener is slow (only the last
 * change of each key waits), the listener throws (its keys are delivered again).
 *
 * <p>Thread-safe; callbacks come on one thread of its own, {@code calico-syncer-1}.
 */
public final class Syncer implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Syncer.class);
    private static final Duration CLOSE_WAIT = Duration.ofSeconds(5);
    /** So that after an outage of any length this host is up to date within seconds. */
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(2);

    private static final int PAGE = 1000;

    private final Datastore store;
    private final List<String> prefixes;
    private final String watchPrefix;
    private final SyncerListener listener;
    private final Backoff backoff;
    private final Thread thread = new Thread(this::run, "calico-syncer-1");
    private final Object lock = new Object();

    @GuardedBy("lock")
    private boolean started;

    @GuardedBy("lock")
    private boolean closed;

    @GuardedBy("lock")
    private boolean inListener;

    // The rest is confined to the thread.
    private final Map<String, Long> known = new HashMap<>();
    private long seen;
    private boolean snapshotNeeded = true;
    private int failures;
    private @Nullable SyncStatus status;

    /**
     * A syncer with growing pauses of at most 2 s.
     *
     * @param prefixes one or more, each starting and ending with {@code /}
     */
    public Syncer(Datastore store, List<String> prefixes, SyncerListener listener) {
        this(store, prefixes, listener, Backoff.exponential(LONGEST_PAUSE, new Random()));
    }

    /** A syncer with other pauses. */
    public Syncer(Datastore store, List<String> prefixes, SyncerListener listener, Backoff backoff) {
        if (prefixes.isEmpty()) {
            throw new IllegalArgumentException("no prefix to follow");
        }
        prefixes.forEach(TextRules::requirePrefix);
        this.store = store;
        this.prefixes = withoutNested(prefixes);
        this.watchPrefix = commonPrefix(this.prefixes);
        this.listener = listener;
        this.backoff = backoff;
        this.thread.setDaemon(true);
    }

    /**
     * Starts to follow the store; returns at once.
     *
     * @throws IllegalStateException if it was started or closed before
     */
    public void start() {
        synchronized (lock) {
            if (started || closed) {
                throw new IllegalStateException("a syncer starts once");
            }
            started = true;
            thread.start();
        }
    }

    /** Stops following; no callback begins after it has returned. May be called from a callback. Idempotent, bounded. */
    @Override
    public void close() {
        synchronized (lock) {
            if (!closed) {
                closed = true;
                if (!inListener) {
                    thread.interrupt();
                }
            }
        }
        if (Thread.currentThread() == thread) {
            return;
        }
        try {
            thread.join(CLOSE_WAIT.toMillis());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void run() {
        try {
            report(SyncStatus.CONNECTING);
            while (true) {
                try {
                    if (snapshotNeeded) {
                        deliverSnapshot();
                    }
                    follow();
                } catch (DatastoreException.Closed e) {
                    LOG.info("The store {} was closed; its syncer ends", store.uri());
                    return;
                } catch (DatastoreException.Compacted e) {
                    LOG.info("{}: {}; reading a snapshot", store.uri(), e.getMessage());
                    snapshotNeeded = true;
                    boolean isFollower = status == SyncStatus.IN_SYNC;
                    if (isFollower) {
                        report(SyncStatus.RESYNC);
                        backoff.spread();
                    }
                } catch (DatastoreException e) {
                    pause(e);
                }
            }
        } catch (InterruptedException e) {
            LOG.debug("The syncer of {} was closed", store.uri());
        }
    }

    private void pause(DatastoreException cause) throws InterruptedException {
        failures++;
        if (failures == 1 || status == SyncStatus.IN_SYNC) {
            LOG.warn("Lost {}: {}; trying again", store.uri(), cause.getMessage());
        }
        report(SyncStatus.CONNECTING);
        requireOpen();
        backoff.pause(failures);
    }

    private void deliverSnapshot() throws InterruptedException {
        List<KeyValue> records = new ArrayList<>();
        long revision = 0;
        for (String prefix : prefixes) {
            ListRequest request = ListRequest.firstAt(prefix, revision, PAGE);
            Page page = read(request);
            report(SyncStatus.RESYNC);
            revision = page.revision();
            records.addAll(page.records());
            while (page.nextKey().isPresent()) {
                request = request.after(page);
                page = read(request);
                records.addAll(page.records());
            }
        }
        deliver(differences(records, revision), revision);
        snapshotNeeded = false;
    }

    private Page read(ListRequest request) throws InterruptedException {
        requireOpen();
        return store.list(request);
    }

    private List<SyncUpdate> differences(List<KeyValue> records, long revision) {
        List<SyncUpdate> updates = new ArrayList<>();
        Set<String> gone = new HashSet<>(known.keySet());
        for (KeyValue record : records) {
            gone.remove(record.key());
            addIfNew(updates, record);
        }
        gone.stream().sorted().forEach(key -> updates.add(delete(key, revision)));
        return updates;
    }

    private void follow() throws InterruptedException {
        Inbox inbox = new Inbox(key -> prefixes.stream().anyMatch(key::startsWith));
        requireOpen();
        try (Watch watch = store.watch(watchPrefix, seen, inbox)) {
            if (failures > 0) {
                LOG.info("Following {} again after {} failures", store.uri(), failures);
            }
            LOG.debug("Following {} in {} after revision {}: {}", watchPrefix, store.uri(), seen, watch);
            report(SyncStatus.IN_SYNC);
            while (!snapshotNeeded) {
                Inbox.Batch batch = inbox.take();
                failures = 0;
                deliver(updates(batch.changes()), batch.revision());
            }
        }
    }

    private List<SyncUpdate> updates(List<WatchEvent> events) {
        List<SyncUpdate> updates = new ArrayList<>();
        for (WatchEvent event : events) {
            if (event.current().isPresent()) {
                addIfNew(updates, event.current().get());
            } else if (known.containsKey(event.key())) {
                updates.add(delete(event.key(), event.revision()));
            }
        }
        return updates;
    }

    private void addIfNew(List<SyncUpdate> updates, KeyValue record) {
        @Nullable Long told = known.get(record.key());
        if (told == null || told != record.modRevision()) {
            updates.add(new SyncUpdate(
                    Keys.parse(record.key()), record.key(), Optional.of(record.value()), record.modRevision()));
        }
    }

    private static SyncUpdate delete(String key, long revision) {
        return new SyncUpdate(Keys.parse(key), key, Optional.empty(), revision);
    }

    private void deliver(List<SyncUpdate> updates, long revision) throws InterruptedException {
        if (call(() -> listener.onUpdates(List.copyOf(updates), revision))) {
            for (SyncUpdate update : updates) {
                if (update.value().isPresent()) {
                    known.put(update.rawKey(), update.revision());
                } else {
                    known.remove(update.rawKey());
                }
            }
            seen = revision;
            return;
        }
        // Whatever the listener made of them: 0 is no record's revision, so a snapshot delivers these keys again.
        updates.forEach(update -> known.put(update.rawKey(), 0L));
        snapshotNeeded = true;
        throw new DatastoreException.Unavailable("the listener failed", null);
    }

    private void report(SyncStatus now) throws InterruptedException {
        if (status != now) {
            status = now;
            call(() -> listener.onStatus(now));
        }
    }

    /** Runs a callback; false if it threw. */
    private boolean call(Runnable callback) throws InterruptedException {
        synchronized (lock) {
            requireOpen();
            inListener = true;
        }
        try {
            callback.run();
            return true;
        } catch (RuntimeException e) {
            LOG.error("The listener of {} failed", store.uri(), e);
            return false;
        } finally {
            synchronized (lock) {
                inListener = false;
            }
        }
    }

    private void requireOpen() throws InterruptedException {
        synchronized (lock) {
            if (closed) {
                throw new InterruptedException("the syncer was closed");
            }
        }
    }

    private static List<String> withoutNested(List<String> prefixes) {
        return prefixes.stream()
                .distinct()
                .filter(prefix -> prefixes.stream().noneMatch(other -> isInside(prefix, other)))
                .toList();
    }

    private static boolean isInside(String prefix, String other) {
        return prefix.startsWith(other) && !prefix.equals(other);
    }

    private static String commonPrefix(List<String> prefixes) {
        String common = prefixes.get(0);
        for (String prefix : prefixes) {
            while (!prefix.startsWith(common)) {
                common = common.substring(0, common.lastIndexOf('/', common.length() - 2) + 1);
            }
        }
        return common;
    }
}
