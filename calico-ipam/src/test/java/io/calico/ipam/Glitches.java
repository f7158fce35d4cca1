package io.calico.ipam;

import io.calico.datastore.spi.Datastore;
import io.calico.datastore.spi.DatastoreException;
import io.calico.datastore.spi.KeyValue;
import io.calico.datastore.spi.Lease;
import io.calico.datastore.spi.ListRequest;
import io.calico.datastore.spi.Page;
import io.calico.datastore.spi.Transaction;
import io.calico.datastore.spi.TransactionResult;
import io.calico.datastore.spi.Watch;
import io.calico.datastore.spi.WatchListener;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;

/**
 * A store in front of another that refuses a commit without cause, loses a request, or loses an answer, each now and
 * then. Thread-safe.
 */
final class Glitches implements Datastore {
    private final Datastore store;

    Glitches(Datastore store) {
        this.store = store;
    }

    @Override
    public TransactionResult commit(Transaction transaction) {
        switch (ThreadLocalRandom.current().nextInt(40)) {
            case 0 -> {
                Map<String, Optional<KeyValue>> now = new HashMap<>();
                transaction.elseReads().forEach(key -> now.put(key, store.get(key)));
                return new TransactionResult(false, 1, now);
            }
            case 1 -> throw new DatastoreException.UnknownResult("the request got lost (on purpose)", null);
            case 2 -> {
                store.commit(transaction);
                throw new DatastoreException.UnknownResult("the answer got lost (on purpose)", null);
            }
            default -> {
                return store.commit(transaction);
            }
        }
    }

    @Override
    public Optional<KeyValue> get(String key) {
        return store.get(key);
    }

    @Override
    public Page list(ListRequest request) {
        return store.list(request);
    }

    @Override
    public Watch watch(String prefix, long afterRevision, WatchListener listener) {
        return store.watch(prefix, afterRevision, listener);
    }

    @Override
    public Lease grantLease(Duration timeToLive) {
        return store.grantLease(timeToLive);
    }

    @Override
    public String uri() {
        return store.uri();
    }

    @Override
    public void close() {
        store.close();
    }
}
