package io.calico.libnetwork;

import static org.assertj.core.api.Assertions.assertThat;

import io.calico.dataplane.recording.RecordingDataplane;
import io.calico.datastore.memory.MemoryDatastore;
import io.calico.datastore.spi.DatastoreException;
import io.calico.datastore.testkit.FaultyDatastore;
import io.calico.datastore.testkit.FaultyDatastore.Operation;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Whatever fails while something is made: after the engine's own rollback nothing of it is left. */
@Timeout(120)
class PluginRollbackTest {
    private static final String NETWORK = "5419fc95c71374069466b6aa14f2f55d83513f6fb79f370606a13befba64e5f2";
    private static final String ENDPOINT = "48f735201e5801393ea81a1196352c8ac788f9f8df6842ec2427c4c0d0ac91b2";
    private static final String SANDBOX = "/run/docker/netns/09ffebfd296e";

    private final FaultyDatastore datastore = new FaultyDatastore(new MemoryDatastore());
    private final RecordingDataplane dataplane = new RecordingDataplane();

    /** Lets that many calls of the plugin's own threads pass and fails the next. */
    private AtomicBoolean failAt(Operation operation, int number) {
        AtomicInteger left = new AtomicInteger(number);
        AtomicBoolean failed = new AtomicBoolean();
        arm(operation, left, failed);
        return failed;
    }

    private void arm(Operation operation, AtomicInteger left, AtomicBoolean failed) {
        datastore.beforeNext(operation, () -> {
            if (!Thread.currentThread().getName().startsWith("calico-plugin-")) {
                arm(operation, left, failed);
            } else if (left.decrementAndGet() > 0) {
                arm(operation, left, failed);
            } else if (left.get() == 0) {
                failed.set(true);
                throw new DatastoreException.Unavailable("injected failure", null);
            }
        });
    }

    @ParameterizedTest
    @EnumSource(names = {"GET", "LIST", "COMMIT"})
    void aNetworkIsMadeWholeOrNotAtAll(Operation operation) {
        try (RunningPlugin plugin = RunningPlugin.start(datastore, dataplane);
                EngineCalls engine = new EngineCalls(plugin)) {
            for (int number = 1; ; number++) {
                AtomicBoolean failed = failAt(operation, number);
                try {
                    engine.createNetwork(NETWORK);
                    if (!failed.get()) {
                        break;
                    }
                    engine.removeNetwork(NETWORK);
                } catch (EngineCalls.Refused e) {
                    assertThat(e).hasMessageContaining("injected failure");
                }
                plugin.assertNothingIsLeft();
            }
            assertThat(plugin.store().profiles().exists(NETWORK)).isTrue();
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"GET", "LIST", "COMMIT"})
    void aContainerIsConnectedWholeOrNotAtAll(Operation operation) {
        try (RunningPlugin plugin = RunningPlugin.start(datastore, dataplane);
                EngineCalls engine = new EngineCalls(plugin)) {
            for (int number = 1; ; number++) {
                engine.createNetwork(NETWORK);
                AtomicBoolean failed = failAt(operation, number);
                boolean connected = false;
                try {
                    String address = engine.start(NETWORK, ENDPOINT, SANDBOX);
                    connected = true;
                    assertThat(dataplane.liveInterfaces()).hasSize(1);
                    if (!failed.get()) {
                        break;
                    }
                    engine.stop(NETWORK, ENDPOINT, address);
                } catch (EngineCalls.Refused e) {
                    assertThat(connected).isFalse();
                }
                engine.removeNetwork(NETWORK);
                plugin.assertNothingIsLeft();
            }
        }
    }
}
