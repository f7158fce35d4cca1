package io.calico.e2e;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Clients of an engine that start, restart, stop and remove containers, and connect them to second networks, as fast as
 * they are answered. Each command may fail; none may hang.
 */
final class Turmoil {
    /** The engine looks 15 s for a plugin that is away, at each of the calls of a command: eight for a container on two networks. */
    private static final Duration LONGEST_COMMAND = Duration.ofMinutes(4);

    private static final int CONTAINERS_OF_A_CLIENT = 3;

    private final VirtualHost host;
    private final List<String> networks;
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final List<Future<?>> clients = new ArrayList<>();
    private final AtomicInteger succeeded = new AtomicInteger();
    private final AtomicInteger failed = new AtomicInteger();
    private volatile boolean stopping;

    private Turmoil(VirtualHost host, List<String> networks) {
        this.host = host;
        this.networks = networks;
    }

    /** Begins with that many clients; what they do follows from the seed, as long as the answers are the same. */
    static Turmoil begin(VirtualHost host, List<String> networks, int clients, long seed) {
        Turmoil turmoil = new Turmoil(host, networks);
        for (int i = 0; i < clients; i++) {
            Client client = turmoil.new Client(i, new Random(seed + i));
            turmoil.clients.add(turmoil.threads.submit(client::work));
        }
        return turmoil;
    }

    /** How many commands did what they were told, so far. */
    int succeeded() {
        return succeeded.get();
    }

    /** How many commands failed, so far. */
    int failed() {
        return failed.get();
    }

    /**
     * Lets every client end its command, and no other begin; returns, and throws, when all have ended.
     *
     * @throws AssertionError if a command hung
     */
    void end() throws InterruptedException {
        stopping = true;
        threads.shutdown();
        AssertionError failure = null;
        for (Future<?> client : clients) {
            try {
                client.get();
            } catch (ExecutionException e) {
                if (failure == null) {
                    failure = new AssertionError("a client of the storm ended");
                }
                failure.addSuppressed(e.getCause());
            }
        }
        if (failure != null) {
            throw failure;
        }
    }

    /** One user of the engine, one command after the other. */
    private final class Client {
        private final int number;
        private final Random random;
        private final List<String> names = new ArrayList<>();
        private int created;

        Client(int number, Random random) {
            this.number = number;
            this.random = random;
        }

        void work() {
            while (!stopping) {
                boolean done = command();
                (done ? succeeded : failed).incrementAndGet();
                if (!done) {
                    pause();
                }
            }
        }

        /** An engine that is away refuses in no time; there is no use in asking it a thousand times a second. */
        private void pause() {
            try {
                TimeUnit.MILLISECONDS.sleep(30);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                stopping = true;
            }
        }

        private boolean command() {
            int choice = random.nextInt(10);
            if (names.isEmpty() || choice < 4 && names.size() < CONTAINERS_OF_A_CLIENT) {
                return startNew();
            }
            String name = names.get(random.nextInt(names.size()));
            return switch (choice) {
                case 4 -> docker("restart", "-t", "0", name);
                case 5 -> stopAndStart(name);
                case 6 -> docker("network", "connect", anyNetwork(), name);
                case 7 -> docker("network", "disconnect", anyNetwork(), name);
                default -> remove(name);
            };
        }

        private boolean stopAndStart(String name) {
            boolean stopped = docker("stop", "-t", "0", name);
            boolean started = docker("start", name);
            return stopped && started;
        }

        private boolean startNew() {
            String name = "storm-" + number + "-" + created++;
            names.add(name);
            return docker("run", "-d", "--name", name, "--net", anyNetwork(), "busybox:local", "sleep", "100000");
        }

        private boolean remove(String name) {
            boolean removed = docker("rm", "-f", name);
            if (removed) {
                names.remove(name);
            }
            return removed;
        }

        private String anyNetwork() {
            return networks.get(random.nextInt(networks.size()));
        }

        private boolean docker(String... arguments) {
            return host.tryDocker(LONGEST_COMMAND, arguments).succeeded();
        }
    }
}
