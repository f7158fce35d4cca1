package io.calico.datastore.sqlite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import io.calico.datastore.spi.Datastore;
import io.calico.datastore.spi.DatastoreException;
import io.calico.datastore.spi.KeyValue;
import io.calico.datastore.spi.ListRequest;
import io.calico.datastore.spi.Transaction;
import io.calico.datastore.spi.Watch;
import io.calico.datastore.spi.WatchEvent;
import io.calico.datastore.spi.WatchListener;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The file: its rights, what is refused, what happens when somebody meddles with it. */
@SuppressWarnings("try") // a watch is held open, nothing else
class SqliteFileIT {
    @TempDir
    private Path folder;

    private Path database() {
        return folder.resolve("calico.db");
    }

    private Datastore open() {
        return new SqliteDatastoreProvider().open("sqlite:" + database(), Map.of());
    }

    private static void put(Datastore store, String key, String value) {
        store.commit(Transaction.builder().put(key, value).build());
    }

    private static String rights(Path path) throws IOException {
        return PosixFilePermissions.toString(Files.getPosixFilePermissions(path));
    }

    @Test
    void theFileAndAllBesideItAreForTheOwnerOnly() throws IOException {
        Path database = folder.resolve("new/folder/calico.db");
        try (Datastore store = new SqliteDatastoreProvider().open("sqlite:" + database, Map.of())) {
            assertThat(database).doesNotExist();
            put(store, "/t/a", "1");

            assertThat(rights(database.getParent())).isEqualTo("rwx------");
            try (Stream<Path> files = Files.list(database.getParent())) {
                for (Path file : files.toList()) {
                    assertThat(rights(file)).as(file.toString()).isIn("rw-------", "rwx------");
                }
            }
        }
    }

    @Test
    void aCleanCloseLeavesOneFileAndTheNoticeFolder() throws IOException {
        try (Datastore store = open()) {
            put(store, "/t/a", "1");
            store.get("/t/a");
        }

        try (Stream<Path> files = Files.list(folder)) {
            assertThat(files.map(file -> file.getFileName().toString()))
                    .containsExactlyInAnyOrder("calico.db", "calico.db.notice");
        }
    }

    @Test
    void aFileThatIsNoDatabaseIsRefusedAndLeftAsItIs() throws IOException {
        String text = "These are my notes, not a database.\n".repeat(1000);
        Files.writeString(database(), text);

        try (Datastore store = open()) {
            DatastoreException.Corrupt refusal =
                    catchThrowableOfType(DatastoreException.Corrupt.class, () -> store.get("/t/a"));

            assertThat(refusal.key()).isEqualTo("sqlite:" + database());
            assertThat(refusal.getMessage()).contains("damaged or not a database");
        }
        assertThat(database()).hasContent(text);
    }

    @Test
    void aDatabaseOfAnotherProgramIsRefused() throws SQLException, IOException {
        Files.createFile(database());
        execute("CREATE TABLE recipes (name TEXT)");

        assertRefused("another program");
    }

    @Test
    void aNewerSchemaIsRefused() throws SQLException {
        try (Datastore store = open()) {
            put(store, "/t/a", "1");
        }
        execute("PRAGMA user_version = 2");

        assertRefused("newer version (schema 2, this one knows up to 1)");

        execute("PRAGMA user_version = 1");
        try (Datastore store = open()) {
            assertThat(store.get("/t/a")).isPresent();
        }
    }

    @Test
    void damagedPagesAreRefused() throws IOException {
        try (Datastore store = open()) {
            for (int i = 0; i < 200; i++) {
                put(store, "/t/" + i, "x".repeat(500));
            }
        }
        // Nobody has it open now, so this may touch the file.
        try (FileChannel file = FileChannel.open(database(), StandardOpenOption.WRITE)) {
            file.write(ByteBuffer.wrap(new byte[40_000]), 3 * 4096);
        }

        assertRefused("damaged");
    }

    @Test
    void aCutFileIsRefused() throws IOException {
        try (Datastore store = open()) {
            for (int i = 0; i < 200; i++) {
                put(store, "/t/" + i, "x".repeat(500));
            }
        }
        try (FileChannel file = FileChannel.open(database(), StandardOpenOption.WRITE)) {
            file.truncate(5 * 4096);
        }

        assertRefused("damaged");
    }

    private void assertRefused(String why) {
        try (Datastore store = open()) {
            assertThatThrownBy(() -> store.get("/t/a"))
                    .isInstanceOf(DatastoreException.Corrupt.class)
                    .hasMessageContaining(why);
            assertThatThrownBy(() -> put(store, "/t/a", "2")).isInstanceOf(DatastoreException.Corrupt.class);
        }
    }

    private void execute(String sql) throws SQLException {
        SqliteLibrary.prepare();
        try (SqliteConnection connection = new SqliteFile(database(), Duration.ofSeconds(5)).connect()) {
            connection.execute(sql);
        }
    }

    @Test
    void aDirectoryIsRefused() throws IOException {
        Files.createDirectory(database());

        try (Datastore store = open()) {
            assertThatThrownBy(() -> store.get("/t/a")).isInstanceOf(DatastoreException.Unavailable.class);
        }
    }

    @Test
    void afterTheFileWasDeletedNothingIsWrittenIntoTheVoid() throws IOException {
        try (Datastore store = open()) {
            put(store, "/t/a", "1");
            Files.delete(database());

            assertThatThrownBy(() -> put(store, "/t/a", "2"))
                    .isInstanceOf(DatastoreException.Unavailable.class)
                    .hasMessageContaining("deleted while it was open");
            assertThatThrownBy(() -> store.get("/t/a")).isInstanceOf(DatastoreException.Unavailable.class);
        }
    }

    @Test
    void aFileThatWasReplacedIsNotMistakenForTheOld() throws IOException {
        Queue<DatastoreException> ends = new ConcurrentLinkedQueue<>();
        try (Datastore store = open();
                Watch watch = store.watch("/t/", 1, new Collecting(new ConcurrentLinkedQueue<>(), ends))) {
            put(store, "/t/a", "1");
            Files.move(database(), folder.resolve("old.db"));
            Files.createFile(database());

            assertThatThrownBy(() -> put(store, "/t/a", "2"))
                    .isInstanceOf(DatastoreException.Unavailable.class)
                    .hasMessageContaining("replaced");
            await().atMost(Duration.ofSeconds(10)).until(() -> !ends.isEmpty());
        }
    }

    @Test
    void aLockThatIsHeldTooLongIsUnavailableAndNothingIsDone() throws SQLException {
        SqliteFile file = new SqliteFile(database(), Duration.ofMillis(200));
        try (Datastore store = new SqliteDatastore(file, Clock.systemUTC(), 10_000)) {
            put(store, "/t/a", "1");
            try (SqliteConnection holder = file.connect()) {
                holder.execute("BEGIN IMMEDIATE");

                assertThatThrownBy(() -> put(store, "/t/a", "2"))
                        .isInstanceOf(DatastoreException.Unavailable.class)
                        .hasMessageContaining("another process has held the lock");
                assertThat(store.get("/t/a").map(KeyValue::value)).contains("1");
            }

            put(store, "/t/a", "3");
            assertThat(store.get("/t/a").map(KeyValue::value)).contains("3");
        }
    }

    @Test
    void withoutInotifyCommitsOfOthersAreSeenAllTheSame() throws IOException {
        // Where the folder should be there is a file: neither notices nor inotify work.
        Files.createFile(folder.resolve("calico.db.notice"));
        Queue<WatchEvent> events = new ConcurrentLinkedQueue<>();
        try (Datastore store = open();
                Datastore other = open();
                Watch watch = store.watch("/t/", 1, new Collecting(events, new ConcurrentLinkedQueue<>()))) {
            for (int i = 1; i <= 10; i++) {
                put(other, "/t/a", "v" + i);
                int expected = i;
                await().atMost(Duration.ofSeconds(10)).until(() -> events.size() == expected);
            }
        }
    }

    @Test
    void theNoticeFolderIsMadeAgain() throws IOException {
        Queue<WatchEvent> events = new ConcurrentLinkedQueue<>();
        try (Datastore store = open();
                Datastore other = open();
                Watch watch = store.watch("/t/", 1, new Collecting(events, new ConcurrentLinkedQueue<>()))) {
            put(other, "/t/a", "1");
            await().until(() -> events.size() == 1);
            Files.delete(folder.resolve("calico.db.notice/commit"));
            Files.delete(folder.resolve("calico.db.notice"));

            put(other, "/t/a", "2");
            await().until(() -> events.size() == 2);
            await().until(() -> Files.isDirectory(folder.resolve("calico.db.notice")));
        }
    }

    @Test
    void historyIsForgottenByItselfInTime() {
        SqliteFile file = new SqliteFile(database(), Duration.ofSeconds(5));
        try (Datastore store = new SqliteDatastore(file, Clock.systemUTC(), 50)) {
            put(store, "/t/a", "first");
            long first = store.listAll("/t/").revision();

            await().atMost(Duration.ofSeconds(20)).until(() -> {
                for (int i = 0; i < 40; i++) {
                    put(store, "/t/a", "v" + i);
                    put(store, "/t/" + i, "v" + i);
                }
                return isCompacted(store, first);
            });

            assertThat(store.listAll("/t/").records()).hasSize(41);
        }
    }

    @Test
    void forgettingThousandsOfVersionsOfOneKeyIsQuick() {
        try (SqliteDatastore store = new SqliteDatastore(new SqliteFile(database()), Clock.systemUTC())) {
            for (int i = 0; i < 4000; i++) {
                put(store, "/t/block", "v" + i);
            }
            long start = System.nanoTime();

            store.compact();

            // Comparing each with each takes some 8 million steps; meanwhile nobody writes.
            assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(1));
            assertThat(store.listAll("/t/").records()).hasSize(1);
        }
    }

    private static boolean isCompacted(Datastore store, long revision) {
        try {
            store.list(ListRequest.firstAt("/t/", revision, 10));
            return false;
        } catch (DatastoreException.Compacted e) {
            return true;
        }
    }

    @Test
    void pathsThatCannotBeOneAreRefusedAtOnce() {
        SqliteDatastoreProvider provider = new SqliteDatastoreProvider();

        for (String uri : List.of("sqlite:", "sqlite:/var/lib/", "sqlite:/a?b", "sqlite:/a\0b")) {
            assertThatThrownBy(() -> provider.open(uri, Map.of()))
                    .as(uri)
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("datastore '" + uri + "'");
        }
        try (Datastore store = provider.open("sqlite:///var//lib/../lib/x.db", Map.of())) {
            assertThat(store.uri()).isEqualTo("sqlite:/var/lib/x.db");
        }
    }

    @Test
    void noCopyOfTheNativeLibraryIsLeftInTheTemporaryFolder() throws IOException {
        try (Datastore store = open()) {
            put(store, "/t/a", "1");
        }

        assertThat(System.getProperty("org.sqlite.lib.path")).isNotBlank();
        assertThat(Path.of(System.getProperty("org.sqlite.lib.path"), System.getProperty("org.sqlite.lib.name")))
                .isRegularFile();
    }

    private record Collecting(Queue<WatchEvent> events, Queue<DatastoreException> ends) implements WatchListener {
        @Override
        public void onEvents(List<WatchEvent> batch, long revision) {
            events.addAll(batch);
        }

        @Override
        public void onCompacted(long oldestRevision) {
            ends.add(new DatastoreException.Compacted("told", oldestRevision));
        }

        @Override
        public void onEnded(DatastoreException cause) {
            ends.add(cause);
        }
    }
}
