package io.calico.benchmarks;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * Fills a host with endpoints that stay, with real interfaces, as an engine would with eight starts at a time.
 *
 * <p>Usage: {@code ManyEndpoints SOCKET COUNT}
 */
public final class ManyEndpoints {
    private static final int CALLERS = 8;

    private ManyEndpoints() {}

    public static void main(String[] arguments) throws Exception {
        if (arguments.length != 2) {
            System.err.println("usage: ManyEndpoints SOCKET COUNT");
            System.exit(2);
        }
        Path socket = Path.of(arguments[0]);
        int count = Integer.parseInt(arguments[1]);
        String network = Engine.randomId();
        try (Engine engine = new Engine(socket, network, (call, nanos) -> {})) {
            engine.createNetwork();
        }
        ExecutorService threads = Executors.newFixedThreadPool(CALLERS);
        List<Future<?>> running = new ArrayList<>();
        for (int caller = 0; caller < CALLERS; caller++) {
            int share = count / CALLERS + (caller < count % CALLERS ? 1 : 0);
            running.add(threads.submit(() -> {
                try (Engine engine = new Engine(socket, network, (call, nanos) -> {})) {
                    for (int i = 0; i < share; i++) {
                        engine.start(Engine.randomId());
                    }
                }
                return null;
            }));
        }
        threads.shutdown();
        for (Future<?> one : running) {
            one.get();
        }
    }
}
