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
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * The only process that has the database open is killed in the middle of its commits, and the next one finds what it
 * left. {@code -Dcalico.test.seed=N} repeats the moments of a run, as far as a kill can be repeated.
 */
@SuppressWarnings("try") // a watch is held open, nothing else
class SqliteKillIT {
    private static final int KILLS = Boolean.getBoolean("calico.test.long") ? 200 : 10;

    private final long seed = Long.getLong("calico.test.seed", System.nanoTime());
    private final Random random = new Random(seed);
    private final SqliteUnderTest files = new SqliteUnderTest();

    /** What the killed writer said of each book: its last page, and the revision of that. */
    private record Answers(Map<String, Integer> pages, long revision) {}

    @AfterEach
    void delete() {
        files.close();
    }

    @Test
    void whatWasAnsweredIsThereWholeAndNothingElseIsThereInPart()
            throws IOException, InterruptedException, SQLException {
        int firstPage = 0;
        long revision;
        try (Datastore store = files.open()) {
            revision = store.commit(Transaction.builder().put("/t/begin", "").build())
                    .revision();
        }
        for (int kill = 0; kill < KILLS; kill++) {
            String round = "kill " + kill + " with seed " + seed;
            Answers answers = writeUntilKilled(firstPage);

            assertThat(integrity()).as(round).isEqualTo("ok");
            try (Datastore store = files.open()) {
                firstPage = 1 + assertWhole(store, answers, round);
                assertThat(store.listAll("/t/").revision()).as(round).isGreaterThanOrEqualTo(answers.revision());
                assertWatchResumes(store, revision, answers, round);
                long before = store.listAll("/t/").revision();
                revision = store.commit(
                                Transaction.builder().put("/t/begin", round).build())
                        .revision();
                assertThat(revision).as(round).isGreaterThan(before);
            }
        }
    }

    private Answers writeUntilKilled(int firstPage) throws IOException, InterruptedException {
        Map<String, Integer> pages = new HashMap<>();
        long revision = 0;
        try (SqliteChild child = SqliteChild.start(files.path(), "ledger", firstPage)) {
            int untilKill = 1 + random.nextInt(120);
            Optional<String> answer = child.nextAnswer();
            for (int answers = 1; answer.isPresent(); answers++) {
                String[] words = answer.get().split(" ", -1);
                // The last line may have been cut by death.
                if (words.length == 3 && !words[2].isEmpty()) {
                    pages.put(words[0], Integer.parseInt(words[1]));
                    revision = Math.max(revision, Long.parseLong(words[2]));
                }
                if (answers == untilKill) {
                    LockSupport.parkNanos(random.nextInt(5_000_000));
                    child.kill();
                }
                answer = child.nextAnswer();
            }
        }
        return new Answers(pages, revision);
    }

    private String integrity() throws SQLException {
        SqliteLibrary.prepare();
        try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + files.path());
                Statement statement = connection.createStatement();
                ResultSet result = statement.executeQuery("PRAGMA integrity_check")) {
            return result.getString(1);
        }
    }

    /** The newest page of any book. */
    private static int assertWhole(Datastore store, Answers answers, String round) {
        int newest = 0;
        for (int book = 0; book < SqliteChild.BOOKS; book++) {
            String name = Integer.toString(book);
            int last = -1;
            for (KeyValue page : store.listAll("/t/page/" + name + "/").records()) {
                last = Math.max(last, Integer.parseInt(page.value()));
            }
            int answered = answers.pages().getOrDefault(name, -1);
            assertThat(last).as("last page of book %s, %s", name, round).isGreaterThanOrEqualTo(answered);
            if (answered >= 0) {
                assertThat(last).as("last page of book %s, %s", name, round).isLessThanOrEqualTo(answered + 1);
            }
            for (KeyValue part : store.listAll("/t/part/" + name + "/").records()) {
                assertThat(part.value().substring(0, part.value().indexOf(' ')))
                        .as("page of %s, %s", part.key(), round)
                        .isEqualTo(Integer.toString(last));
            }
            newest = Math.max(newest, last);
        }
        return newest;
    }

    private static void assertWatchResumes(Datastore store, long after, Answers answers, String round) {
        List<WatchEvent> events = Collections.synchronizedList(new ArrayList<>());
        List<String> surprises = Collections.synchronizedList(new ArrayList<>());
        WatchListener listener = new WatchListener() {
            @Override
            public void onEvents(List<WatchEvent> batch, long revision) {
                events.addAll(batch);
            }

            @Override
            public void onCompacted(long oldestRevision) {
                surprises.add("compacted to " + oldestRevision);
            }

            @Override
            public void onEnded(DatastoreException cause) {
                surprises.add("ended: " + cause);
            }
        };
        Set<String> expected = new HashSet<>();
        answers.pages().forEach((book, page) -> expected.add("/t/page/" + book + "/" + page));
        try (Watch watch = store.watch("/t/", after, listener)) {
            await().atMost(Duration.ofSeconds(20))
                    .until(() -> !surprises.isEmpty() || keys(events).containsAll(expected));
        }
        assertThat(surprises).as(round).isEmpty();
    }

    private static Set<String> keys(List<WatchEvent> events) {
        Set<String> keys = new HashSet<>();
        synchronized (events) {
            events.forEach(event -> keys.add(event.key()));
        }
        return keys;
    }
}
