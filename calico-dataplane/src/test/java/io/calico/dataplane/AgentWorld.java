package io.calico.dataplane;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.calico.dataplane.recording.RecordingDataplane;
import io.calico.datastore.CalicoStore;
import io.calico.datastore.memory.MemoryDatastore;
import io.calico.datastore.testkit.FaultyDatastore;
import io.calico.model.EndpointKey;
import io.calico.model.EndpointState;
import io.calico.model.Profile;
import io.calico.model.WorkloadEndpoint;
import io.calico.model.net.IpAddress;
import io.calico.model.net.MacAddress;
import io.calico.policy.CompiledPolicy;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** A store in memory, a recording dataplane and an agent between them, on host {@code h1}. */
final class AgentWorld implements AutoCloseable {
    static final Duration LONG = Duration.ofSeconds(20);

    /** Quick enough for tests, slow enough to be seen. */
    static final AgentOptions OPTIONS = AgentOptions.builder()
            .firstRetryDelay(Duration.ofMillis(5))
            .longestRetryDelay(Duration.ofMillis(20))
            .build();

    final FaultyDatastore faults = new FaultyDatastore(new MemoryDatastore());
    final CalicoStore store = new CalicoStore(faults);
    final ExecutorService callers = Executors.newCachedThreadPool();
    RecordingDataplane dataplane = new RecordingDataplane();
    Agent agent = new Agent(faults, "h1", dataplane, OPTIONS);

    /** The agent ends as if killed; a new one starts on a host that has what the old one left. */
    void restart() {
        agent.close();
        RecordingDataplane next = new RecordingDataplane();
        dataplane.interfaces().keySet().forEach(next::plantInterface);
        dataplane = next;
        agent = new Agent(faults, "h1", dataplane, OPTIONS);
    }

    AgentWorld started() throws InterruptedException {
        agent.start();
        assertThat(agent.awaitInSync(LONG)).isTrue();
        return this;
    }

    static EndpointKey key(int number) {
        return new EndpointKey("h1", "libnetwork", "libnetwork", "e" + number);
    }

    static WorkloadInterface workload(int number) {
        return WorkloadInterface.builder()
                .hostName("cali" + number)
                .containerName("tmp" + number)
                .containerMac(MacAddress.of(0xeeeeee000000L + number))
                .addresses(List.of(IpAddress.parse("10.65.0." + number)))
                .build();
    }

    static WorkloadEndpoint endpoint(int number, EndpointState state, String... profiles) {
        return WorkloadEndpoint.builder()
                .state(state)
                .interfaceName("cali" + number)
                .mac(MacAddress.of(0xeeeeee000000L + number))
                .addProfileIds(profiles)
                .build()
                .withAddresses(List.of(IpAddress.parse("10.65.0." + number)));
    }

    /** Writes an active endpoint; the revision. */
    long put(int number, String... profiles) {
        return store.endpoints().put(key(number), endpoint(number, EndpointState.ACTIVE, profiles));
    }

    void putProfile(String name) {
        store.profiles().create(Profile.defaults(name));
    }

    void join(int number, long revision) {
        agent.join(key(number), workload(number), revision, LONG);
    }

    /** Writes the endpoint and connects its workload. */
    void connect(int number, String... profiles) {
        join(number, put(number, profiles));
    }

    CompletableFuture<Void> joinInBackground(int number, long revision, Duration deadline) {
        return CompletableFuture.runAsync(() -> agent.join(key(number), workload(number), revision, deadline), callers);
    }

    /** Waits until everything written so far is enforced. */
    void settle() {
        long revision = store.datastore().get("/no/such/key").isPresent() ? 0 : revisionNow();
        await().atMost(LONG).until(() -> agent.isInSync() && agent.status().revision() >= revision);
    }

    /** Of a write to a record that means nothing to this host, but reaches its agent. */
    private long revisionNow() {
        return store.endpoints().put(new EndpointKey("other", "o", "w", "clock"), endpoint(99, EndpointState.INACTIVE));
    }

    CompiledPolicy enforced() {
        return dataplane.policy().orElseThrow();
    }

    @Override
    public void close() {
        agent.close();
        callers.shutdownNow();
    }
}
