package io.calico.datastore.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import io.calico.datastore.spi.Datastore;
import io.calico.datastore.spi.KeyValue;
import io.calico.datastore.spi.Page;
import io.calico.datastore.spi.Transaction;
import io.calico.datastore.spi.TransactionResult;
import io.calico.datastore.spi.Watch;
import io.calico.datastore.spi.WatchEvent;
import io.calico.datastore.testkit.StoreUnderTest.Ability;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/**
 * Many threads, on one client and on several, move amounts between accounts by compare-and-swap, while others read. The
 * audit needs no model of the store: it checks that each answer fits between its call and its return.
 *
 * <pre>
 * write a returned before write b began   →  revision(a) &lt; revision(b)
 * write a returned before read r began    →  revision(a) ≤ revision(r)
 * read r returned before write b began    →  revision(r) &lt; revision(b)
 * every snapshot, and every prefix of the watch's transactions, holds the whole sum
 * the watch names exactly the revisions that writers were told
 * </pre>
 */
@SuppressWarnings("try") // a watch is held open, nothing else
abstract class ConcurrencyConformance extends Conformance {
    private static final int ACCOUNTS = 6;
    private static final int EACH = 100;
    private static final int WRITERS = 6;
    private static final int READERS = 2;
    private static final int TRANSFERS = 40;

    /** One answered call; times in nanoseconds. */
    private record Operation(boolean write, long began, long returned, long revision) {}

    private final Queue<Operation> history = new ConcurrentLinkedQueue<>();
    private final Queue<Throwable> failures = new ConcurrentLinkedQueue<>();

    @Test
    void oneClientOfManyThreadsIsLinearizable() throws InterruptedException {
        hammer(List.of(store));
    }

    @Test
    void manyClientsAreLinearizableTogether() throws InterruptedException {
        assumeAble(Ability.SEVERAL_CLIENTS);
        List<Datastore> clients = new ArrayList<>();
        for (int i = 0; i < WRITERS; i++) {
            clients.add(newClient());
        }
        hammer(clients);
    }

    private void hammer(List<Datastore> clients) throws InterruptedException {
        for (int i = 0; i < ACCOUNTS; i++) {
            put("/t/" + i, Integer.toString(EACH));
        }
        Page start = store.listAll("/t/");
        WatchRecorder recorder = new WatchRecorder();
        try (Watch watch = store.watch("/t/", start.revision(), recorder)) {
            List<Thread> threads = new ArrayList<>();
            for (int i = 0; i < WRITERS; i++) {
                Random random = new Random(i);
                threads.add(thread(clients.get(i % clients.size()), client -> transfer(client, random)));
            }
            for (int i = 0; i < READERS; i++) {
                threads.add(thread(clients.get(i % clients.size()), this::readAll));
            }
            threads.forEach(Thread::start);
            for (Thread thread : threads) {
                thread.join();
            }
            long last = history.stream()
                    .filter(Operation::write)
                    .mapToLong(Operation::revision)
                    .max()
                    .orElseThrow();
            recorder.awaitRevision(last);
        }
        assertThat(failures).isEmpty();
        assertThat(recorder.violations()).isEmpty();
        auditTimes();
        auditWatch(start, recorder);
    }

    private Thread thread(Datastore client, Consumer<Datastore> work) {
        return new Thread(
                () -> {
                    try {
                        work.accept(client);
                    } catch (RuntimeException | AssertionError e) {
                        failures.add(e);
                    }
                },
                "calico-kit-hammer-1");
    }

    private void transfer(Datastore client, Random random) {
        for (int done = 0; done < TRANSFERS; ) {
            String from = "/t/" + random.nextInt(ACCOUNTS);
            String to = "/t/" + random.nextInt(ACCOUNTS);
            if (from.equals(to)) {
                continue;
            }
            KeyValue source = client.get(from).orElseThrow();
            KeyValue target = client.get(to).orElseThrow();
            Transaction move = Transaction.builder()
                    .ifUnchanged(from, source.modRevision())
                    .ifUnchanged(to, target.modRevision())
                    .put(from, Integer.toString(Integer.parseInt(source.value()) - 1))
                    .put(to, Integer.toString(Integer.parseInt(target.value()) + 1))
                    .elseRead(from)
                    .build();
            long began = System.nanoTime();
            TransactionResult result = client.commit(move);
            history.add(new Operation(result.committed(), began, System.nanoTime(), result.revision()));
            done += result.committed() ? 1 : 0;
        }
    }

    private void readAll(Datastore client) {
        for (int i = 0; i < TRANSFERS; i++) {
            long began = System.nanoTime();
            Page page = client.listAll("/t/");
            history.add(new Operation(false, began, System.nanoTime(), page.revision()));
            assertThat(sum(page.records().stream().collect(Collectors.toMap(KeyValue::key, KeyValue::value))))
                    .isEqualTo(ACCOUNTS * EACH);
        }
    }

    private static int sum(Map<String, String> accounts) {
        return accounts.values().stream().mapToInt(Integer::parseInt).sum();
    }

    /** In the order of beginnings, nobody may begin after a return and be answered with an older revision. */
    private void auditTimes() {
        List<Operation> byBegin = new ArrayList<>(history);
        byBegin.sort(Comparator.comparingLong(Operation::began));
        List<Operation> byReturn = new ArrayList<>(history);
        byReturn.sort(Comparator.comparingLong(Operation::returned));
        int returned = 0;
        long newest = 0;
        for (Operation operation : byBegin) {
            while (byReturn.get(returned).returned() < operation.began()) {
                newest = Math.max(newest, byReturn.get(returned).revision());
                returned++;
            }
            long least = operation.write() ? newest + 1 : newest;
            assertThat(operation.revision())
                    .as("%s began after revision %s was answered", operation, newest)
                    .isGreaterThanOrEqualTo(least);
        }
        assertThat(history.stream().filter(Operation::write).map(Operation::revision))
                .doesNotHaveDuplicates();
    }

    private void auditWatch(Page start, WatchRecorder recorder) {
        Map<Long, List<WatchEvent>> transactions = new TreeMap<>();
        recorder.events()
                .forEach(event -> transactions
                        .computeIfAbsent(event.revision(), revision -> new ArrayList<>())
                        .add(event));
        Map<String, String> accounts = new HashMap<>();
        start.records().forEach(record -> accounts.put(record.key(), record.value()));
        transactions.forEach((revision, events) -> {
            assertThat(events).as("revision %s", revision).hasSize(2);
            events.forEach(event ->
                    accounts.put(event.key(), event.current().orElseThrow().value()));
            assertThat(sum(accounts)).as("revision %s", revision).isEqualTo(ACCOUNTS * EACH);
        });
        assertThat(transactions.keySet())
                .containsExactlyElementsOf(history.stream()
                        .filter(Operation::write)
                        .map(Operation::revision)
                        .sorted()
                        .toList());
        assertThat(accounts)
                .isEqualTo(store.listAll("/t/").records().stream()
                        .collect(Collectors.toMap(KeyValue::key, KeyValue::value)));
    }
}
