package io.calico.datastore.syncer;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Folds updates into a state and remembers everything it was told. Thread-safe. */
final class RecordingListener implements SyncerListener {
    private final Object lock = new Object();

    @GuardedBy("lock")
    private final Map<String, String> state = new TreeMap<>();

    @GuardedBy("lock")
    private final Map<String, Long> revisions = new TreeMap<>();

    @GuardedBy("lock")
    private final List<String> calls = new ArrayList<>();

    @GuardedBy("lock")
    private final List<String> violations = new ArrayList<>();

    @GuardedBy("lock")
    private long revision;

    @Override
    public void onStatus(SyncStatus status) {
        synchronized (lock) {
            calls.add(status.toString());
        }
    }

    @Override
    public void onUpdates(List<SyncUpdate> updates, long upTo) {
        synchronized (lock) {
            if (upTo < revision) {
                violations.add("revision fell from " + revision + " to " + upTo);
            }
            revision = upTo;
            List<String> keys = new ArrayList<>();
            for (SyncUpdate update : updates) {
                fold(update);
                keys.add(update.rawKey() + "=" + update.value().orElse("(deleted)"));
            }
            if (!keys.isEmpty()) {
                calls.add(String.join(" ", keys));
            }
            String left = state.getOrDefault("/t/pair/left", "none");
            String right = state.getOrDefault("/t/pair/right", "none");
            if (!left.equals(right)) {
                violations.add("a transaction was torn: " + left + " and " + right);
            }
        }
    }

    @GuardedBy("lock")
    private void fold(SyncUpdate update) {
        if (update.value().isEmpty()) {
            if (state.remove(update.rawKey()) == null) {
                violations.add("delete of unknown " + update);
            }
            revisions.remove(update.rawKey());
            return;
        }
        state.put(update.rawKey(), update.value().get());
        if (Long.valueOf(update.revision()).equals(revisions.put(update.rawKey(), update.revision()))) {
            violations.add("told twice: " + update);
        }
    }

    Map<String, String> state() {
        synchronized (lock) {
            return new TreeMap<>(state);
        }
    }

    long revision() {
        synchronized (lock) {
            return revision;
        }
    }

    /** Statuses by name and calls with updates as {@code key=value}, in order. */
    List<String> calls() {
        synchronized (lock) {
            return List.copyOf(calls);
        }
    }

    List<String> violations() {
        synchronized (lock) {
            return List.copyOf(violations);
        }
    }
}
