package io.calico.datastore.sqlite;

import static org.assertj.core.api.Assertions.assertThat;

import io.calico.datastore.spi.Datastore;
import io.calico.datastore.spi.KeyValue;
import io.calico.datastore.spi.Lease;
import io.calico.datastore.spi.Transaction;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** Another process on the same database: started by {@link #start}, does what its arguments say in {@link #main}. */
final class SqliteChild implements AutoCloseable {
    /** How many threads write a ledger. */
    static final int BOOKS = 3;

    /** How many records of a ledger are of one page. */
    static final int PARTS = 3;

    private final Process process;
    private final BufferedReader answers;

    private SqliteChild(Process process) {
        this.process = process;
        this.answers = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
    }

    static SqliteChild start(Path database, String role, int count) throws IOException {
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        List<String> command = List.of(
                java,
                "-Xmx128m",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                SqliteChild.class.getName(),
                database.toString(),
                role,
                Integer.toString(count));
        return new SqliteChild(new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start());
    }

    /** The next line that the child prints; empty: it has ended. */
    Optional<String> nextAnswer() throws IOException {
        return Optional.ofNullable(answers.readLine());
    }

    void kill() throws InterruptedException {
        // By its handle: Process.destroyForcibly would also throw away the answers that are still in the pipe.
        assertThat(process.toHandle().destroyForcibly()).isTrue();
        process.waitFor();
    }

    int awaitEnd() throws InterruptedException {
        if (!process.waitFor(120, TimeUnit.SECONDS)) {
            throw new AssertionError("the child process did not end");
        }
        return process.exitValue();
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }

    /** Arguments: database, what to do, how often. */
    public static void main(String[] arguments) throws InterruptedException {
        Path database = Path.of(arguments[0]);
        int count = Integer.parseInt(arguments[2]);
        try (Datastore store = new SqliteDatastore(new SqliteFile(database), Clock.systemUTC())) {
            switch (arguments[1]) {
                case "count" -> count(store, count);
                case "pairs" -> pairs(store, count);
                case "lease" -> lease(store);
                case "ledger" -> ledger(store, count);
                default -> throw new IllegalArgumentException(arguments[1]);
            }
        }
    }

    /** Adds 1 to a number that others add to as well. */
    private static void count(Datastore store, int count) {
        for (int done = 0; done < count; ) {
            Optional<KeyValue> seen = store.get("/t/counter");
            int value = seen.map(record -> Integer.parseInt(record.value())).orElse(0);
            Transaction add = Transaction.builder()
                    .ifAsSeen("/t/counter", seen)
                    .put("/t/counter", Integer.toString(value + 1))
                    .build();
            done += store.commit(add).committed() ? 1 : 0;
        }
    }

    /** Writes two records at once, again and again, and says each number once it was answered. */
    private static void pairs(Datastore store, int first) {
        for (int i = first; ; i++) {
            store.commit(Transaction.builder()
                    .put("/t/left", Integer.toString(i))
                    .put("/t/right", i + "x".repeat(i % 7 * 3000))
                    .build());
            say(Integer.toString(i));
        }
    }

    /**
     * Several threads, each of which writes page after page of its book: a few records at once, of very different sizes.
     * Each page is said once it was answered: book, page, revision.
     */
    private static void ledger(Datastore store, int firstPage) throws InterruptedException {
        List<Thread> writers = new ArrayList<>();
        for (int book = 0; book < BOOKS; book++) {
            String name = Integer.toString(book);
            Thread writer = new Thread(() -> {
                for (int page = firstPage; ; page++) {
                    say(name + " " + page + " " + store.commit(page(name, page)).revision());
                }
            });
            writers.add(writer);
            writer.start();
        }
        for (Thread writer : writers) {
            writer.join();
        }
    }

    /** One transaction: the page itself, and three records that must always be of the same page. */
    private static Transaction page(String book, int page) {
        Transaction.Builder transaction =
                Transaction.builder().put("/t/page/" + book + "/" + page, Integer.toString(page));
        for (int i = 0; i < PARTS; i++) {
            transaction.put("/t/part/" + book + "/" + i, page + " " + "x".repeat(page * 31 % 97 * 100 * i));
        }
        return transaction.build();
    }

    /** Puts a record under a lease, and waits for death. */
    private static void lease(Datastore store) throws InterruptedException {
        Lease lease = store.grantLease(Duration.ofSeconds(2));
        store.commit(Transaction.builder().put("/t/alive", "yes", lease).build());
        say("alive");
        Thread.sleep(Duration.ofMinutes(1).toMillis());
    }

    /** In one write, so that death does not cut it where another begins. */
    private static void say(String line) {
        System.out.print(line + "\n");
        System.out.flush();
    }
}
