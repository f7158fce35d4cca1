package io.calico.libnetwork;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Many containers start and stop at once. */
@Timeout(120)
class PluginConcurrencyTest {
    private static final int LIVES = 10;

    private final RunningPlugin plugin = RunningPlugin.start();
    private final ExecutorService callers = Executors.newCachedThreadPool();

    @AfterEach
    void stop() {
        callers.shutdownNow();
        plugin.close();
    }

    private static String id(int caller, int life) {
        return "%08x%08x".formatted(caller * 0x9e3779b9, life * 0x85ebca6b).repeat(4);
    }

    @ParameterizedTest
    @ValueSource(ints = {8, 64})
    void noAddressIsGivenTwiceAndNothingIsLeft(int parallel) throws Exception {
        List<String> networks = List.of("a".repeat(64), "b".repeat(64), "c".repeat(64));
        try (EngineCalls engine = new EngineCalls(plugin)) {
            networks.forEach(engine::createNetwork);
        }
        Set<String> inUse = ConcurrentHashMap.newKeySet();
        List<Callable<Void>> callersOfOneHost = new ArrayList<>();
        for (int caller = 0; caller < parallel; caller++) {
            int number = caller;
            callersOfOneHost.add(() -> {
                live(number, networks.get(number % networks.size()), inUse);
                return null;
            });
        }

        for (Future<Void> result : callers.invokeAll(callersOfOneHost)) {
            result.get();
        }

        assertThat(inUse).isEmpty();
        try (EngineCalls engine = new EngineCalls(plugin)) {
            networks.forEach(engine::removeNetwork);
        }
        plugin.assertNothingIsLeft();
    }

    private void live(int caller, String network, Set<String> inUse) {
        try (EngineCalls engine = new EngineCalls(plugin)) {
            for (int life = 0; life < LIVES; life++) {
                String endpoint = id(caller, life);
                String address = engine.start(network, endpoint, "/run/docker/netns/" + endpoint.substring(0, 12));
                assertThat(inUse.add(address)).as("%s was free", address).isTrue();
                assertThat(plugin.dataplane().liveInterfaces()).contains("cali" + endpoint.substring(0, 11));
                inUse.remove(address);
                engine.stop(network, endpoint, address);
            }
        }
    }
}
