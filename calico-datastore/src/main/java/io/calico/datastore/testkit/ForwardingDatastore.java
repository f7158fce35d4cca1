package io.calico.datastore.testkit;

import io.calico.datastore.spi.Datastore;
import io.calico.datastore.spi.KeyValue;
import io.calico.datastore.spi.Lease;
import io.calico.datastore.spi.ListRequest;
import io.calico.datastore.spi.Page;
import io.calico.datastore.spi.Transaction;
import io.calico.datastore.spi.TransactionResult;
import io.calico.datastore.spi.Watch;
import io.calico.datastore.spi.WatchListener;
import java.time.Duration;
import java.util.Optional;

/**
 * A store in front of another that passes every call on: base of stores that do something else with some of them. As
 * thread-safe as the other.
 */
public abstract class ForwardingDatastore implements Datastore {
    private final Datastore store;

    /** In front of that store. */
    protected ForwardingDatastore(Datastore store) {
        this.store = store;
    }

    /** The other store. */
    protected final Datastore store() {
        return store;
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
    public TransactionResult commit(Transaction transaction) {
        return store.commit(transaction);
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
    public String originUri() {
        return store.originUri();
    }

    @Override
    public void close() {
        store.close();
    }
}
