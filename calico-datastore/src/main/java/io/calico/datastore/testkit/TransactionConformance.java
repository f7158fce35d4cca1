package io.calico.datastore.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import io.calico.datastore.spi.KeyValue;
import io.calico.datastore.spi.ListRequest;
import io.calico.datastore.spi.Transaction;
import io.calico.datastore.spi.TransactionResult;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Promises of {@code commit}. */
abstract class TransactionConformance extends Conformance {
    private TransactionResult commit(Transaction.Builder transaction) {
        return store.commit(transaction.build());
    }

    private long newest() {
        return store.list(ListRequest.first("/", 1)).revision();
    }

    @Test
    void allWritesHappenAtOneRevision() {
        long old = put("/t/old", "1");

        TransactionResult result =
                commit(Transaction.builder().put("/t/a", "1").put("/t/b", "2").put("/t/old", "2"));

        assertThat(result.committed()).isTrue();
        assertThat(result.revision()).isGreaterThan(old).isEqualTo(newest());
        assertThat(result.current()).isEmpty();
        assertThat(store.listAll("/t/").records())
                .containsExactly(
                        new KeyValue("/t/a", "1", result.revision(), result.revision()),
                        new KeyValue("/t/b", "2", result.revision(), result.revision()),
                        new KeyValue("/t/old", "2", old, result.revision()));
    }

    @Test
    void ifAbsentHoldsForAKeyThatNeverWasAndOneThatIsNoMore() {
        assertThat(commit(Transaction.builder().ifAbsent("/t/a").put("/t/a", "1"))
                        .committed())
                .isTrue();
        delete("/t/a");

        assertThat(commit(Transaction.builder().ifAbsent("/t/a").put("/t/a", "2"))
                        .committed())
                .isTrue();
        assertThat(value("/t/a")).contains("2");
    }

    @Test
    void ifAbsentFailsForARecord() {
        put("/t/a", "");

        assertThat(commit(Transaction.builder().ifAbsent("/t/a").put("/t/a", "2"))
                        .committed())
                .isFalse();
        assertThat(value("/t/a")).contains("");
    }

    @Test
    void ifUnchangedHoldsForTheRevisionSeenAndNoOther() {
        long first = put("/t/a", "1");
        long second = put("/t/a", "1");

        assertThat(commit(Transaction.builder().ifUnchanged("/t/a", first).put("/t/a", "x"))
                        .committed())
                .isFalse();
        assertThat(commit(Transaction.builder().ifUnchanged("/t/a", second + 1).put("/t/a", "x"))
                        .committed())
                .isFalse();
        assertThat(commit(Transaction.builder().ifUnchanged("/t/a", second).put("/t/a", "2"))
                        .committed())
                .isTrue();
        assertThat(value("/t/a")).contains("2");
    }

    @Test
    void aRecordMadeAgainWithTheSameValueIsNotUnchanged() {
        long seen = put("/t/a", "1");
        delete("/t/a");
        put("/t/a", "1");

        TransactionResult result =
                commit(Transaction.builder().ifUnchanged("/t/a", seen).put("/t/a", "2"));

        assertThat(result.committed()).isFalse();
        assertThat(value("/t/a")).contains("1");
    }

    @Test
    void oneCompareThatFailsStopsEveryWrite() {
        long a = put("/t/a", "1");
        put("/t/b", "1");
        long before = newest();

        TransactionResult result = commit(Transaction.builder()
                .ifUnchanged("/t/a", a)
                .ifAbsent("/t/c")
                .ifAbsent("/t/b")
                .put("/t/a", "2")
                .put("/t/c", "2")
                .delete("/t/b"));

        assertThat(result.committed()).isFalse();
        assertThat(listInPages(store, "/t/", 10)).containsExactly("/t/a=1", "/t/b=1");
        assertThat(newest()).isEqualTo(before);
    }

    @Test
    void elseReadsShowTheSnapshotInWhichACompareFailed() {
        long a = put("/t/a", "1");
        long b = put("/t/b", "2");

        TransactionResult result = commit(Transaction.builder()
                .ifAbsent("/t/a")
                .put("/t/a", "x")
                .put("/t/b", "x")
                .elseRead("/t/a")
                .elseRead("/t/b")
                .elseRead("/t/none"));

        assertThat(result.committed()).isFalse();
        assertThat(result.revision()).isEqualTo(b);
        assertThat(result.current())
                .containsOnlyKeys("/t/a", "/t/b", "/t/none")
                .containsEntry("/t/a", Optional.of(new KeyValue("/t/a", "1", a, a)))
                .containsEntry("/t/b", Optional.of(new KeyValue("/t/b", "2", b, b)))
                .containsEntry("/t/none", Optional.empty());
    }

    @Test
    void theSameKeyMayBeComparedTwice() {
        long seen = put("/t/a", "1");

        assertThat(commit(Transaction.builder()
                                .ifUnchanged("/t/a", seen)
                                .ifUnchanged("/t/a", seen)
                                .put("/t/a", "2"))
                        .committed())
                .isTrue();
        assertThat(commit(Transaction.builder()
                                .ifUnchanged("/t/a", seen)
                                .ifAbsent("/t/a")
                                .put("/t/a", "3"))
                        .committed())
                .isFalse();
    }

    @Test
    void aTransactionWithoutWritesOnlyCompares() {
        long seen = put("/t/a", "1");

        TransactionResult holds = commit(Transaction.builder().ifUnchanged("/t/a", seen));
        TransactionResult fails = commit(Transaction.builder().ifAbsent("/t/a").elseRead("/t/a"));

        assertThat(holds.committed()).isTrue();
        assertThat(holds.revision()).isEqualTo(seen);
        assertThat(fails.committed()).isFalse();
        assertThat(fails.current()).containsKey("/t/a");
        assertThat(commit(Transaction.builder()).committed()).isTrue();
        assertThat(newest()).isEqualTo(seen);
    }

    @Test
    void deletingWhatIsNotThereChangesNothing() {
        long before = put("/t/a", "1");

        TransactionResult result =
                commit(Transaction.builder().delete("/t/none").delete("/t/no/more"));

        assertThat(result.committed()).isTrue();
        assertThat(result.revision()).isEqualTo(before);
        assertThat(newest()).isEqualTo(before);
    }

    @Test
    void aTransactionThatAlsoDeletesWhatIsNotThereWritesTheRest() {
        commit(Transaction.builder().delete("/t/none").put("/t/a", "1"));

        assertThat(listInPages(store, "/t/", 10)).containsExactly("/t/a=1");
    }

    @Test
    void theMostOperationsOfEachKindAreTaken() {
        Transaction.Builder puts = Transaction.builder();
        IntStream.range(0, Transaction.MAX_OPERATIONS)
                .forEach(i -> puts.ifAbsent("/t/" + i).put("/t/" + i, "v" + i).elseRead("/t/" + i));
        Transaction all = puts.build();

        TransactionResult first = store.commit(all);
        TransactionResult second = store.commit(all);

        assertThat(first.committed()).isTrue();
        assertThat(store.listAll("/t/").records())
                .hasSize(Transaction.MAX_OPERATIONS)
                .allMatch(record -> record.modRevision() == first.revision());
        assertThat(second.committed()).isFalse();
        assertThat(second.current()).hasSize(Transaction.MAX_OPERATIONS).doesNotContainValue(Optional.empty());
    }

    @Test
    void aLargerTransactionIsTakenWholeOrRefusedWhole() {
        Transaction.Builder puts = Transaction.builder();
        IntStream.range(0, 10 * Transaction.MAX_OPERATIONS).forEach(i -> puts.put("/t/" + i, "x"));

        try {
            committed(store, puts.build());
            assertThat(store.listAll("/t/").records()).hasSize(10 * Transaction.MAX_OPERATIONS);
        } catch (IllegalArgumentException refusal) {
            assertThat(refusal.getMessage()).isNotBlank();
            assertThat(store.listAll("/t/").records()).isEmpty();
        }
    }

    @Test
    void aMebibyteInOneTransactionIsTaken() {
        int parts = Transaction.MAX_OPERATIONS;
        String part = "x".repeat(Transaction.MAX_BYTES / parts - 10);
        Transaction.Builder puts = Transaction.builder();
        IntStream.range(0, parts).forEach(i -> puts.put("/t/" + i, part));

        commit(puts);

        assertThat(store.listAll("/t/").records())
                .hasSize(parts)
                .allMatch(record -> record.value().equals(part));
    }

    @Test
    void revisionsGrowWithEachChange() {
        long last = 0;
        for (int i = 0; i < 50; i++) {
            long revision = i % 3 == 2 ? delete("/t/a") : put("/t/a", "same");
            assertThat(revision).isGreaterThan(last);
            last = revision;
        }
    }
}
