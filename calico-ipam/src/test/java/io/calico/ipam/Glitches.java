package io.calico.ipam;

import io.calico.datastore.spi.Datastore;
import io.calico.datastore.spi.DatastoreException;
import io.calico.datastore.spi.KeyValue;
import io.calico.datastore.spi.Transaction;
import io.calico.datastore.spi.TransactionResult;
import io.calico.datastore.testkit.ForwardingDatastore;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;

/**
 * A store in front of another that refuses a commit without cause, loses a request, or loses an answer, each now and
 * then. Thread-safe.
 */
final class Glitches extends ForwardingDatastore {
    Glitches(Datastore store) {
        super(store);
    }

    @Override
    public TransactionResult commit(Transaction transaction) {
        switch (ThreadLocalRandom.current().nextInt(40)) {
            case 0 -> {
                Map<String, Optional<KeyValue>> now = new HashMap<>();
                transaction.elseReads().forEach(key -> now.put(key, get(key)));
                return new TransactionResult(false, 1, now);
            }
            case 1 -> throw new DatastoreException.UnknownResult("the request got lost (on purpose)", null);
            case 2 -> {
                super.commit(transaction);
                throw new DatastoreException.UnknownResult("the answer got lost (on purpose)", null);
            }
            default -> {
                return super.commit(transaction);
            }
        }
    }
}
