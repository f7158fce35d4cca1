package io.calico.ipam;

import io.calico.datastore.spi.Datastore;
import io.calico.datastore.spi.KeyValue;
import io.calico.datastore.spi.ListRequest;
import io.calico.datastore.spi.Page;
import io.calico.datastore.spi.Transaction;
import io.calico.datastore.spi.TransactionResult;
import io.calico.datastore.testkit.ForwardingDatastore;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.function.Consumer;
import java.util.function.IntUnaryOperator;

/**
 * Runs processes one at a time, each from one commit to the next (in the long run: from one store call to the next), in an
 * order that the test chooses: the same choices give the same run. What processes share needs no lock.
 */
final class Scheduler {
    private static final int MAX_STEPS = 500_000;
    /** Whether the full counts are asked for. */
    static final boolean LONG_RUN = Boolean.getBoolean("calico.test.long");

    private final Datastore store;
    private final IntUnaryOperator choice;
    private final List<Process> processes = new ArrayList<>();
    private final Semaphore back = new Semaphore(0);

    /** Thrown out of a store call in a process that is to die there. */
    static final class Died extends Error {
        private static final long serialVersionUID = 1L;
    }

    /** Does a transaction in its own way. */
    @FunctionalInterface
    interface Commit {
        TransactionResult run(Transaction transaction);
    }

    /**
     * Nothing runs yet.
     *
     * @param choice says which one of so many ready processes goes on
     */
    Scheduler(Datastore store, IntUnaryOperator choice) {
        this.store = store;
        this.choice = choice;
    }

    /** Adds a process; it gets a store that stops it before each call. */
    void add(String name, Commit commit, Consumer<Datastore> body) {
        processes.add(new Process(name, commit, body));
    }

    void add(String name, Consumer<Datastore> body) {
        add(name, store::commit, body);
    }

    /** Runs all processes to their ends; throws what one of them threw. */
    void run() throws InterruptedException {
        processes.forEach(p -> p.thread.start());
        List<Process> ready = new ArrayList<>(processes);
        for (int step = 0; !ready.isEmpty(); step++) {
            if (step > MAX_STEPS) {
                throw new AssertionError("I-23: no end after " + step + " steps: " + ready);
            }
            Process next = ready.get(choice.applyAsInt(ready.size()));
            next.go.release();
            back.acquire();
            if (next.ended) {
                next.thread.join();
                ready.remove(next);
                next.failure.ifPresent(f -> {
                    throw new AssertionError(next + " failed: " + f, f);
                });
            }
        }
    }

    @SuppressWarnings("JavaLangClash") // the model's own word: a client of the allocator
    private final class Process extends ForwardingDatastore {
        private final Commit commit;
        private final Thread thread;
        private final Semaphore go = new Semaphore(0);
        private volatile boolean ended;
        private volatile Optional<Throwable> failure = Optional.empty();

        Process(String name, Commit commit, Consumer<Datastore> body) {
            super(store);
            this.commit = commit;
            thread = new Thread(() -> run(body), name);
            thread.setDaemon(true);
        }

        @SuppressWarnings("CatchAndPrintStackTrace")
        private void run(Consumer<Datastore> body) {
            go.acquireUninterruptibly();
            try {
                body.accept(this);
            } catch (Died e) {
                // as planned
            } catch (Throwable e) {
                failure = Optional.of(e);
            }
            ended = true;
            back.release();
        }

        private void stopAtRead() {
            if (LONG_RUN) {
                stop();
            }
        }

        private void stop() {
            back.release();
            go.acquireUninterruptibly();
        }

        @Override
        public Optional<KeyValue> get(String key) {
            stopAtRead();
            return super.get(key);
        }

        @Override
        public Page list(ListRequest request) {
            stopAtRead();
            return super.list(request);
        }

        @Override
        public TransactionResult commit(Transaction transaction) {
            stop();
            return commit.run(transaction);
        }

        @Override
        public void close() {}

        @Override
        public String toString() {
            return thread.getName();
        }
    }
}
