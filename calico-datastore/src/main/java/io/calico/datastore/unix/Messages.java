package io.calico.datastore.unix;

import io.calico.datastore.spi.KeyValue;
import io.calico.datastore.spi.Lease;
import io.calico.datastore.spi.ListRequest;
import io.calico.datastore.spi.Page;
import io.calico.datastore.spi.Transaction;
import io.calico.datastore.spi.TransactionResult;
import io.calico.datastore.spi.WatchEvent;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/** The SPI's values as payloads, and back. */
final class Messages {
    /** Version of the protocol; a client and a server of different versions refuse each other. */
    static final long VERSION = 1;

    /** Largest request. */
    static final int MAX_BYTES = 16 << 20;

    /** Largest answer: what an array can hold. Pages are cut well before; a large transaction is one frame of a watch. */
    static final int MAX_ANSWER_BYTES = Integer.MAX_VALUE - 16;

    private Messages() {}

    static byte[] list(ListRequest request) {
        return new MessageWriter(MessageKind.LIST)
                .text(request.prefix())
                .optionalText(request.fromKey())
                .number(request.revision())
                .number(request.limit())
                .payload();
    }

    static ListRequest readList(MessageReader in) throws IOException {
        String prefix = in.text();
        Optional<String> fromKey = in.optionalText();
        long revision = in.number();
        int limit = (int) Math.min(Integer.MAX_VALUE, in.number());
        in.end();
        return new ListRequest(prefix, fromKey, revision, limit);
    }

    static byte[] commit(Transaction transaction) {
        return new MessageWriter(MessageKind.COMMIT)
                .list(transaction.compares(), (out, one) -> out.text(one.key()).number(one.modRevision()))
                .list(
                        transaction.writes(),
                        (out, one) -> out.text(one.key())
                                .optionalText(one.value())
                                .optionalText(one.lease().map(Lease::id)))
                .list(transaction.elseReads(), MessageWriter::text)
                .payload();
    }

    static Transaction readCommit(MessageReader in, Function<String, Lease> leases) throws IOException {
        List<Transaction.Compare> compares = in.list(item -> new Transaction.Compare(item.text(), item.number()));
        List<Transaction.Write> writes = in.list(item -> new Transaction.Write(
                item.text(), item.optionalText(), item.optionalText().map(leases)));
        List<String> elseReads = in.list(MessageReader::text);
        in.end();
        return new Transaction(compares, writes, elseReads);
    }

    static byte[] page(Page page) {
        return new MessageWriter(MessageKind.PAGE)
                .list(page.records(), MessageWriter::keyValue)
                .number(page.revision())
                .optionalText(page.nextKey())
                .payload();
    }

    static Page readPage(MessageReader in) throws IOException {
        Page page = new Page(in.list(MessageReader::keyValue), in.number(), in.optionalText());
        in.end();
        return page;
    }

    static byte[] result(TransactionResult result) {
        return new MessageWriter(MessageKind.RESULT)
                .flag(result.committed())
                .number(result.revision())
                .list(
                        result.current().entrySet(),
                        (out, one) -> out.text(one.getKey()).optionalKeyValue(one.getValue()))
                .payload();
    }

    static TransactionResult readResult(MessageReader in) throws IOException {
        boolean committed = in.flag();
        long revision = in.number();
        Map<String, Optional<KeyValue>> current = new LinkedHashMap<>();
        in.list(item -> current.put(item.text(), item.optionalKeyValue()));
        in.end();
        return new TransactionResult(committed, revision, current);
    }

    static byte[] events(List<WatchEvent> events, long revision) {
        return new MessageWriter(MessageKind.EVENTS)
                .list(
                        events,
                        (out, one) -> out.text(one.key())
                                .optionalKeyValue(one.current())
                                .number(one.revision()))
                .number(revision)
                .payload();
    }

    static List<WatchEvent> readEvents(MessageReader in) throws IOException {
        return in.list(item -> new WatchEvent(item.text(), item.optionalKeyValue(), item.number()));
    }
}
