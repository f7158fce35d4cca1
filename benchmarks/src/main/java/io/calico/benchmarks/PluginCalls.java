package io.calico.benchmarks;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * Plays a Docker engine on the plugin socket: whole endpoint lives (RequestAddress, CreateEndpoint, Join, Leave,
 * DeleteEndpoint, ReleaseAddress) with real interfaces, one caller or several, and prints the latency of each call.
 *
 * <p>Usage: {@code PluginCalls SOCKET CALLERS LIVES [WARM-UP-LIVES]}; lives are counted over all callers.
 */
public final class PluginCalls {
    private static final List<String> CALLS = List.of(
            "IpamDriver.RequestAddress",
            "NetworkDriver.CreateEndpoint",
            "NetworkDriver.Join",
            "NetworkDriver.ProgramExternalConnectivity",
            "NetworkDriver.EndpointOperInfo",
            "NetworkDriver.RevokeExternalConnectivity",
            "NetworkDriver.Leave",
            "NetworkDriver.DeleteEndpoint",
            "IpamDriver.ReleaseAddress");

    private final Path socket;
    private final String network = Engine.randomId();
    private final Map<String, List<Long>> nanosByCall = new LinkedHashMap<>();

    private PluginCalls(Path socket) {
        this.socket = socket;
        CALLS.forEach(call -> nanosByCall.put(call, new ArrayList<>()));
    }

    public static void main(String[] arguments) throws Exception {
        if (arguments.length < 3) {
            System.err.println("usage: PluginCalls SOCKET CALLERS LIVES [WARM-UP-LIVES]");
            System.exit(2);
        }
        int callers = Integer.parseInt(arguments[1]);
        int lives = Integer.parseInt(arguments[2]);
        int warmUp = arguments.length > 3 ? Integer.parseInt(arguments[3]) : 50;
        new PluginCalls(Path.of(arguments[0])).run(callers, lives, warmUp);
    }

    private void run(int callers, int lives, int warmUp) throws Exception {
        try (Engine engine = new Engine(socket, network, this::measured)) {
            engine.createNetwork();
            for (int i = 0; i < warmUp; i++) {
                engine.live();
            }
            nanosByCall.values().forEach(List::clear);
            long start = System.nanoTime();
            inParallel(callers, lives);
            double seconds = (System.nanoTime() - start) / 1e9;
            engine.deleteNetwork();
            print(callers, lives, seconds);
        }
    }

    private void measured(String call, long nanos) {
        List<Long> times = nanosByCall.get(call);
        if (times != null) {
            synchronized (times) {
                times.add(nanos);
            }
        }
    }

    private void inParallel(int callers, int lives) throws InterruptedException, ExecutionException {
        ExecutorService threads = Executors.newFixedThreadPool(callers);
        List<Future<?>> running = new ArrayList<>();
        for (int caller = 0; caller < callers; caller++) {
            running.add(threads.submit(() -> {
                try (Engine engine = new Engine(socket, network, this::measured)) {
                    for (int i = 0; i < lives / callers; i++) {
                        engine.live();
                    }
                }
                return null;
            }));
        }
        // What is queued goes on, but nobody waits for it once a call has failed.
        threads.shutdown();
        for (Future<?> one : running) {
            one.get();
        }
    }

    private void print(int callers, int lives, double seconds) {
        System.out.printf("| call, %d caller%s | p50 ms | p99 ms |%n|---|---|---|%n", callers, callers == 1 ? "" : "s");
        nanosByCall.forEach((call, nanos) -> {
            long[] sorted = nanos.stream().mapToLong(Long::longValue).toArray();
            Arrays.sort(sorted);
            System.out.printf(
                    "| %s | %.2f | %.2f |%n",
                    call, sorted[sorted.length / 2] / 1e6, sorted[(int) (sorted.length * 0.99)] / 1e6);
        });
        System.out.printf("| endpoint lives per second | %.1f | |%n", lives / seconds);
    }
}
