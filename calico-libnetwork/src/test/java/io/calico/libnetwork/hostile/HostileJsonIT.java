package io.calico.libnetwork.hostile;

import static org.assertj.core.api.Assertions.assertThat;

import io.calico.libnetwork.RunningPlugin;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Requests that engines really sent, damaged in every way, by several callers at once. */
class HostileJsonIT {
    private static final boolean LONG = Boolean.getBoolean("calico.test.long");
    private static final int REQUESTS = LONG ? 700_000 : 14_000;
    private static final int CALLERS = 4;

    @Test
    @Timeout(value = 2, unit = TimeUnit.HOURS)
    void everyRequestIsAnsweredAndNothingIsLeftOver() throws Exception {
        long seed = Long.getLong("calico.test.seed", System.nanoTime());
        System.out.println("HostileJsonIT: seed " + seed + " (repeat it with -Dcalico.test.seed=" + seed + ")");
        try (RunningPlugin plugin = RunningPlugin.start()) {
            PluginAudit audit = PluginAudit.begin(plugin);
            ExecutorService callers = Executors.newFixedThreadPool(CALLERS);
            List<Callable<Integer>> work = new ArrayList<>();
            for (int caller = 0; caller < CALLERS; caller++) {
                Random random = new Random(seed + caller);
                work.add(() -> new HostileCalls(plugin.socket(), random, "seed " + seed).makeAll(REQUESTS / CALLERS));
            }
            int succeeded = 0;
            for (Future<Integer> done : callers.invokeAll(work)) {
                succeeded += done.get();
            }
            callers.shutdownNow();

            assertThat(succeeded).as("requests that were good enough").isBetween(REQUESTS / 20, REQUESTS - 1);
            audit.checkEnd();
        }
    }
}
