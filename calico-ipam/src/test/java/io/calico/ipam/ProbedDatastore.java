package io.calico.ipam;

import io.calico.datastore.spi.Datastore;
import io.calico.datastore.spi.DatastoreException;
import io.calico.datastore.spi.KeyValue;
import io.calico.datastore.spi.ListRequest;
import io.calico.datastore.spi.Page;
import io.calico.datastore.spi.Transaction;
import io.calico.datastore.spi.TransactionResult;
import io.calico.datastore.testkit.ForwardingDatastore;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * A store in front of another: counts calls, keeps the transactions, lets a test do something right before one, or give
 * another answer to it. Confined to the test's thread.
 */
final class ProbedDatastore extends ForwardingDatastore {
    /** Does not carry out and loses the answer. */
    static final Answer LOSE_REQUEST = transaction -> {
        throw new DatastoreException.UnknownResult("the request got lost (on purpose)", null);
    };

    private final Deque<Answer> nextCommits = new ArrayDeque<>();
    private final Deque<Runnable> nextReads = new ArrayDeque<>();
    private Predicate<Transaction> refused = t -> false;
    private final List<Transaction> transactions = new ArrayList<>();
    private final List<String> reads = new ArrayList<>();

    /** What becomes of a transaction. */
    @FunctionalInterface
    interface Answer {
        TransactionResult to(Transaction transaction);
    }

    ProbedDatastore(Datastore store) {
        super(store);
    }

    /** Does this right before the next commit that nothing is planned for yet. */
    void beforeNextCommit(Runnable action) {
        nextCommits.add(transaction -> {
            action.run();
            return store().commit(transaction);
        });
    }

    /** Does these, one each, right before the next reads. */
    void beforeNextRead(Runnable... actions) {
        nextReads.addAll(List.of(actions));
    }

    private void beforeRead(String what) {
        reads.add(what);
        Runnable action = nextReads.poll();
        if (action != null) {
            action.run();
        }
    }

    /** Answers that commit in another way. */
    void answerNextCommit(Answer answer) {
        nextCommits.add(answer);
    }

    /** Lets that many commits fail without a cause. */
    void refuseNextCommits(int count) {
        for (int i = 0; i < count; i++) {
            nextCommits.add(this::refuse);
        }
    }

    /** Lets all such commits fail without a cause. */
    void refuseAll(Predicate<Transaction> which) {
        refused = which;
    }

    /** As a store answers whose compare has failed. */
    TransactionResult refuse(Transaction transaction) {
        Map<String, Optional<KeyValue>> current = new LinkedHashMap<>();
        transaction.elseReads().forEach(key -> current.put(key, store().get(key)));
        return new TransactionResult(false, 1, current);
    }

    /** Carries out and loses the answer. */
    TransactionResult loseAnswer(Transaction transaction) {
        store().commit(transaction);
        throw new DatastoreException.UnknownResult("the answer got lost (on purpose)", null);
    }

    /** The transactions sent since the last {@link #forget}. */
    List<Transaction> transactions() {
        return transactions;
    }

    /** What was read since the last {@link #forget}. */
    List<String> reads() {
        return reads;
    }

    void forget() {
        transactions.clear();
        reads.clear();
    }

    @Override
    public Optional<KeyValue> get(String key) {
        beforeRead(key);
        return store().get(key);
    }

    @Override
    public Page list(ListRequest request) {
        beforeRead(request.prefix());
        return store().list(request);
    }

    @Override
    public TransactionResult commit(Transaction transaction) {
        transactions.add(transaction);
        if (refused.test(transaction)) {
            return refuse(transaction);
        }
        return nextCommits.isEmpty()
                ? store().commit(transaction)
                : nextCommits.remove().to(transaction);
    }
}
