package io.calico.datastore.etcd;

import com.google.protobuf.ByteString;
import io.calico.datastore.spi.Datastore;
import io.calico.datastore.spi.DatastoreException;
import io.calico.datastore.spi.KeyValue;
import io.calico.datastore.spi.Lease;
import io.calico.datastore.spi.ListRequest;
import io.calico.datastore.spi.Page;
import io.calico.datastore.spi.TextRules;
import io.calico.datastore.spi.Transaction;
import io.calico.datastore.spi.TransactionResult;
import io.calico.datastore.spi.Watch;
import io.calico.datastore.spi.WatchListener;
import io.calico.datastore.spi.Watches;
import io.etcd.jetcd.api.KVGrpc;
import io.etcd.jetcd.api.RangeResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * An etcd cluster. Each call is answered within five seconds or fails; a commit whose answer does not come is told as
 * {@code UnknownResult}. Takes at most {@value Transaction#MAX_OPERATIONS} operations of each kind in a transaction.
 * Records that other programs wrote under names which are no keys of ours are passed over. Thread-safe.
 */
final class EtcdDatastore implements Datastore {
    /** Whatever the caller's limit: a page is held in memory, here and at etcd, and may be 1 MiB for each record. */
    private static final int LARGEST_PAGE = 1000;

    private final EtcdCluster cluster;
    private final Watches watches = new Watches("etcd-watch");

    /** The store in that cluster; does no I/O. */
    EtcdDatastore(EtcdSettings settings) {
        this.cluster = new EtcdCluster(settings);
    }

    @Override
    public Optional<KeyValue> get(String key) {
        TextRules.requireKey(key);
        return cluster
                .repeatable("reading " + key, KVGrpc.getRangeMethod(), EtcdMessages.get(key))
                .getKvsList()
                .stream()
                .findFirst()
                .map(EtcdMessages::record);
    }

    @Override
    public Page list(ListRequest request) {
        String attempt = "listing " + request.prefix();
        int limit = Math.min(request.limit(), LARGEST_PAGE);
        long revision = request.revision();
        ByteString from = EtcdMessages.bytes(request.fromKey().orElse(request.prefix()));
        List<KeyValue> records = new ArrayList<>();
        try {
            boolean more = true;
            // One more than the page holds: its key is where the next page begins.
            while (more && records.size() <= limit) {
                RangeResponse part = cluster.repeatable(
                        attempt,
                        KVGrpc.getRangeMethod(),
                        EtcdMessages.page(request, from, revision, limit + 1L - records.size()));
                if (revision == 0) {
                    revision = part.getHeader().getRevision();
                }
                part.getKvsList().stream()
                        .filter(stored -> EtcdMessages.isKey(stored.getKey()))
                        .map(EtcdMessages::record)
                        .forEach(records::add);
                more = part.getMore() && part.getKvsCount() > 0;
                if (more) {
                    from = part.getKvs(part.getKvsCount() - 1).getKey().concat(ByteString.copyFrom(new byte[1]));
                }
            }
        } catch (DatastoreException.Compacted e) {
            throw new DatastoreException.Compacted(
                    attempt + " at revision " + revision + " in " + uri()
                            + ": the revision is compacted, or not one of this store's",
                    EtcdRevisions.oldest(cluster));
        }
        Optional<String> next =
                records.size() > limit ? Optional.of(records.remove(limit).key()) : Optional.empty();
        return new Page(records, revision, next);
    }

    @Override
    public TransactionResult commit(Transaction transaction) {
        requireSize("compares", transaction.compares().size());
        requireSize("writes", transaction.writes().size());
        requireSize("else-reads", transaction.elseReads().size());
        return EtcdMessages.result(
                transaction,
                cluster.once("committing a transaction", KVGrpc.getTxnMethod(), EtcdMessages.commit(transaction)));
    }

    private void requireSize(String kind, int size) {
        if (size > Transaction.MAX_OPERATIONS) {
            throw new IllegalArgumentException("a transaction with " + size + " " + kind + "; etcd takes up to "
                    + Transaction.MAX_OPERATIONS + " of each kind: split it");
        }
    }

    @Override
    public Watch watch(String prefix, long afterRevision, WatchListener listener) {
        TextRules.requirePrefix(prefix);
        cluster.requireOpen();
        return watches.start(afterRevision, new EtcdWatchSource(cluster, prefix), listener);
    }

    @Override
    public Lease grantLease(Duration timeToLive) {
        if (timeToLive.compareTo(Duration.ofSeconds(1)) < 0) {
            throw new IllegalArgumentException("time to live " + timeToLive + " of a lease is below one second");
        }
        return EtcdLease.grant(cluster, timeToLive);
    }

    @Override
    public String uri() {
        return cluster.uri();
    }

    @Override
    public void close() {
        // First, so that no watch is told that its stream ended.
        watches.close();
        cluster.close();
    }

    @Override
    public String toString() {
        return uri();
    }
}
