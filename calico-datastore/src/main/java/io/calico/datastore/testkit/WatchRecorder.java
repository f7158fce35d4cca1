package io.calico.datastore.testkit;

import io.calico.datastore.spi.DatastoreException;
import io.calico.datastore.spi.KeyValue;
import io.calico.datastore.spi.WatchEvent;
import io.calico.datastore.spi.WatchListener;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** A listener that keeps what it is told and checks what holds for every watch. Thread-safe. */
final class WatchRecorder implements WatchListener {
    private static final Duration DEADLINE = Duration.ofSeconds(20);

    private final Object lock = new Object();

    // All guarded by the lock; no annotations, as the conditions waited for are lambdas.
    private final List<List<WatchEvent>> calls = new ArrayList<>();

    private final List<String> violations = new ArrayList<>();

    private long seen;

    private Optional<Long> compacted = Optional.empty();

    private Optional<DatastoreException> ended = Optional.empty();

    private @Nullable Thread thread;

    @Override
    public void onEvents(List<WatchEvent> events, long revision) {
        synchronized (lock) {
            check(!events.isEmpty(), () -> "a call without events");
            checkCall();
            for (WatchEvent event : events) {
                check(event.revision() > seen, () -> "late, repeated or torn from its transaction: " + event);
                check(event.revision() <= revision, () -> event + " is after " + revision);
            }
            for (int i = 1; i < events.size(); i++) {
                check(events.get(i - 1).revision() <= events.get(i).revision(), () -> "not in order: " + events);
            }
            check(revision >= seen, () -> "revision fell from " + seen + " to " + revision);
            seen = revision;
            calls.add(List.copyOf(events));
            lock.notifyAll();
        }
    }

    @Override
    public void onProgress(long revision) {
        synchronized (lock) {
            checkCall();
            check(revision >= seen, () -> "progress fell from " + seen + " to " + revision);
            seen = revision;
            lock.notifyAll();
        }
    }

    @Override
    public void onCompacted(long oldestRevision) {
        synchronized (lock) {
            checkCall();
            compacted = Optional.of(oldestRevision);
            lock.notifyAll();
        }
    }

    @Override
    public void onEnded(DatastoreException cause) {
        synchronized (lock) {
            checkCall();
            ended = Optional.of(cause);
            lock.notifyAll();
        }
    }

    private void checkCall() {
        if (thread == null) {
            thread = Thread.currentThread();
        }
        check(thread == Thread.currentThread(), () -> "called on " + thread + " and on " + Thread.currentThread());
        check(compacted.isEmpty() && ended.isEmpty(), () -> "called after the end");
    }

    private void check(boolean holds, Supplier<String> violation) {
        if (!holds) {
            violations.add(violation.get());
        }
    }

    /** Waits until an event of that revision or a later one came. */
    WatchRecorder awaitRevision(long revision) {
        await("revision " + revision, () -> seen >= revision);
        return this;
    }

    DatastoreException awaitEnd() {
        await("the end of the watch", () -> ended.isPresent());
        synchronized (lock) {
            return ended.orElseThrow();
        }
    }

    long awaitCompacted() {
        await("being told 'compacted'", () -> compacted.isPresent());
        synchronized (lock) {
            return compacted.orElseThrow();
        }
    }

    private void await(String what, BooleanSupplier condition) {
        long deadline = System.nanoTime() + DEADLINE.toNanos();
        synchronized (lock) {
            while (!condition.getAsBoolean()) {
                long left = deadline - System.nanoTime();
                if (left <= 0) {
                    throw new AssertionError("waited " + DEADLINE + " for " + what + "; events: " + calls + ", ended: "
                            + ended + ", compacted: " + compacted);
                }
                try {
                    lock.wait(Math.max(1, left / 1_000_000));
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                    throw new AssertionError("interrupted while waiting for " + what, e);
                }
            }
        }
    }

    /** All events so far. */
    List<WatchEvent> events() {
        synchronized (lock) {
            return calls.stream().flatMap(List::stream).toList();
        }
    }

    /** All events so far, as {@code key=value@revision}, without value if deleted. */
    List<String> texts() {
        return events().stream()
                .map(event -> event.key()
                        + event.current()
                                .map(KeyValue::value)
                                .map(value -> "=" + value)
                                .orElse("") + "@" + event.revision())
                .toList();
    }

    /** The events of each call. */
    List<List<WatchEvent>> calls() {
        synchronized (lock) {
            return List.copyOf(calls);
        }
    }

    /** What must not have happened; empty if all was well. */
    List<String> violations() {
        synchronized (lock) {
            return List.copyOf(violations);
        }
    }

    /** Whether it was told that the watch ended or is too far behind. */
    boolean isEnded() {
        synchronized (lock) {
            return ended.isPresent() || compacted.isPresent();
        }
    }

    /** Whether anything was told at all. */
    boolean isSilent() {
        synchronized (lock) {
            return thread == null;
        }
    }
}
