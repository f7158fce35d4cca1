package io.calico.datastore;

import io.calico.datastore.spi.Datastore;
import io.calico.datastore.spi.DatastoreException;
import io.calico.datastore.spi.KeyValue;
import io.calico.datastore.spi.Transaction;
import io.calico.datastore.spi.TransactionResult;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Function;

/**
 * Conditional writes of single records, with an answer even if the store's got lost: the record is read back and compared
 * with what was written. Thread-safe.
 */
final class Records {
    /** Other writers may win this often before we give up. */
    static final int ATTEMPTS = 100;
    /** So long a commit whose answer is lost is sent again, once at least: a cluster may be choosing a leader. */
    private static final Duration RESENDING = Duration.ofSeconds(4);

    private final Datastore store;

    Records(Datastore store) {
        this.store = store;
    }

    /** Puts the record if there is none; the new revision, or empty if there is one. */
    OptionalLong create(String key, String value) {
        return write(Transaction.builder().ifAbsent(key).put(key, value).build(), key, Optional.of(value));
    }

    /** Puts the record, whatever is there; the new revision. */
    long put(String key, String value) {
        return write(Transaction.builder().put(key, value).build(), key, Optional.of(value))
                .orElseThrow();
    }

    /** Replaces the record if it was last written at that revision; the new revision, or empty if it was not. */
    OptionalLong replace(String key, long expectedRevision, String value) {
        return write(
                Transaction.builder()
                        .ifUnchanged(key, expectedRevision)
                        .put(key, value)
                        .build(),
                key,
                Optional.of(value));
    }

    /** Deletes the record; whether there was one. */
    boolean delete(String key) {
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            Optional<KeyValue> seen = store.get(key);
            if (seen.isEmpty()) {
                return false;
            }
            if (delete(key, seen.get().modRevision())) {
                return true;
            }
        }
        throw tooBusy(key);
    }

    /** Deletes the record if it was last written at that revision; whether it did. */
    boolean delete(String key, long expectedRevision) {
        Transaction delete = Transaction.builder()
                .ifUnchanged(key, expectedRevision)
                .delete(key)
                .build();
        return write(delete, key, Optional.empty()).isPresent();
    }

    /**
     * Reads, changes and writes the record until no one else wrote in between. Writes nothing if the change returns an
     * equal value.
     *
     * @param change gets the value there is, empty if there is none; may throw; may run several times
     */
    <T> T update(String key, Function<String, T> reader, Function<T, String> writer, Function<Optional<T>, T> change) {
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            Optional<KeyValue> seen = store.get(key);
            Optional<T> before = seen.map(record -> reader.apply(record.value()));
            T after = change.apply(before);
            if (before.isPresent() && before.get().equals(after)) {
                return after;
            }
            String text = writer.apply(after);
            Transaction write =
                    Transaction.builder().ifAsSeen(key, seen).put(key, text).build();
            if (write(write, key, Optional.of(text)).isPresent()) {
                return after;
            }
        }
        throw tooBusy(key);
    }

    /**
     * Commits; the revision, or empty if a compare failed. If the result got lost and the key's record is afterwards what
     * was to be written, it was written: an equal text of somebody else has the same effect. The transaction is sent
     * again to find out, more than once while there is time: its conditions (or its being unconditional) make that harmless.
     */
    OptionalLong write(Transaction transaction, String key, Optional<String> intended) {
        long start = System.nanoTime();
        try {
            return revision(store.commit(transaction));
        } catch (DatastoreException.UnknownResult lost) {
            OptionalLong again = sendAgain(transaction, start, lost);
            if (again.isPresent()) {
                return again;
            }
            Optional<KeyValue> now = store.get(key);
            if (!now.map(KeyValue::value).equals(intended)) {
                // Ours may have been written and then overwritten, or not written: nobody can tell any more.
                throw lost;
            }
            return OptionalLong.of(now.map(KeyValue::modRevision).orElse(0L));
        }
    }

    private OptionalLong sendAgain(Transaction transaction, long start, DatastoreException.UnknownResult lost) {
        while (true) {
            try {
                return revision(store.commit(transaction));
            } catch (DatastoreException.UnknownResult e) {
                if (System.nanoTime() - start > RESENDING.toNanos()) {
                    throw lost;
                }
            }
        }
    }

    private static OptionalLong revision(TransactionResult result) {
        return result.committed() ? OptionalLong.of(result.revision()) : OptionalLong.empty();
    }

    static DatastoreException.Conflict tooBusy(String key) {
        return new DatastoreException.Conflict(
                key, "others changed " + key + " " + ATTEMPTS + " times while it was to be changed; try again");
    }
}
