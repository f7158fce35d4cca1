package io.calico.ctl;

import io.calico.datastore.ImportMarker;
import io.calico.datastore.Keys;
import io.calico.datastore.spi.Datastore;
import io.calico.datastore.spi.DatastoreException;
import io.calico.datastore.spi.KeyValue;
import io.calico.datastore.spi.Transaction;
import io.calico.datastore.spi.TransactionResult;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;

/**
 * Makes the records of a store those of an export. In steps that each fit into a transaction, so others may see a part:
 *
 * <pre>
 * first    {@link ImportMarker} is put, and the sign that the store is set up is taken away
 * then     what is in the export and not, or otherwise, in the store is put; the rest of the store is deleted
 * last     the sign is put, if the export has it, and the marker taken away
 * </pre>
 *
 * Each step is done only while the marker is this import's, so of two at once one ends. An import that was broken off is
 * repeated from its begin, and writes only what is missing. Confined to one thread; used once.
 */
final class StoreImport {
    /** How often a step is sent whose answer is lost: it may be done twice without harm. */
    private static final int ATTEMPTS = 5;

    private final Datastore store;
    private final ExportReader.Content content;
    private Optional<KeyValue> marker = Optional.empty();

    /** The steps still to come, of which the last is being filled. */
    private final List<Transaction> steps = new ArrayList<>();

    private Transaction.Builder filling = Transaction.builder();
    private int operations;
    private int bytes;

    StoreImport(Datastore store, ExportReader.Content content) {
        this.store = store;
        this.content = content;
    }

    /** What a store holds: its records, and whether an import into it was broken off. */
    record Target(Map<String, KeyValue> records, Optional<KeyValue> marker) {
        static Target of(Datastore store) {
            Map<String, KeyValue> records = new HashMap<>();
            Optional<KeyValue> marker = Optional.empty();
            for (KeyValue record : store.listAll(Keys.ROOT).records()) {
                if (record.key().equals(ImportMarker.KEY)) {
                    marker = Optional.of(record);
                } else if (!ExportFormat.isPassing(record.key())) {
                    records.put(record.key(), record);
                }
            }
            return new Target(records, marker);
        }

        boolean isEmpty() {
            return records.isEmpty();
        }
    }

    /**
     * Does all the steps, and compares.
     *
     * @param target the store as it was just read
     * @throws CommandFailure if the store is afterwards not as the export, since somebody else writes to it
     */
    void run(Target target) {
        begin(target);
        content.records().forEach((key, value) -> {
            KeyValue there = target.records().get(key);
            if (!key.equals(Keys.READY) && (there == null || !there.value().equals(value))) {
                add(key, Optional.of(value));
            }
        });
        for (String key : target.records().keySet()) {
            if (!key.equals(Keys.READY) && !content.records().containsKey(key)) {
                add(key, Optional.empty());
            }
        }
        steps.add(filling.build());
        steps.forEach(this::commit);
        end();
        verify();
    }

    private void begin(Target target) {
        String text = content.source() + " of " + content.time() + ", import " + UUID.randomUUID();
        Transaction first = Transaction.builder()
                .ifAsSeen(ImportMarker.KEY, target.marker())
                .put(ImportMarker.KEY, text)
                .delete(Keys.READY)
                .build();
        for (int attempt = 1; attempt <= ATTEMPTS; attempt++) {
            Optional<TransactionResult> result = tryCommit(first);
            marker = store.get(ImportMarker.KEY);
            if (marker.map(KeyValue::value).equals(Optional.of(text))) {
                filling = step();
                return;
            }
            if (result.isPresent()) {
                throw interfered();
            }
        }
        throw lost();
    }

    private void add(String key, Optional<String> value) {
        int size = size(key) + value.map(StoreImport::size).orElse(0);
        // The marker's compare is one operation, and its key counts, too.
        if (operations == Transaction.MAX_OPERATIONS || bytes + size > ExportReader.LARGEST_RECORD) {
            steps.add(filling.build());
            filling = step();
            operations = 0;
            bytes = 0;
        }
        value.ifPresentOrElse(text -> filling.put(key, text), () -> filling.delete(key));
        operations++;
        bytes += size;
    }

    private static int size(String text) {
        return text.getBytes(StandardCharsets.UTF_8).length;
    }

    /** A transaction that is carried out only while the marker is ours. */
    private Transaction.Builder step() {
        return Transaction.builder()
                .ifUnchanged(ImportMarker.KEY, marker.orElseThrow().modRevision());
    }

    private void commit(Transaction step) {
        for (int attempt = 1; ; attempt++) {
            Optional<TransactionResult> result = tryCommit(step);
            if (result.isPresent() && !result.get().committed()) {
                throw interfered();
            }
            if (result.isPresent()) {
                return;
            }
            if (attempt == ATTEMPTS) {
                throw lost();
            }
        }
    }

    private void end() {
        Transaction.Builder last = step().delete(ImportMarker.KEY);
        Optional.ofNullable(content.records().get(Keys.READY)).ifPresent(ready -> last.put(Keys.READY, ready));
        Transaction step = last.build();
        for (int attempt = 1; ; attempt++) {
            Optional<TransactionResult> result = tryCommit(step);
            if (result.isPresent() && result.get().committed()) {
                return;
            }
            if (result.isPresent()) {
                // Without the marker, it was done by a try whose answer was lost.
                if (attempt > 1 && store.get(ImportMarker.KEY).isEmpty()) {
                    return;
                }
                throw interfered();
            }
            if (attempt == ATTEMPTS) {
                throw lost();
            }
        }
    }

    /** The result, or empty if the answer was lost. */
    private Optional<TransactionResult> tryCommit(Transaction transaction) {
        try {
            return Optional.of(store.commit(transaction));
        } catch (DatastoreException.UnknownResult e) {
            return Optional.empty();
        }
    }

    private void verify() {
        Map<String, KeyValue> now = Target.of(store).records();
        List<String> wrong = new ArrayList<>();
        content.records().forEach((key, value) -> {
            KeyValue there = now.remove(key);
            if (there == null || !there.value().equals(value)) {
                wrong.add(key);
            }
        });
        wrong.addAll(now.keySet());
        if (!wrong.isEmpty()) {
            throw CommandFailure.error("the datastore differs from the file in "
                    + (wrong.size() == 1 ? "one record" : wrong.size() + " records") + ", one is " + wrong.get(0)
                    + ": somebody else writes to it. Stop the nodes and repeat the import with --force");
        }
    }

    private static CommandFailure interfered() {
        return CommandFailure.error(
                "another import into this datastore has begun; when it has ended, look at what is there, or repeat this one");
    }

    private static CommandFailure lost() {
        return CommandFailure.error(
                "the datastore takes writes and does not answer; the import is broken off. Repeat it");
    }
}
