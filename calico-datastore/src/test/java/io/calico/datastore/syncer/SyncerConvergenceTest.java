package io.calico.datastore.syncer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.calico.datastore.memory.MemoryDatastore;
import io.calico.datastore.spi.KeyValue;
import io.calico.datastore.spi.Transaction;
import io.calico.datastore.testkit.FaultyDatastore;
import io.calico.datastore.testkit.FaultyDatastore.Operation;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tuple;

/** Whatever happens on the way, the listener ends equal to the store. */
class SyncerConvergenceTest {
    /** One thing that happens to the store while a syncer follows it. */
    private interface Step {
        void run(MemoryDatastore store, FaultyDatastore faulty);
    }

    private record Named(String name, Step step) {
        @Override
        public String toString() {
            return name;
        }
    }

    private static final Named CATCH_UP = new Named("let the syncer catch up", (store, faulty) -> {});

    @Property(tries = 300)
    void anyInterleavingOfWritesLossesAndCompactionsEndsEqual(@ForAll("steps") List<Named> steps) {
        RecordingListener listener = new RecordingListener();
        try (MemoryDatastore store = new MemoryDatastore()) {
            FaultyDatastore faulty = new FaultyDatastore(store);
            try (Syncer syncer = new Syncer(faulty, List.of("/t/"), listener, failures -> {})) {
                syncer.start();
                for (Named step : steps) {
                    step.step().run(store, faulty);
                    if (step.equals(CATCH_UP)) {
                        awaitRevision(listener, store.listAll("/t/").revision());
                    }
                }
                // A last change, so that there is something to wait for.
                long last = store.commit(
                                Transaction.builder().put("/t/last", "x").build())
                        .revision();

                awaitRevision(listener, last);
            }

            assertThat(listener.state()).isEqualTo(content(store));
            assertThat(listener.violations()).isEmpty();
        }
    }

    private static void awaitRevision(RecordingListener listener, long revision) {
        await().pollInterval(Duration.ofMillis(1))
                .untilAsserted(() -> assertThat(listener.revision()).isEqualTo(revision));
    }

    private static Map<String, String> content(MemoryDatastore store) {
        Map<String, String> content = new TreeMap<>();
        for (KeyValue record : store.listAll("/t/").records()) {
            content.put(record.key(), record.value());
        }
        return content;
    }

    @Provide
    Arbitrary<List<Named>> steps() {
        Arbitrary<Integer> keys = Arbitraries.integers().between(0, 3);
        Arbitrary<Integer> values = Arbitraries.integers().between(0, 99);
        Arbitrary<Named> put = keys.flatMap(key -> values.map(value -> named(
                "put " + key + "=" + value,
                (store, faulty) -> store.commit(
                        Transaction.builder().put("/t/" + key, "v" + value).build()))));
        Arbitrary<Named> delete = keys.map(key -> named(
                "delete " + key,
                (store, faulty) ->
                        store.commit(Transaction.builder().delete("/t/" + key).build())));
        Arbitrary<Named> pair = values.map(value -> named(
                "pair " + value,
                (store, faulty) -> store.commit(Transaction.builder()
                        .put("/t/pair/left", "v" + value)
                        .put("/t/pair/right", "v" + value)
                        .build())));
        return Arbitraries.frequencyOf(Tuple.of(6, put), Tuple.of(3, delete), Tuple.of(4, pair), Tuple.of(6, faults()))
                .list()
                .ofMaxSize(40);
    }

    private static Arbitrary<Named> faults() {
        return Arbitraries.of(
                named("lose the watch", (store, faulty) -> faulty.dropWatches()),
                named("compact", (store, faulty) -> store.compact()),
                named("compact while the watch is lost", (store, faulty) -> {
                    faulty.beforeNext(Operation.WATCH, store::compact);
                    faulty.dropWatches();
                }),
                named("compact between two pages or before a list", (store, faulty) -> {
                    faulty.beforeNext(Operation.LIST, store::compact);
                    store.compact();
                }),
                named("fail the next list", (store, faulty) -> faulty.failNext(Operation.LIST, 1)),
                named("fail the next watch", (store, faulty) -> faulty.failNext(Operation.WATCH, 1)),
                CATCH_UP);
    }

    private static Named named(String name, Step step) {
        return new Named(name, step);
    }
}
