package io.calico.ctl;

import static org.assertj.core.api.Assertions.assertThat;

import io.calico.datastore.Datastores;
import io.calico.datastore.ImportMarker;
import io.calico.datastore.spi.Datastore;
import io.calico.datastore.spi.KeyValue;
import io.calico.datastore.spi.Transaction;
import io.calico.e2e.OneEtcd;
import io.calico.ipam.AssignRequest;
import io.calico.ipam.BlockAllocator;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Moving everything from SQLite to a real etcd and back. */
@RequiresEtcd
class DatastoreMoveIT {
    private static final int MANY = 20_000;

    private final OneEtcd etcd = OneEtcd.start("127.0.0.1");

    @TempDir
    private Path directory;

    private String sqlite;
    private Path file;

    @BeforeEach
    void data() {
        sqlite = "sqlite:" + directory.resolve("calico.db");
        file = directory.resolve("calico.json");
        try (Datastore store = Datastores.open(sqlite, Map.of())) {
            store.commit(Transaction.builder().put("/calico/v1/Ready", "true").build());
        }
        must(sqlite, "pool", "add", "10.9.0.0/16", "--nat-outgoing");
        must(sqlite, "profile", "add", "web");
        try (Datastore store = Datastores.open(sqlite, Map.of())) {
            new BlockAllocator(store, "rack7-n3")
                    .autoAssign(AssignRequest.builder().num4(200).build());
        }
    }

    @AfterEach
    void stop() {
        etcd.close();
    }

    private record Result(int code, String out, String err) {}

    private static Result run(String uri, String... args) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        int code = Calicoctl.run(
                List.of(args),
                Map.of("CALICO_DATASTORE", uri, "HOSTNAME", "rack7-n3"),
                new ByteArrayInputStream(new byte[0]),
                new PrintStream(out, true, StandardCharsets.UTF_8),
                new PrintStream(err, true, StandardCharsets.UTF_8));
        return new Result(code, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
    }

    private static void must(String uri, String... args) {
        Result result = run(uri, args);
        assertThat(result.code()).as("%s: %s", List.of(args), result).isZero();
    }

    private static Map<String, String> records(String uri) {
        try (Datastore store = Datastores.open(uri, Map.of())) {
            Map<String, String> records = new TreeMap<>();
            for (KeyValue record : store.listAll("/").records()) {
                records.put(record.key(), record.value());
            }
            return records;
        }
    }

    private void addMany() {
        try (Datastore store = Datastores.open(sqlite, Map.of())) {
            for (int start = 0; start < MANY; start += 100) {
                Transaction.Builder transaction = Transaction.builder();
                for (int i = start; i < start + 100; i++) {
                    transaction.put("/calico/test/v1/" + i, "{\"number\":" + i + ",\"text\":\"\u00e4\ud83d\ude00\"}");
                }
                store.commit(transaction.build());
            }
        }
    }

    @Test
    void everythingIsTheSameInEtcdAndBackInSqlite() {
        addMany();
        Map<String, String> before = records(sqlite);
        String other = "sqlite:" + directory.resolve("other.db");

        must(sqlite, "datastore", "export", file.toString());
        must(etcd.uri(), "datastore", "import", file.toString());

        assertThat(records(etcd.uri())).isEqualTo(before).hasSizeGreaterThan(MANY);
        must(etcd.uri(), "ipam", "check");

        must(etcd.uri(), "profile", "add", "db");
        must(etcd.uri(), "datastore", "export", directory.resolve("back.json").toString());
        must(other, "datastore", "import", directory.resolve("back.json").toString());
        assertThat(records(other)).isEqualTo(records(etcd.uri())).hasSize(before.size() + 2);

        // What was first exported is now older than what is there.
        assertThat(run(
                                sqlite,
                                "datastore",
                                "import",
                                directory.resolve("back.json").toString())
                        .code())
                .isEqualTo(1);
        must(sqlite, "datastore", "import", directory.resolve("back.json").toString(), "--force");
        assertThat(records(sqlite)).isEqualTo(records(etcd.uri()));
    }

    @Test
    void fileThatWasCutOrChangedReachesEtcdNotAtAll() throws Exception {
        must(sqlite, "datastore", "export", file.toString());
        byte[] whole = Files.readAllBytes(file);

        Files.write(file, Arrays.copyOf(whole, whole.length * 2 / 3));
        assertThat(run(etcd.uri(), "datastore", "import", file.toString()).err())
                .contains("nothing was imported");
        Files.writeString(file, new String(whole, StandardCharsets.UTF_8).replace("10.9.0.0", "10.8.0.0"));
        assertThat(run(etcd.uri(), "datastore", "import", file.toString()).err())
                .contains("the file is damaged");

        assertThat(records(etcd.uri())).isEmpty();
    }

    @Test
    void importThatIsKilledIsRepeated() throws Exception {
        addMany();
        must(sqlite, "datastore", "export", file.toString());
        ProcessBuilder command = new ProcessBuilder(
                        Path.of("..", "bin", "calicoctl").toString(), "datastore", "import", file.toString())
                .redirectErrorStream(true)
                .redirectOutput(directory.resolve("out").toFile());
        command.environment().put("CALICO_DATASTORE", etcd.uri());
        command.environment().put("CALICO_CACHE", directory.resolve("cache").toString());

        Process killed = command.start();
        try (Datastore store = etcd.open()) {
            while (store.get("/calico/test/v1/1234").isEmpty()) {
                assertThat(killed.isAlive())
                        .as(() -> "the import ended: " + directory.resolve("out"))
                        .isTrue();
            }
        }
        killed.destroyForcibly().waitFor();

        Map<String, String> half = records(etcd.uri());
        assertThat(half).containsKey(ImportMarker.KEY).doesNotContainKey("/calico/v1/Ready");
        assertThat(half.size()).isBetween(1000, MANY);
        assertThat(run(etcd.uri(), "datastore", "export").err()).contains("was broken off");

        must(etcd.uri(), "datastore", "import", file.toString());
        assertThat(records(etcd.uri())).isEqualTo(records(sqlite));
    }
}
