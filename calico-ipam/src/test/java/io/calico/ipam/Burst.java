package io.calico.ipam;

import io.calico.datastore.spi.Datastore;
import io.calico.datastore.spi.DatastoreException;
import io.calico.datastore.spi.KeyValue;
import io.calico.datastore.spi.ListRequest;
import io.calico.datastore.spi.Page;
import io.calico.datastore.spi.Transaction;
import io.calico.datastore.spi.TransactionResult;
import io.calico.datastore.testkit.ForwardingDatastore;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * A store that keeps a commit waiting until as many callers as the test wants are queued behind it. So calls that the test
 * starts at once meet in one batch, in the order in which it started them.
 */
final class Burst extends ForwardingDatastore {
    private final List<Transaction> transactions = Collections.synchronizedList(new ArrayList<>());
    private final List<Integer> reads = Collections.synchronizedList(new ArrayList<>());
    private volatile CountDownLatch inCommit = new CountDownLatch(0);
    private volatile CountDownLatch goOn = new CountDownLatch(0);

    Burst(Datastore store) {
        super(store);
    }

    /** The transactions since the last {@link #run(Action, List)} began, the one that was held first. */
    List<Transaction> transactions() {
        return List.copyOf(transactions);
    }

    int reads() {
        return reads.size();
    }

    /** What a call came to: its answer or its exception. */
    record Outcome(Optional<Object> answer, Optional<Throwable> failure, Thread thread) {}

    /** One call of a test. */
    @FunctionalInterface
    interface Action {
        Object run();
    }

    /**
     * Runs one call, holds its commit until the others wait behind it in this order, and lets all go on.
     *
     * @return the outcomes of the others
     */
    List<Outcome> run(Action first, List<Action> others) throws InterruptedException {
        return run(first, others, threads -> {});
    }

    /** What the test does when all callers wait. */
    @FunctionalInterface
    interface WhileHeld {
        void run(List<Thread> threads);
    }

    List<Outcome> run(Action first, List<Action> others, WhileHeld whileHeld) throws InterruptedException {
        inCommit = new CountDownLatch(1);
        goOn = new CountDownLatch(1);
        Thread holder = new Thread(() -> first.run(), "holder");
        holder.start();
        inCommit.await();
        transactions.clear();
        reads.clear();
        List<Outcome> outcomes = Collections.synchronizedList(new ArrayList<>());
        List<Thread> threads = new ArrayList<>();
        Outcome[] all = new Outcome[others.size()];
        for (int i = 0; i < others.size(); i++) {
            int number = i;
            Thread thread = new Thread(() -> all[number] = outcome(others.get(number)), "caller-" + i);
            threads.add(thread);
            thread.start();
            awaitParked(thread);
        }
        whileHeld.run(threads);
        goOn.countDown();
        holder.join();
        for (Thread thread : threads) {
            thread.join();
        }
        Collections.addAll(outcomes, all);
        return outcomes;
    }

    private static Outcome outcome(Action action) {
        try {
            return new Outcome(Optional.of(action.run()), Optional.empty(), Thread.currentThread());
        } catch (RuntimeException | Error e) {
            return new Outcome(Optional.empty(), Optional.of(e), Thread.currentThread());
        }
    }

    /** A caller that waits for its turn is parked; there is no other place where it could be. */
    static void awaitParked(Thread thread) {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (LockSupport.getBlocker(thread) == null && thread.isAlive()) {
            if (System.nanoTime() > deadline) {
                throw new AssertionError(thread + " does not wait");
            }
            Thread.onSpinWait();
        }
    }

    @Override
    public TransactionResult commit(Transaction transaction) {
        inCommit.countDown();
        try {
            goOn.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new DatastoreException.UnknownResult("interrupted", e);
        }
        transactions.add(transaction);
        return super.commit(transaction);
    }

    @Override
    public Optional<KeyValue> get(String key) {
        reads.add(1);
        return super.get(key);
    }

    @Override
    public Page list(ListRequest request) {
        reads.add(1);
        return super.list(request);
    }

    @Override
    public void close() {}
}
