package io.calico.datastore.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.calico.datastore.spi.DatastoreException;
import io.calico.datastore.spi.KeyValue;
import io.calico.datastore.spi.Page;
import io.calico.datastore.spi.Transaction;
import io.calico.datastore.spi.Watch;
import io.calico.datastore.spi.WatchEvent;
import io.calico.datastore.spi.WatchListener;
import io.calico.datastore.testkit.StoreUnderTest.Ability;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Promises of {@code watch}. */
@SuppressWarnings("try") // a watch is held open, nothing else
abstract class WatchConformance extends Conformance {
    private long newest() {
        return store.listAll("/t/").revision();
    }

    @Test
    void everyChangeComesOnceInOrder() {
        WatchRecorder recorder = new WatchRecorder();
        List<String> expected = new ArrayList<>();
        long last = 0;
        try (Watch watch = store.watch("/t/", newest(), recorder)) {
            for (int i = 0; i < 100; i++) {
                String key = "/t/" + i % 7;
                boolean delete = i % 5 == 4 && store.get(key).isPresent();
                last = delete ? delete(key) : put(key, "v" + i);
                expected.add(delete ? key + "@" + last : key + "=v" + i + "@" + last);
            }

            recorder.awaitRevision(last);
        }
        assertThat(recorder.texts()).isEqualTo(expected);
        assertThat(recorder.violations()).isEmpty();
    }

    @Test
    void anEventHoldsTheRecordAsItIsRead() {
        WatchRecorder recorder = new WatchRecorder();
        long created = put("/t/a", "1");
        try (Watch watch = store.watch("/t/", created, recorder)) {
            long changed = put("/t/a", "2");
            Optional<KeyValue> read = store.get("/t/a");
            long deleted = delete("/t/a");

            recorder.awaitRevision(deleted);

            assertThat(recorder.events())
                    .containsExactly(
                            new WatchEvent("/t/a", read, changed), new WatchEvent("/t/a", Optional.empty(), deleted));
        }
    }

    @Test
    void aWatchFromAnOldRevisionBeginsWithWhatHappenedSince() {
        long first = put("/t/a", "1");
        long second = put("/t/b", "2");
        long third = delete("/t/a");
        WatchRecorder recorder = new WatchRecorder();

        try (Watch watch = store.watch("/t/", first, recorder)) {
            recorder.awaitRevision(third);
            long fourth = put("/t/c", "3");
            recorder.awaitRevision(fourth);

            assertThat(recorder.texts()).containsExactly("/t/b=2@" + second, "/t/a@" + third, "/t/c=3@" + fourth);
        }
    }

    @Test
    void aThousandChangesBackAreStillThere() {
        long first = put("/t/a", "first");
        long last = first;
        for (int i = 0; i < 1000; i++) {
            last = put("/t/a", "v" + i);
        }
        WatchRecorder recorder = new WatchRecorder();

        try (Watch watch = store.watch("/t/", first, recorder)) {
            recorder.awaitRevision(last);
        }

        assertThat(recorder.events()).hasSize(1000);
        assertThat(recorder.violations()).isEmpty();
    }

    @Test
    void onlyChangesUnderThePrefixCome() {
        WatchRecorder recorder = new WatchRecorder();
        try (Watch watch = store.watch("/t/node-1/", newest(), recorder)) {
            put("/t/node-10/x", "1");
            put("/t/node-1", "1");
            put("/u/x", "1");
            long last = put("/t/node-1/x", "1");

            recorder.awaitRevision(last);

            assertThat(recorder.texts()).containsExactly("/t/node-1/x=1@" + last);
        }
    }

    @Test
    void whatOneTransactionChangedComesInOneCall() {
        WatchRecorder recorder = new WatchRecorder();
        long last = 0;
        try (Watch watch = store.watch("/t/", newest(), recorder)) {
            for (int round = 0; round < 20; round++) {
                Transaction.Builder puts = Transaction.builder();
                String value = "round " + round;
                IntStream.range(0, Transaction.MAX_OPERATIONS).forEach(i -> puts.put("/t/" + i, value));
                last = committed(store, puts.build());
            }
            recorder.awaitRevision(last);
        }

        assertThat(recorder.violations()).isEmpty();
        for (List<WatchEvent> call : recorder.calls()) {
            Map<Long, Integer> sizes = new TreeMap<>();
            call.forEach(event -> sizes.merge(event.revision(), 1, Integer::sum));
            assertThat(sizes.values()).containsOnly(Transaction.MAX_OPERATIONS);
        }
    }

    @Test
    void writingTheSameValueAgainIsAChange() {
        WatchRecorder recorder = new WatchRecorder();
        long first = put("/t/a", "1");
        try (Watch watch = store.watch("/t/", first, recorder)) {
            long second = put("/t/a", "1");
            recorder.awaitRevision(second);

            assertThat(recorder.texts()).containsExactly("/t/a=1@" + second);
        }
    }

    @Test
    void whatChangedNothingIsNoEvent() {
        WatchRecorder recorder = new WatchRecorder();
        long seen = put("/t/a", "1");
        try (Watch watch = store.watch("/t/", seen, recorder)) {
            committed(store, Transaction.builder().delete("/t/none").build());
            store.commit(Transaction.builder().ifAbsent("/t/a").put("/t/b", "1").build());
            long last = put("/t/last", "1");
            recorder.awaitRevision(last);

            assertThat(recorder.texts()).containsExactly("/t/last=1@" + last);
        }
    }

    @Test
    void bigValuesAreWatched() {
        WatchRecorder recorder = new WatchRecorder();
        String big = "x".repeat(Transaction.MAX_BYTES - 100);
        try (Watch watch = store.watch("/t/", newest(), recorder)) {
            long last = 0;
            for (int i = 0; i < 10; i++) {
                last = put("/t/" + i, big);
            }
            recorder.awaitRevision(last);
        }

        assertThat(recorder.events())
                .hasSize(10)
                .allMatch(event -> event.current().orElseThrow().value().equals(big));
    }

    @Test
    void aListAndAWatchFromItsRevisionAreTheWholeTruthWhileOthersWrite() throws InterruptedException {
        CountDownLatch halfway = new CountDownLatch(1);
        AtomicReference<Throwable> failure = new AtomicReference<>();
        Thread writer = new Thread(
                () -> {
                    try {
                        for (int i = 0; i < 400; i++) {
                            put("/t/" + i % 13, "v" + i);
                            if (i == 100) {
                                halfway.countDown();
                            }
                            if (i % 3 == 0) {
                                delete("/t/" + i % 11);
                            }
                        }
                    } catch (RuntimeException e) {
                        failure.set(e);
                    }
                },
                "calico-kit-writer-1");
        writer.start();
        assertThat(halfway.await(60, TimeUnit.SECONDS)).isTrue();
        Page snapshot = store.listAll("/t/");
        WatchRecorder recorder = new WatchRecorder();
        try (Watch watch = store.watch("/t/", snapshot.revision(), recorder)) {
            writer.join();
            recorder.awaitRevision(put("/t/last", "x"));
        }

        Map<String, KeyValue> state = new TreeMap<>();
        snapshot.records().forEach(record -> state.put(record.key(), record));
        recorder.events()
                .forEach(event -> event.current()
                        .ifPresentOrElse(record -> state.put(event.key(), record), () -> state.remove(event.key())));
        assertThat(failure.get()).isNull();
        assertThat(recorder.violations()).isEmpty();
        assertThat(state.values())
                .containsExactlyInAnyOrderElementsOf(store.listAll("/t/").records());
    }

    @Test
    void manyWatchesSeeTheSame() {
        List<WatchRecorder> recorders = new ArrayList<>();
        List<Watch> watches = new ArrayList<>();
        long from = newest();
        for (int i = 0; i < 40; i++) {
            WatchRecorder recorder = new WatchRecorder();
            recorders.add(recorder);
            watches.add(store.watch("/t/", from, recorder));
        }
        List<String> expected = new ArrayList<>();
        long last = from;
        for (int i = 0; i < 20; i++) {
            last = put("/t/" + i, "x");
            expected.add("/t/" + i + "=x@" + last);
        }

        for (WatchRecorder recorder : recorders) {
            assertThat(recorder.awaitRevision(last).texts()).isEqualTo(expected);
            assertThat(recorder.violations()).isEmpty();
        }
        watches.forEach(Watch::close);
    }

    @Test
    void aSlowListenerDelaysNobody() throws InterruptedException {
        CountDownLatch stuck = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        WatchRecorder slow = new WatchRecorder();
        WatchListener blocking = new Delegating(slow) {
            @Override
            public void onEvents(List<WatchEvent> events, long revision) {
                stuck.countDown();
                awaitUninterrupted(goOn);
                super.onEvents(events, revision);
            }
        };
        WatchRecorder quick = new WatchRecorder();
        long from = newest();
        try (Watch first = store.watch("/t/", from, blocking);
                Watch second = store.watch("/t/", from, quick)) {
            put("/t/a", "1");
            assertThat(stuck.await(20, TimeUnit.SECONDS)).isTrue();

            long last = put("/t/b", "1");
            quick.awaitRevision(last);

            goOn.countDown();
            slow.awaitRevision(last);
            assertThat(slow.texts()).isEqualTo(quick.texts());
        }
    }

    @Test
    void aWatchTooFarBehindIsTold() {
        assumeAble(Ability.COMPACTION);
        long old = put("/t/a", "1");
        long newest = put("/t/a", "2");
        compact();
        WatchRecorder recorder = new WatchRecorder();

        try (Watch watch = store.watch("/t/", old, recorder)) {
            long oldest = recorder.awaitCompacted();

            assertThat(oldest).isGreaterThan(old).isLessThanOrEqualTo(newest);
            put("/t/a", "3");
            WatchRecorder second = new WatchRecorder();
            try (Watch again = store.watch("/t/", oldest, second)) {
                second.awaitRevision(newest());
                assertThat(second.texts()).last().asString().startsWith("/t/a=3@");
            }
        }
        assertThat(recorder.events()).isEmpty();
        assertThat(recorder.violations()).isEmpty();
    }

    @Test
    void compactionDoesNotDisturbAWatchThatHasSeenEverything() {
        assumeAble(Ability.COMPACTION);
        WatchRecorder recorder = new WatchRecorder();
        try (Watch watch = store.watch("/t/", newest(), recorder)) {
            recorder.awaitRevision(put("/t/a", "1"));
            compact();
            long last = put("/t/a", "2");
            recorder.awaitRevision(last);
        }

        assertThat(recorder.events()).hasSize(2);
        assertThat(recorder.violations()).isEmpty();
    }

    @Test
    void aWatchFromARevisionThatTheStoreHasNotReachedIsToldToReadAgain() {
        long newest = put("/t/a", "1");
        WatchRecorder recorder = new WatchRecorder();

        try (Watch watch = store.watch("/t/", newest + 1000, recorder)) {
            assertThat(recorder.awaitCompacted()).isLessThanOrEqualTo(newest);
        }
    }

    @Test
    void afterCloseNoCallbackBegins() {
        WatchRecorder closed = new WatchRecorder();
        WatchRecorder other = new WatchRecorder();
        long from = newest();
        Watch watch = store.watch("/t/", from, closed);
        try (Watch witness = store.watch("/t/", from, other)) {
            closed.awaitRevision(put("/t/a", "1"));

            watch.close();
            watch.close();
            int before = closed.events().size();
            other.awaitRevision(put("/t/b", "1"));

            assertThat(closed.events()).hasSize(before);
            assertThat(closed.violations()).isEmpty();
        }
    }

    @Test
    void aWatchMayBeClosedFromItsCallback() throws InterruptedException {
        CompletableFuture<Watch> self = new CompletableFuture<>();
        CountDownLatch closed = new CountDownLatch(1);
        WatchRecorder recorder = new WatchRecorder();
        WatchListener closing = new Delegating(recorder) {
            @Override
            public void onEvents(List<WatchEvent> events, long revision) {
                super.onEvents(events, revision);
                self.join().close();
                closed.countDown();
            }
        };
        self.complete(store.watch("/t/", newest(), closing));
        put("/t/a", "1");
        assertThat(closed.await(20, TimeUnit.SECONDS)).isTrue();
        WatchRecorder other = new WatchRecorder();
        try (Watch witness = store.watch("/t/", newest(), other)) {
            other.awaitRevision(put("/t/b", "1"));
        }

        assertThat(recorder.texts()).hasSize(1);
    }

    @Test
    void aListenerThatFailsEndsItsWatch() {
        WatchRecorder recorder = new WatchRecorder();
        WatchListener failing = new Delegating(recorder) {
            @Override
            public void onEvents(List<WatchEvent> events, long revision) {
                throw new IllegalStateException("on purpose");
            }
        };
        try (Watch watch = store.watch("/t/", newest(), failing)) {
            put("/t/a", "1");

            assertThat(recorder.awaitEnd()).isInstanceOf(DatastoreException.Unavailable.class);
        }
    }

    @Test
    void badArgumentsAreRefused() {
        WatchRecorder recorder = new WatchRecorder();

        assertThatThrownBy(() -> store.watch("/t", 1, recorder)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> store.watch("/t/", -1, recorder)).isInstanceOf(IllegalArgumentException.class);
        assertThat(recorder.isSilent()).isTrue();
    }

    static void awaitUninterrupted(CountDownLatch latch) {
        try {
            if (!latch.await(20, TimeUnit.SECONDS)) {
                throw new AssertionError("waited 20 s in vain");
            }
        } catch (InterruptedException e) {
            throw new AssertionError("the thread of a callback was interrupted", e);
        }
    }

    private static class Delegating implements WatchListener {
        private final WatchListener to;

        private Delegating(WatchListener to) {
            this.to = to;
        }

        @Override
        public void onEvents(List<WatchEvent> events, long revision) {
            to.onEvents(events, revision);
        }

        @Override
        public void onProgress(long revision) {
            to.onProgress(revision);
        }

        @Override
        public void onCompacted(long oldestRevision) {
            to.onCompacted(oldestRevision);
        }

        @Override
        public void onEnded(DatastoreException cause) {
            to.onEnded(cause);
        }
    }
}
