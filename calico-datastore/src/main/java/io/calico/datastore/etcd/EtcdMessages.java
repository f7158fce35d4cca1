package io.calico.datastore.etcd;

import com.google.protobuf.ByteString;
import io.calico.datastore.spi.KeyValue;
import io.calico.datastore.spi.ListRequest;
import io.calico.datastore.spi.TextRules;
import io.calico.datastore.spi.Transaction;
import io.calico.datastore.spi.Transaction.Write;
import io.calico.datastore.spi.TransactionResult;
import io.calico.datastore.spi.WatchEvent;
import io.etcd.jetcd.api.Compare;
import io.etcd.jetcd.api.DeleteRangeRequest;
import io.etcd.jetcd.api.Event;
import io.etcd.jetcd.api.PutRequest;
import io.etcd.jetcd.api.RangeRequest;
import io.etcd.jetcd.api.RequestOp;
import io.etcd.jetcd.api.TxnRequest;
import io.etcd.jetcd.api.TxnResponse;
import io.etcd.jetcd.api.WatchCreateRequest;
import io.etcd.jetcd.api.WatchRequest;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The SPI's calls as etcd's messages.
 *
 * <pre>
 * revision of a record       mod_revision, create_revision of the key
 * revision of the store      revision of the answer's header
 * compare                    MOD EQUAL revision; an absent key has mod_revision 0
 * prefix /a/                 range [ /a/ , /a0 ): '0' is the byte after '/'
 * lease id                   hexadecimal, as etcdctl writes it
 * </pre>
 */
final class EtcdMessages {
    private EtcdMessages() {}

    static ByteString bytes(String text) {
        return ByteString.copyFromUtf8(text);
    }

    /** The end (exclusive) of the range of a prefix. */
    static ByteString end(String prefix) {
        return bytes(prefix.substring(0, prefix.length() - 1) + '0');
    }

    static RangeRequest get(String key) {
        return RangeRequest.newBuilder().setKey(bytes(key)).build();
    }

    /**
     * A page.
     *
     * @param from first key
     * @param limit most records
     */
    static RangeRequest page(ListRequest request, ByteString from, long revision, long limit) {
        return RangeRequest.newBuilder()
                .setKey(from)
                .setRangeEnd(end(request.prefix()))
                .setRevision(revision)
                .setLimit(limit)
                .build();
    }

    /** Whether that revision of the prefix can be read, with as small an answer as possible. */
    static RangeRequest probe(String prefix, long revision) {
        return RangeRequest.newBuilder()
                .setKey(bytes(prefix))
                .setRangeEnd(end(prefix))
                .setRevision(revision)
                .setLimit(1)
                .setKeysOnly(true)
                .build();
    }

    static TxnRequest commit(Transaction transaction) {
        TxnRequest.Builder request = TxnRequest.newBuilder();
        transaction
                .compares()
                .forEach(compare -> request.addCompare(Compare.newBuilder()
                        .setKey(bytes(compare.key()))
                        .setTarget(Compare.CompareTarget.MOD)
                        .setResult(Compare.CompareResult.EQUAL)
                        .setModRevision(compare.modRevision())));
        transaction.writes().forEach(write -> request.addSuccess(operation(write)));
        transaction
                .elseReads()
                .forEach(key -> request.addFailure(RequestOp.newBuilder().setRequestRange(get(key))));
        return request.build();
    }

    private static RequestOp operation(Write write) {
        if (write.value().isEmpty()) {
            return RequestOp.newBuilder()
                    .setRequestDeleteRange(DeleteRangeRequest.newBuilder().setKey(bytes(write.key())))
                    .build();
        }
        PutRequest.Builder put = PutRequest.newBuilder()
                .setKey(bytes(write.key()))
                .setValue(bytes(write.value().get()));
        write.lease().ifPresent(lease -> put.setLease(EtcdLease.number(lease)));
        return RequestOp.newBuilder().setRequestPut(put).build();
    }

    static TransactionResult result(Transaction transaction, TxnResponse response) {
        Map<String, Optional<KeyValue>> current = new HashMap<>();
        if (!response.getSucceeded()) {
            List<String> keys = transaction.elseReads();
            for (int i = 0; i < keys.size(); i++) {
                current.put(
                        keys.get(i),
                        response.getResponses(i).getResponseRange().getKvsList().stream()
                                .findFirst()
                                .map(EtcdMessages::record));
            }
        }
        return new TransactionResult(
                response.getSucceeded(), response.getHeader().getRevision(), current);
    }

    static KeyValue record(io.etcd.jetcd.api.KeyValue stored) {
        return new KeyValue(
                stored.getKey().toStringUtf8(),
                stored.getValue().toStringUtf8(),
                stored.getCreateRevision(),
                stored.getModRevision());
    }

    /** Whether it is a key of the SPI; another program may have written one that is not. */
    static boolean isKey(ByteString stored) {
        if (!stored.isValidUtf8()) {
            return false;
        }
        try {
            TextRules.requireKey(stored.toStringUtf8());
            return true;
        } catch (IllegalArgumentException e) {
            return false;
        }
    }

    static WatchRequest watch(String prefix, long afterRevision) {
        return WatchRequest.newBuilder()
                .setCreateRequest(WatchCreateRequest.newBuilder()
                        .setKey(bytes(prefix))
                        .setRangeEnd(end(prefix))
                        .setStartRevision(afterRevision + 1)
                        .setProgressNotify(true))
                .build();
    }

    static WatchEvent event(Event event) {
        io.etcd.jetcd.api.KeyValue stored = event.getKv();
        Optional<KeyValue> current =
                event.getType() == Event.EventType.DELETE ? Optional.empty() : Optional.of(record(stored));
        return new WatchEvent(stored.getKey().toStringUtf8(), current, stored.getModRevision());
    }
}
