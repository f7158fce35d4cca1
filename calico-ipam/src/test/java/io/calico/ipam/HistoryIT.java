package io.calico.ipam;

import static org.assertj.core.api.Assertions.assertThat;

import io.calico.datastore.Datastores;
import io.calico.datastore.StoreKey;
import io.calico.datastore.spi.Datastore;
import io.calico.datastore.spi.Transaction;
import io.calico.ipam.CheckReport.Kind;
import io.calico.model.IpPool;
import io.calico.model.json.ModelJson;
import io.calico.model.net.Cidr;
import io.calico.model.net.IpAddress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What really happened: four processes of two hosts with many threads each on one store, some killed at random and
 * replaced. Afterwards their journals are held against each other and against the store.
 */
class HistoryIT {
    private static final int PROCESSES = 4;
    private static final int THREADS = 64;
    private static final int SECONDS = Scheduler.LONG_RUN ? 60 : 10;

    @TempDir
    private Path directory;

    /** One process of the run. */
    private record Worker(String name, Process process, Path journal, boolean killed) {}

    /** An address was surely held by one process all that time. */
    private record Interval(IpAddress address, long from, long to, String by) {}

    private final List<Worker> ended = new ArrayList<>();
    private int count;

    @Test
    void ofProcessesOnOneEtcdThatAreKilledAtRandom_I1_I4_I31_X18() throws IOException, InterruptedException {
        try (EtcdProcess etcd = EtcdProcess.start(directory)) {
            run(etcd.uri());
        }
    }

    @Test
    void ofProcessesOnOneFileThatAreKilledAtRandom_I1_I4_I31_X18() throws IOException, InterruptedException {
        if (Scheduler.LONG_RUN) {
            run("sqlite:" + directory.resolve("calico.db"));
        }
    }

    private void run(String uri) throws IOException, InterruptedException {
        try (Datastore store = Datastores.open(uri)) {
            IpPool pool = IpPool.of(Cidr.parse("10.0.0.0/18"));
            store.commit(Transaction.builder()
                    .put(new StoreKey.Pool(pool.cidr()).path(), ModelJson.write(pool))
                    .build());
            storm(uri);
            judge(store);
        }
    }

    private void storm(String uri) throws IOException, InterruptedException {
        Random random = new Random(1);
        long end = System.nanoTime() + Duration.ofSeconds(SECONDS).toNanos();
        List<Worker> running = new ArrayList<>();
        while (System.nanoTime() < end) {
            while (running.size() < PROCESSES) {
                running.add(start(uri, end));
            }
            Worker victim = running.get(random.nextInt(running.size()));
            long pause = Math.min(
                    Duration.ofMillis(2000 + random.nextInt(1500)).toNanos(), Math.max(1, end - System.nanoTime()));
            if (!victim.process.waitFor(pause, TimeUnit.NANOSECONDS) && System.nanoTime() < end) {
                victim.process.destroyForcibly().waitFor();
                running.remove(victim);
                ended.add(new Worker(victim.name, victim.process, victim.journal, true));
            }
        }
        for (Worker worker : running) {
            assertThat(worker.process.waitFor(60, TimeUnit.SECONDS)).isTrue();
            assertThat(worker.process.exitValue()).as(worker.name).isZero();
            ended.add(worker);
        }
    }

    private Worker start(String uri, long end) throws IOException {
        String name = "p" + count++;
        Path journal = directory.resolve(name);
        long seconds = Math.max(1, TimeUnit.NANOSECONDS.toSeconds(end - System.nanoTime()));
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx256m",
                        "-XX:TieredStopAtLevel=1",
                        "-cp",
                        System.getProperty("java.class.path"),
                        HistoryWorker.class.getName(),
                        uri,
                        "host-" + count % 2,
                        name,
                        Integer.toString(THREADS),
                        Long.toString(seconds),
                        journal.toString())
                .redirectErrorStream(true)
                .redirectOutput(directory.resolve(name + ".log").toFile())
                .start();
        Runtime.getRuntime().addShutdownHook(new Thread(process::destroyForcibly));
        return new Worker(name, process, journal, false);
    }

    private void judge(Datastore store) throws IOException {
        List<Interval> intervals = new ArrayList<>();
        Set<IpAddress> ofSurvivors = new HashSet<>();
        Set<IpAddress> ofKilled = new HashSet<>();
        Set<String> killed = new HashSet<>();
        int operations = 0;
        for (Worker worker : ended) {
            List<String> lines = Files.exists(worker.journal) ? Files.readAllLines(worker.journal) : List.of();
            operations += lines.size();
            assertThat(lines).as(worker.name).noneMatch(line -> line.startsWith("X"));
            Map<IpAddress, Long> held = new HashMap<>();
            for (String line : lines) {
                String[] words = line.split(" ", -1);
                if (words[0].equals("A")) {
                    held.put(IpAddress.parse(words[1]), Long.parseLong(words[2]));
                } else if (words[0].equals("R")) {
                    IpAddress address = IpAddress.parse(words[1]);
                    intervals.add(new Interval(address, held.remove(address), Long.parseLong(words[2]), worker.name));
                }
            }
            held.forEach((address, since) -> intervals.add(new Interval(address, since, Long.MAX_VALUE, worker.name)));
            (worker.killed ? ofKilled : ofSurvivors).addAll(held.keySet());
            if (worker.killed) {
                killed.add(worker.name);
            }
        }
        noAddressWasHeldTwiceAtOneTime(intervals);
        assertThat(killed).isNotEmpty();
        assertThat(operations)
                .as("enough to be wrong about, on a busy machine, too")
                .isGreaterThan(100);
        System.out.println("history: " + ended.size() + " processes, " + killed.size() + " killed, " + operations
                + " journal lines, " + ofKilled.size() + " addresses of killed owners");

        assertThat(Audit.of(store).keySet()).containsAll(ofSurvivors).containsAll(ofKilled);
        CheckReport report = new IpamCheck(store, Clock.offset(Clock.systemUTC(), Duration.ofMinutes(2)))
                .alsoInUse(ofSurvivors, "survivor")
                .run();
        assertThat(report.problems()).allMatch(p -> p.kind() == Kind.LEAKED, "nothing but leaks");
        assertThat(report.leaked())
                .allSatisfy(leak -> assertThat(killed)
                        .as("the owner of %s has been killed", leak.address())
                        .contains(leak.node().orElseThrow()));
        assertThat(report.leaked()).extracting(CheckReport.Allocation::address).containsAll(ofKilled);
        ReportRelease.Result freed =
                new ReportRelease(store, new BlockAllocator(store, "operator")).release(List.of(report, report), "");
        assertThat(freed.addresses()).hasSize(report.leaked().size());
        assertThat(Audit.of(store).keySet()).isEqualTo(ofSurvivors);
    }

    private static void noAddressWasHeldTwiceAtOneTime(List<Interval> intervals) {
        Map<IpAddress, List<Interval>> byAddress = new HashMap<>();
        intervals.forEach(i ->
                byAddress.computeIfAbsent(i.address, a -> new ArrayList<>()).add(i));
        byAddress.values().forEach(ofOne -> {
            ofOne.sort(Comparator.comparingLong(Interval::from));
            for (int i = 1; i < ofOne.size(); i++) {
                assertThat(ofOne.get(i - 1).to)
                        .as("I-1: %s, then %s", ofOne.get(i - 1), ofOne.get(i))
                        .isLessThanOrEqualTo(ofOne.get(i).from);
            }
        });
    }
}
