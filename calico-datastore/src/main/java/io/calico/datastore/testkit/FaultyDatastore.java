package io.calico.datastore.testkit;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.calico.datastore.spi.Datastore;
import io.calico.datastore.spi.DatastoreException;
import io.calico.datastore.spi.KeyValue;
import io.calico.datastore.spi.Lease;
import io.calico.datastore.spi.ListRequest;
import io.calico.datastore.spi.Page;
import io.calico.datastore.spi.Transaction;
import io.calico.datastore.spi.TransactionResult;
import io.calico.datastore.spi.Watch;
import io.calico.datastore.spi.WatchEvent;
import io.calico.datastore.spi.WatchListener;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A store in front of another that fails when told to: for tests of what the allocator, the agent or a program of yours
 * does then. Faults are used up in the order in which they were asked for. Thread-safe.
 */
public final class FaultyDatastore extends ForwardingDatastore {
    /** Which call fails. */
    public enum Operation {
        /** {@link Datastore#get}. */
        GET,
        /** {@link Datastore#list}. */
        LIST,
        /** {@link Datastore#commit}. */
        COMMIT,
        /** {@link Datastore#watch}. */
        WATCH,
        /** {@link Datastore#grantLease}. */
        GRANT
    }

    private final Object lock = new Object();

    @GuardedBy("lock")
    private final Map<Operation, Deque<Runnable>> before = new EnumMap<>(Operation.class);

    @GuardedBy("lock")
    private final Deque<Consumer<TransactionResult>> afterCommit = new ArrayDeque<>();

    @GuardedBy("lock")
    private final Set<DroppableWatch> watches = new HashSet<>();

    /** No faults yet. */
    public FaultyDatastore(Datastore store) {
        super(store);
    }

    /** Runs this before the next call of that kind that has no such thing yet; it may throw, then the call is not made. */
    public void beforeNext(Operation operation, Runnable action) {
        synchronized (lock) {
            before.computeIfAbsent(operation, key -> new ArrayDeque<>()).add(action);
        }
    }

    /** The next calls of that kind throw {@code Unavailable} and do nothing. */
    public void failNext(Operation operation, int calls) {
        for (int i = 0; i < calls; i++) {
            beforeNext(operation, () -> {
                throw new DatastoreException.Unavailable("not available (on purpose)", null);
            });
        }
    }

    /** The next commits are not made, and throw {@code UnknownResult}. */
    public void loseNextRequests(int commits) {
        for (int i = 0; i < commits; i++) {
            beforeNext(Operation.COMMIT, () -> {
                throw new DatastoreException.UnknownResult("the request got lost (on purpose)", null);
            });
        }
    }

    /** The next commits are made, and throw {@code UnknownResult}. */
    public void loseNextAnswers(int commits) {
        synchronized (lock) {
            for (int i = 0; i < commits; i++) {
                afterCommit.add(result -> {
                    throw new DatastoreException.UnknownResult("the answer got lost (on purpose)", null);
                });
            }
        }
    }

    /** Ends all watches that run, with {@code Unavailable}; returns how many. */
    public int dropWatches() {
        Set<DroppableWatch> dropped;
        synchronized (lock) {
            dropped = Set.copyOf(watches);
            watches.clear();
        }
        dropped.forEach(DroppableWatch::drop);
        return dropped.size();
    }

    private void before(Operation operation) {
        @Nullable Runnable action;
        synchronized (lock) {
            @Nullable Deque<Runnable> actions = before.get(operation);
            action = actions == null ? null : actions.poll();
        }
        if (action != null) {
            action.run();
        }
    }

    @Override
    public Optional<KeyValue> get(String key) {
        before(Operation.GET);
        return super.get(key);
    }

    @Override
    public Page list(ListRequest request) {
        before(Operation.LIST);
        return super.list(request);
    }

    @Override
    public TransactionResult commit(Transaction transaction) {
        before(Operation.COMMIT);
        TransactionResult result = super.commit(transaction);
        @Nullable Consumer<TransactionResult> action;
        synchronized (lock) {
            action = afterCommit.poll();
        }
        if (action != null) {
            action.accept(result);
        }
        return result;
    }

    @Override
    public Watch watch(String prefix, long afterRevision, WatchListener listener) {
        before(Operation.WATCH);
        DroppableWatch watch = new DroppableWatch(listener);
        synchronized (lock) {
            watches.add(watch);
        }
        watch.inner = super.watch(prefix, afterRevision, watch);
        return watch;
    }

    @Override
    public Lease grantLease(Duration timeToLive) {
        before(Operation.GRANT);
        return super.grantLease(timeToLive);
    }

    /** Passes callbacks on until it is dropped or closed. */
    private final class DroppableWatch implements Watch, WatchListener {
        private final WatchListener listener;
        private final Object turn = new Object();
        private volatile @Nullable Watch inner;

        @GuardedBy("turn")
        private boolean ended;

        private DroppableWatch(WatchListener listener) {
            this.listener = listener;
        }

        private void drop() {
            end(() -> listener.onEnded(new DatastoreException.Unavailable("the watch was lost (on purpose)", null)));
        }

        private void end(Runnable lastCall) {
            synchronized (turn) {
                if (!ended) {
                    ended = true;
                    lastCall.run();
                }
            }
        }

        private void pass(Runnable call) {
            synchronized (turn) {
                if (!ended) {
                    call.run();
                }
            }
        }

        @Override
        public void onEvents(List<WatchEvent> events, long revision) {
            pass(() -> listener.onEvents(events, revision));
        }

        @Override
        public void onProgress(long revision) {
            pass(() -> listener.onProgress(revision));
        }

        @Override
        public void onCompacted(long oldestRevision) {
            end(() -> listener.onCompacted(oldestRevision));
        }

        @Override
        public void onEnded(DatastoreException cause) {
            end(() -> listener.onEnded(cause));
        }

        @Override
        public void close() {
            synchronized (lock) {
                watches.remove(this);
            }
            end(() -> {});
            @Nullable Watch running = inner;
            if (running != null) {
                running.close();
            }
        }
    }
}
