package io.calico.datastore.sqlite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.calico.datastore.spi.Datastore;
import io.calico.datastore.spi.DatastoreException;
import io.calico.datastore.spi.KeyValue;
import io.calico.datastore.spi.Transaction;
import io.calico.datastore.spi.Watch;
import io.calico.datastore.spi.WatchEvent;
import io.calico.datastore.spi.WatchListener;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** One database, several real processes, some of which are killed. */
@SuppressWarnings("try") // a watch is held open, nothing else
class SqliteProcessesIT {
    private static final boolean LONG = Boolean.getBoolean("calico.test.long");

    private final SqliteUnderTest files = new SqliteUnderTest();
    private final Datastore store = files.open();
    private final Queue<WatchEvent> events = new ConcurrentLinkedQueue<>();

    @AfterEach
    void delete() {
        store.close();
        files.close();
    }

    private Watch watch() {
        return store.watch("/t/", store.listAll("/t/").revision(), new WatchListener() {
            @Override
            public void onEvents(List<WatchEvent> batch, long revision) {
                events.addAll(batch);
            }

            @Override
            public void onCompacted(long oldestRevision) {
                throw new AssertionError("compacted");
            }

            @Override
            public void onEnded(DatastoreException cause) {
                throw new AssertionError(cause);
            }
        });
    }

    private String value(String key) {
        return store.get(key).map(KeyValue::value).orElse("none");
    }

    @Test
    void processesThatCountTogetherLoseNothingAndAWatchSeesEveryStep() throws IOException, InterruptedException {
        int processes = 3;
        int each = LONG ? 2000 : 150;
        List<SqliteChild> children = new ArrayList<>();
        try (Watch watch = watch()) {
            for (int i = 0; i < processes; i++) {
                children.add(SqliteChild.start(files.path(), "count", each));
            }
            for (SqliteChild child : children) {
                assertThat(child.awaitEnd()).isZero();
            }

            assertThat(value("/t/counter")).isEqualTo(Integer.toString(processes * each));
            await().atMost(Duration.ofSeconds(20)).until(() -> events.size() >= processes * each);
        } finally {
            children.forEach(SqliteChild::close);
        }
        List<String> counted = events.stream()
                .map(event -> event.current().orElseThrow().value())
                .toList();
        List<String> expected = new ArrayList<>();
        for (int i = 1; i <= processes * each; i++) {
            expected.add(Integer.toString(i));
        }
        assertThat(counted).isEqualTo(expected);
    }

    @Test
    void aKilledWriterLosesNothingItWasAnsweredAndTearsNothing() throws IOException, InterruptedException {
        Random random = new Random(7);
        int next = 0;
        try (Watch watch = watch()) {
            for (int round = 0; round < (LONG ? 100 : 6); round++) {
                int answered = next - 1;
                try (SqliteChild child = SqliteChild.start(files.path(), "pairs", next)) {
                    int until = next + 1 + random.nextInt(60);
                    while (answered < until) {
                        answered = Integer.parseInt(child.nextAnswer().orElseThrow());
                    }
                    child.kill();
                    for (String more = child.nextAnswer().orElse(""); !more.isEmpty(); ) {
                        answered = Integer.parseInt(more);
                        more = child.nextAnswer().orElse("");
                    }
                }

                int left = Integer.parseInt(value("/t/left"));
                assertThat(left).as("round %s", round).isBetween(answered, answered + 1);
                assertThat(value("/t/right"))
                        .startsWith(Integer.toString(left))
                        .hasSize(Integer.toString(left).length() + left % 7 * 3000);
                store.commit(Transaction.builder()
                        .put("/t/survivor", "round " + round)
                        .build());
                next = left + 1;
            }
            int last = next - 1;
            await().atMost(Duration.ofSeconds(20)).until(() -> leftValues().contains(Integer.toString(last)));
        }
        assertThat(leftValues()).hasSize(next);
        try (Datastore again = files.open()) {
            assertThat(again.get("/t/left")).isEqualTo(store.get("/t/left"));
        }
    }

    private List<String> leftValues() {
        return events.stream()
                .filter(event -> event.key().equals("/t/left"))
                .map(event -> event.current().orElseThrow().value())
                .toList();
    }

    @Test
    void theRecordsOfAKilledProcessVanishWithItsLease() throws IOException, InterruptedException {
        try (SqliteChild child = SqliteChild.start(files.path(), "lease", 0)) {
            assertThat(child.nextAnswer()).contains("alive");
            child.kill();
        }

        assertThat(value("/t/alive")).isEqualTo("yes");
        await().atMost(Duration.ofSeconds(10)).until(() -> value("/t/alive").equals("none"));
    }

    @Test
    void commitsOfAnotherProcessAreSeenLongBeforeTheBackstop() throws IOException {
        List<Long> millis = new ArrayList<>();
        try (Watch watch = watch();
                SqliteChild child = SqliteChild.start(files.path(), "pairs", 0)) {
            for (int i = 0; i < 40; i++) {
                String answer = child.nextAnswer().orElseThrow();
                long answered = System.nanoTime();
                await().pollInterval(Duration.ofMillis(1))
                        .until(() -> leftValues().contains(answer));
                millis.add(Duration.ofNanos(System.nanoTime() - answered).toMillis());
            }
        }

        millis.sort(Long::compare);
        assertThat(millis.get(millis.size() / 2)).as("median of %s", millis).isLessThan(500);
    }
}
