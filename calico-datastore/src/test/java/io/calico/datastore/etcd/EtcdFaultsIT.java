package io.calico.datastore.etcd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.calico.datastore.spi.Datastore;
import io.calico.datastore.spi.DatastoreException;
import io.calico.datastore.spi.KeyValue;
import io.calico.datastore.spi.Transaction;
import io.calico.datastore.spi.Watch;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** What a client of one member sees when the member dies, hangs, is full, or the way to it breaks. */
@RequiresEtcd
@Execution(ExecutionMode.CONCURRENT) // each test has a server of its own, and waits most of the time
@SuppressWarnings("try") // a watch is held open, nothing else
class EtcdFaultsIT {
    private static final Duration PATIENCE = Duration.ofSeconds(2);
    private static final Duration SLACK = Duration.ofSeconds(3);
    private static final int RESTARTS = Boolean.getBoolean("calico.test.long") ? 30 : 2;

    private RealCluster cluster = RealCluster.start(1);
    private EtcdServer server = cluster.members().get(0);

    @AfterEach
    void stop() {
        cluster.close();
    }

    private static Datastore open(String uri, Duration patience) {
        Datastore store = new EtcdDatastore(new EtcdCluster(EtcdSettings.parse(uri, Map.of()), patience));
        EtcdUnderTest.await(() -> store.get("/t/none"));
        return store;
    }

    private static Transaction put(String key, String value) {
        return Transaction.builder().put(key, value).build();
    }

    private static void assertEndsInTime(ThrowingCallable call, Class<? extends Throwable> with, String... texts) {
        long began = System.nanoTime();
        assertThatThrownBy(call)
                .isInstanceOf(with)
                .hasMessageContainingAll(texts)
                .message()
                .doesNotContain("\n");
        assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(PATIENCE.plus(SLACK));
    }

    @Test
    void aServerKilledUnderLoadLosesNothingAndTheWatchTellsAllOfItOnce() throws InterruptedException {
        EventLog log = new EventLog();
        try (Datastore store = open(cluster.uri(), Duration.ofSeconds(10));
                Counter counter = new Counter(store, "/t/a")) {
            long start = store.listAll("/t/").revision();
            try (Watch watch = store.watch("/t/", start, log)) {
                counter.start();
                for (int i = 0; i < RESTARTS; i++) {
                    counter.awaitMore(30);
                    server.kill();
                    server.start();
                }
                counter.awaitMore(30);
                KeyValue last = counter.stop();

                log.awaitRevision(last.modRevision());
                EventLog history = new EventLog();
                try (Watch again = store.watch("/t/", start, history)) {
                    history.awaitRevision(last.modRevision());
                }
                assertThat(log.end()).isEmpty();
                assertThat(log.events()).isEqualTo(history.events());
                assertThat(log.events())
                        .extracting(event -> event.current().orElseThrow().value())
                        .isEqualTo(counter.values());
            }
        }
    }

    @Test
    void aServerThatIsAwayIsUnavailableUntilItIsBack() {
        try (Datastore store = open(cluster.uri(), PATIENCE)) {
            server.kill();

            assertEndsInTime(
                    () -> store.get("/t/a"),
                    DatastoreException.Unavailable.class,
                    "reading /t/a in " + cluster.uri() + ": connection refused");
            // Nothing was sent: a commit is just as surely not done.
            assertEndsInTime(
                    () -> store.commit(put("/t/a", "1")), DatastoreException.Unavailable.class, "connection refused");

            server.start();
            EtcdUnderTest.await(() -> store.commit(put("/t/a", "2")));
            assertThat(store.get("/t/a").orElseThrow().value()).isEqualTo("2");
        }
    }

    @Test
    void aServerThatHangsMakesACommitUnknownAndAReadUnavailable() {
        try (Datastore store = open(cluster.uri(), PATIENCE)) {
            store.commit(put("/t/a", "1"));
            server.freeze();

            CompletableFuture<Void> reading = CompletableFuture.runAsync(() -> assertEndsInTime(
                    () -> store.get("/t/a"), DatastoreException.Unavailable.class, "no answer in time"));
            assertEndsInTime(
                    () -> store.commit(put("/t/a", "2")),
                    DatastoreException.UnknownResult.class,
                    "sent to " + server.endpoint(),
                    "no answer in time");
            reading.join();

            server.thaw();
            EtcdUnderTest.await(() -> store.commit(put("/t/b", "1")));
        }
    }

    @Test
    void aCommitWhoseAnswerIsLostIsUnknownAndDoneOnce() {
        try (TcpProxy way = new TcpProxy(server);
                Datastore direct = open(cluster.uri(), PATIENCE);
                Datastore store = open(way.uri(), PATIENCE)) {
            long before = store.commit(put("/t/a", "1")).revision();
            way.loseAnswers();

            assertEndsInTime(
                    () -> store.commit(put("/t/a", "2")), DatastoreException.UnknownResult.class, "no answer in time");

            assertThat(direct.get("/t/a")).contains(new KeyValue("/t/a", "2", before, before + 1));
            way.mend();
            assertThat(store.listAll("/t/").revision()).isEqualTo(before + 1);
        }
    }

    @Test
    void aWatchWhoseWayBreaksGoesOnWhereItWas() {
        EventLog log = new EventLog();
        try (TcpProxy way = new TcpProxy(server);
                Datastore direct = open(cluster.uri(), PATIENCE);
                Datastore store = open(way.uri(), Duration.ofSeconds(10))) {
            long first = direct.commit(put("/t/a", "1")).revision();
            try (Watch watch = store.watch("/t/", first - 1, log)) {
                log.awaitRevision(first);
                way.cut();
                direct.commit(put("/t/a", "2"));
                way.mend();

                log.awaitRevision(direct.commit(put("/t/a", "3")).revision());

                assertThat(log.end()).isEmpty();
                assertThat(log.events())
                        .extracting(event -> event.current().orElseThrow().value())
                        .containsExactly("1", "2", "3");
            }
        }
    }

    @Test
    void aWatchThatWasAwayDuringACompactionIsTold() {
        EventLog log = new EventLog();
        try (TcpProxy way = new TcpProxy(server);
                Admin admin = new Admin(server);
                Datastore direct = open(cluster.uri(), PATIENCE);
                Datastore store = open(way.uri(), Duration.ofSeconds(10))) {
            long first = direct.commit(put("/t/a", "1")).revision();
            try (Watch watch = store.watch("/t/", first - 1, log)) {
                log.awaitRevision(first);
                way.cut();
                direct.commit(put("/t/a", "2"));
                long newest = direct.commit(put("/t/a", "3")).revision();
                admin.compact();
                way.mend();

                DatastoreException end = log.awaitEnd();

                assertThat(end)
                        .isInstanceOfSatisfying(
                                DatastoreException.Compacted.class,
                                compacted ->
                                        assertThat(compacted.oldestRevision()).isEqualTo(newest));
                assertThat(log.events()).hasSize(1);
            }
        }
    }

    @Test
    void aDeleteThatWasCompactedAwayIsNotPassedOver() {
        EventLog log = new EventLog();
        try (Admin admin = new Admin(server);
                Datastore store = open(cluster.uri(), PATIENCE)) {
            long put = store.commit(put("/t/a", "1")).revision();
            store.commit(Transaction.builder().delete("/t/a").build());
            admin.compact();

            try (Watch watch = store.watch("/t/", put, log)) {
                assertThat(log.awaitEnd()).isInstanceOf(DatastoreException.Compacted.class);
            }
        }
    }

    @Test
    void aWatchThatNobodyTakesUpEnds() {
        EventLog log = new EventLog();
        try (Datastore store = open(cluster.uri(), PATIENCE)) {
            long first = store.commit(put("/t/a", "1")).revision();
            try (Watch watch = store.watch("/t/", first - 1, log)) {
                log.awaitRevision(first);
                server.kill();

                assertThat(log.awaitEnd())
                        .isInstanceOf(DatastoreException.Unavailable.class)
                        .hasMessageContaining("connection refused");
            }
        }
    }

    @Test
    void aFullDatabaseIsSaidToBeFullAndUsedAgainWhenThereIsRoom() {
        cluster.close();
        cluster = RealCluster.start(1, "--quota-backend-bytes=2000000");
        server = cluster.members().get(0);
        String value = "x".repeat(200_000);
        try (Admin admin = new Admin(server);
                Datastore store = open(cluster.uri(), PATIENCE)) {
            assertEndsInTime(
                    () -> {
                        for (int i = 0; i < 100; i++) {
                            store.commit(put("/t/a", value));
                        }
                    },
                    DatastoreException.Unavailable.class,
                    "etcd's database is full (NOSPACE)");
            assertThat(store.get("/t/a")).isPresent();

            admin.makeRoom();

            assertThat(store.commit(put("/t/a", "small")).committed()).isTrue();
        }
    }

    @Test
    void aQuietWatchIsTheSameAfterItsSilence() {
        EventLog log = new EventLog();
        cluster.close();
        cluster = RealCluster.start(1, "--experimental-watch-progress-notify-interval=1s");
        try (Datastore store = open(cluster.uri(), PATIENCE)) {
            long first = store.commit(put("/t/a", "1")).revision();
            try (Watch watch = store.watch("/t/", first, log)) {
                long elsewhere = store.commit(put("/u/a", "1")).revision();

                // etcd's own progress of this watch moves it forward.
                log.awaitRevision(elsewhere);

                assertThat(log.end()).isEmpty();
                assertThat(log.events()).isEmpty();
            }
        }
    }
}
