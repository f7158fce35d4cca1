package io.calico.ctl;

import static org.assertj.core.api.Assertions.assertThat;

import io.calico.datastore.ImportMarker;
import io.calico.datastore.spi.Datastore;
import io.calico.datastore.spi.DatastoreException;
import io.calico.datastore.spi.KeyValue;
import io.calico.datastore.spi.Transaction;
import io.calico.datastore.testkit.FaultyDatastore;
import io.calico.model.Profile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code datastore export} and {@code datastore import}. */
class DatastoreCommandTest {
    private static final String LARGE = "x".repeat(700_000);

    private final Cli from = new Cli();
    private final Cli to = new Cli();

    @TempDir
    private Path directory;

    private Path file;

    @BeforeEach
    void data() {
        file = directory.resolve("calico.json");
        from.machine.now = Optional.of(Instant.parse("2016-02-03T04:05:06.789Z"));
        from.given("node --runtime=none --ip=10.200.1.3", "profile add web", "pool add 10.9.0.0/16 --nat-outgoing");
        // More than a transaction takes, in number and in bytes.
        for (int start = 0; start < 300; start += 100) {
            Transaction.Builder many = Transaction.builder();
            for (int i = start; i < start + 100; i++) {
                many.put("/calico/test/v1/" + i, "value\n\"" + i + "\" \ud83d\ude00 \u00e4");
            }
            from.datastore.commit(many.build());
        }
        for (String name : List.of("a", "b", "c")) {
            from.datastore.commit(Transaction.builder()
                    .put("/calico/test/v1/large-" + name, LARGE)
                    .build());
        }
    }

    private static Map<String, String> records(Datastore store) {
        Map<String, String> records = new TreeMap<>();
        for (KeyValue record : store.listAll("/").records()) {
            records.put(record.key(), record.value());
        }
        return records;
    }

    private void export() {
        from.given("datastore export " + file);
    }

    private Cli.Result importIt(String... options) {
        return to.run("datastore import " + file + " " + String.join(" ", options));
    }

    /** The file with a text replaced. */
    private void change(String text, String by) throws IOException {
        String before = Files.readString(file);
        assertThat(before).contains(text);
        Files.writeString(file, before.replace(text, by));
    }

    @Test
    void whatIsExportedAndImportedIsTheSame() throws Exception {
        int count = records(from.datastore).size();

        Cli.Result exported = from.run("datastore export " + file);
        Cli.Result imported = importIt();

        assertThat(exported.transcript())
                .matches("Exported " + count + " records of memory: at revision [0-9]+ to " + file + "\n");
        assertThat(imported.transcript()).isEqualTo("Imported " + count + " records of memory: into memory:\n");
        assertThat(records(to.datastore)).isEqualTo(records(from.datastore));
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                .isEqualTo("rw-------");
        assertThat(directory.toFile().list()).containsExactly("calico.json");
    }

    @Test
    void fileIsOneRecordToALineBetweenHeadAndSum() throws Exception {
        export();

        List<String> lines = Files.readAllLines(file);
        assertThat(lines.get(0))
                .matches("\\{\"format\":\"calico-datastore\",\"version\":1,\"source\":\"memory:\",\"revision\":[0-9]+,"
                        + "\"time\":\"2016-02-03T04:05:06Z\",\"records\":\\[");
        assertThat(lines).contains("{\"key\":\"/calico/v1/Ready\",\"value\":\"true\"},");
        assertThat(lines.get(lines.size() - 1))
                .matches("],\"count\":" + (lines.size() - 2) + ",\"sha256\":\"[0-9a-f]{64}\"}");
    }

    @Test
    void standardOutputAndInputWillDo() {
        Cli.Result exported = from.run("datastore export");

        assertThat(exported.err()).startsWith("Exported ");
        assertThat(to.run(List.of("datastore", "import", "-"), exported.out()).code())
                .isZero();
        assertThat(records(to.datastore)).isEqualTo(records(from.datastore));
    }

    @Test
    void signsOfLifeAreNotExported() {
        from.announce("rack7-n3");

        export();

        assertThat(importIt().code()).isZero();
        assertThat(records(to.datastore))
                .doesNotContainKey("/calico/felix/v1/host/rack7-n3/status")
                .hasSize(records(from.datastore).size() - 1);
    }

    @Test
    void datastoreThatHoldsDataIsReplacedOnlyIfTold() {
        export();
        to.given("node --runtime=none --ip=10.200.1.4", "profile add db");
        to.announce("rack7-n4");
        Map<String, String> before = records(to.datastore);

        assertThat(importIt().transcript())
                .isEqualTo("! Error: the datastore memory: holds " + (before.size() - 1)
                        + " records; nothing was imported. With --force they are replaced: what is not in the file is"
                        + " deleted\n=> 1\n");
        assertThat(records(to.datastore)).isEqualTo(before);

        Cli.Result forced = importIt("--force");

        assertThat(forced.code()).isZero();
        assertThat(forced.err())
                .isEqualTo("Warning: these nodes are running on this datastore and follow each step: rack7-n4\n");
        Map<String, String> expected = records(from.datastore);
        expected.put("/calico/felix/v1/host/rack7-n4/status", before.get("/calico/felix/v1/host/rack7-n4/status"));
        assertThat(records(to.datastore)).isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
                    calico-datastore             | etcd-dump                    | is no export of a Calico datastore
                    "version":1                  | "version":2                  | line 1: the file has version 2 of the format, this calicoctl reads version 1
                    "/calico/v1/Ready"           | "/other/v1/Ready"            | the key '/other/v1/Ready' is not below /calico/
                    "/calico/v1/Ready"           | "/calico/v1/"                | must start with '/' and not end with '/'
                    "/calico/v1/Ready"           | "/calico/felix/v1/host/a/status" | is never exported
                    "/calico/test/v1/1"          | "/calico/test/v1/2"          | the key '/calico/test/v1/2' is there twice
                    {"key":"/calico/test/v1/1",  | {"key":"/calico/test/v1/1"}, | a record lacks its "value"
                    "key":"/calico/test/v1/1",   | "kex":"/calico/test/v1/1",   | a record has the field "kex"
                    "count":3                    | "count":9                    | records, but says that they are 9
                    \\"17\\"                     | \\"18\\"                     | its records are not those that were exported
                    ],"count"                    | ,"count"                     | a record must be an object with "key" and "value"
                    "sha256"                     | "sha256":1,"sha256"          | "sha256" must be a text
                    """)
    void damagedFileIsRefusedBeforeAnythingIsWritten(String text, String by, String message) throws Exception {
        export();
        change(text, by);

        Cli.Result result = importIt("--force");

        assertThat(result.code()).isEqualTo(1);
        assertThat(result.err()).contains(message).contains(file.toString()).hasLineCount(1);
        assertThat(records(to.datastore)).isEmpty();
    }

    @Test
    void cutFileIsRefusedWhereverItWasCut() throws Exception {
        export();
        byte[] whole = Files.readAllBytes(file);
        for (int length : new int[] {0, 1, 20, 50, 200, whole.length / 2, whole.length - 90, whole.length - 3}) {
            Files.write(file, Arrays.copyOf(whole, length));

            Cli.Result result = importIt("--force");

            assertThat(result.code()).as("%d bytes", length).isEqualTo(1);
            assertThat(result.err()).as("%d bytes", length).contains(file.toString(), "nothing was imported");
            assertThat(records(to.datastore)).isEmpty();
        }
    }

    @Test
    void recordThatNoDatastoreTakesIsRefused() throws Exception {
        export();
        change("\"" + LARGE, "\"" + LARGE + LARGE);

        assertThat(importIt().err()).contains("the record '/calico/test/v1/large-a' has 14000");
        assertThat(records(to.datastore)).isEmpty();
    }

    @Test
    void fileThatIsChangedOnPurposeIsTakenWithoutItsSum() throws Exception {
        export();
        change("\\\"17\\\"", "\\\"18\\\"");
        Files.writeString(file, Files.readString(file).replaceAll(",\"sha256\":\"[0-9a-f]*\"", ""));

        assertThat(importIt().code()).isZero();
    }

    @Test
    void importThatIsBrokenOffIsKnownAndRepeated() {
        export();
        for (int whole : new int[] {0, 1, 2, 2}) {
            FaultyDatastore faulty = new FaultyDatastore(to.datastore.newClient());
            for (int i = 0; i < whole; i++) {
                faulty.beforeNext(FaultyDatastore.Operation.COMMIT, () -> {});
            }
            faulty.failNext(FaultyDatastore.Operation.COMMIT, 1);
            to.between = store -> faulty;

            assertThat(importIt().transcript()).contains("! Error: not available (on purpose)", "=> 1");

            to.between = UnaryOperator.identity();
            assertThat(records(to.datastore)).as("after %d steps", whole).doesNotContainKey("/calico/v1/Ready");
            if (whole > 0) {
                assertThat(records(to.datastore)).containsKey(ImportMarker.KEY);
                assertThat(to.run("node --runtime=none --ip=10.200.1.4").err()).contains("was broken off");
                assertThat(to.run("datastore export").err()).contains("was broken off");
            }
        }

        Cli.Result repeated = importIt();

        assertThat(repeated.code()).isZero();
        assertThat(repeated.err())
                .contains("An import into memory: was broken off (from memory: of 2016-02-03T04:05:06Z");
        assertThat(records(to.datastore)).isEqualTo(records(from.datastore));
    }

    @Test
    void lostAnswersAndRequestsDoNoHarm() {
        export();
        for (int whole = 0; whole < 7; whole++) {
            for (boolean answer : List.of(true, false)) {
                FaultyDatastore faulty = new FaultyDatastore(to.datastore.newClient());
                int before = whole;
                to.between = store -> faulty;
                for (int i = 0; i < before; i++) {
                    faulty.beforeNext(FaultyDatastore.Operation.COMMIT, () -> {});
                }
                faulty.beforeNext(FaultyDatastore.Operation.COMMIT, () -> {
                    if (answer) {
                        faulty.loseNextAnswers(1);
                    } else {
                        throw new DatastoreException.UnknownResult("lost (on purpose)", null);
                    }
                });

                assertThat(importIt("--force").transcript())
                        .as("%s of commit %d lost", answer ? "answer" : "request", whole)
                        .startsWith("Imported ");
                to.between = UnaryOperator.identity();
                assertThat(records(to.datastore)).isEqualTo(records(from.datastore));
                records(to.datastore)
                        .keySet()
                        .forEach(key -> to.datastore.commit(
                                Transaction.builder().delete(key).build()));
            }
        }
    }

    @Test
    void ofTwoImportsAtOnceOneEnds() {
        export();
        FaultyDatastore faulty = new FaultyDatastore(to.datastore.newClient());
        faulty.beforeNext(FaultyDatastore.Operation.COMMIT, () -> {});
        faulty.beforeNext(FaultyDatastore.Operation.COMMIT, () -> {
            to.between = UnaryOperator.identity();
            assertThat(importIt().code()).isZero();
        });
        to.between = store -> faulty;

        assertThat(importIt().transcript()).contains("! Error: another import into this datastore has begun", "=> 1");
        assertThat(records(to.datastore)).isEqualTo(records(from.datastore));
    }

    @Test
    void writesOfOthersMeanwhileAreTold() {
        export();
        FaultyDatastore faulty = new FaultyDatastore(to.datastore.newClient());
        faulty.beforeNext(FaultyDatastore.Operation.COMMIT, () -> {});
        faulty.beforeNext(
                FaultyDatastore.Operation.COMMIT, () -> to.store.profiles().create(Profile.defaults("intruder")));
        to.between = store -> faulty;

        assertThat(importIt().err())
                .contains(
                        "the datastore differs from the file in 2 records, one is /calico/v1/policy/profile/intruder/");
    }

    @Test
    void filesThatCannotBeUsedAreNamed() {
        from.transcript("""
                $ datastore export DIR/no/such/dir.json
                ! Error: cannot write DIR/no/such/dir.json: no such file or directory
                => 1
                $ datastore export DIR
                ! Error: cannot write DIR: is no regular file
                => 1
                $ datastore import DIR/none.json
                ! Error: cannot read DIR/none.json: no such file or directory
                => 1
                $ datastore import
                ! Usage:
                !   calicoctl datastore export [FILE]
                !   calicoctl datastore import FILE [--force]
                => 2
                """.replace("DIR", directory.toString()));
    }
}
