package io.calico.libnetwork.sync;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.calico.datastore.CalicoStore;
import io.calico.datastore.memory.MemoryDatastore;
import io.calico.datastore.testkit.FaultyDatastore;
import io.calico.libnetwork.engine.EngineClient;
import io.calico.libnetwork.engine.EngineNetworks;
import io.calico.libnetwork.engine.FakeEngine;
import io.calico.libnetwork.network.ReplicaGuard;
import io.calico.model.HostNetwork;
import io.calico.model.Network;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What is learnt from an engine on a host that has its datastore for itself; with other hosts: NetworksOnTwoHostsIT. */
@Timeout(60)
class NetworkSyncTest {
    private static final String ID = "a".repeat(64);
    private static final String ID_2 = "b".repeat(64);

    @TempDir
    Path directory;

    private final FaultyDatastore datastore = new FaultyDatastore(new MemoryDatastore());
    private final CalicoStore store = new CalicoStore(datastore);
    private final AtomicInteger listed = new AtomicInteger();
    private Path socket;
    private EngineClient client;
    private NetworkSync sync;

    @BeforeEach
    void start() throws Exception {
        socket = directory.resolve("docker.sock");
        Files.writeString(directory.resolve("docker.pid"), "1");
        client = new EngineClient(socket, "calico", () -> {});
        sync = new NetworkSync(
                store,
                new EngineNetworks(socket, "calico"),
                new ReplicaGuard() {
                    @Override
                    public Making making(String canonicalId) {
                        return () -> {};
                    }

                    @Override
                    public void retryDeletions() {}
                },
                new NetworkSyncOptions("h1", "auto", true, false));
        sync.whenListed(listed::incrementAndGet);
        sync.start();
        client.start(sync);
    }

    @AfterEach
    void close() {
        client.close();
        sync.close();
    }

    private void becomes(String name, String id) {
        await().atMost(Duration.ofSeconds(10))
                .untilAsserted(() -> assertThat(store.networks().find(name))
                        .map(network -> network.id() + " on " + network.host().orElse(""))
                        .hasValue(id + " on h1"));
    }

    private void vanishes(String name) {
        await().atMost(Duration.ofSeconds(10))
                .untilAsserted(() -> assertThat(store.networks().find(name)).isEmpty());
    }

    @Test
    void namesOfNetworksThatAreThereAreLearntAtTheStart() {
        try (FakeEngine engine = new FakeEngine(socket)) {
            engine.hasNetwork(ID, "data-tier");

            becomes("data-tier", ID);

            await().untilAsserted(() -> assertThat(listed).hasValue(1));
            assertThat(store.networks().findOnHost("h1", ID))
                    .map(network -> network.name() + " " + network.network())
                    .hasValue("data-tier " + ID);
            assertThat(sync.problems()).isEmpty();
        }
    }

    @Test
    void namesFollowTheEvents() {
        try (FakeEngine engine = new FakeEngine(socket)) {
            await().until(engine::hasListener);

            engine.createNetwork(ID, "data-tier");
            becomes("data-tier", ID);
            engine.removeNetwork(ID);
            vanishes("data-tier");

            assertThat(store.networks().ofHost("h1")).isEmpty();
        }
    }

    @Test
    void anEngineThatRestartsIsAskedAgain() {
        try (FakeEngine engine = new FakeEngine(socket)) {
            engine.hasNetwork(ID, "data-tier");
            becomes("data-tier", ID);
        }
        try (FakeEngine engine = new FakeEngine(socket)) {
            engine.hasNetwork(ID, "data-tier");
            engine.hasNetwork(ID_2, "app-tier");

            becomes("app-tier", ID_2);
        }
        await().untilAsserted(() -> assertThat(listed).hasValue(2));
    }

    @Test
    void aDatastoreThatFailsIsTriedAgain() {
        datastore.failNext(FaultyDatastore.Operation.COMMIT, 3);
        try (FakeEngine engine = new FakeEngine(socket)) {
            engine.hasNetwork(ID, "data-tier");

            becomes("data-tier", ID);
        }
    }

    @Test
    void theNameOfANetworkThatTheEngineNoLongerHasGoesToItsSuccessor() {
        store.networks().putRequest(ID, "{}");
        try (FakeEngine engine = new FakeEngine(socket)) {
            await().until(engine::hasListener);
            engine.createNetwork(ID, "data-tier");
            becomes("data-tier", ID);
            // The engine could not tell the plugin: the network's own record stays, and with it the name.
            engine.removeNetwork(ID);
            engine.createNetwork(ID_2, "app-tier");
            becomes("app-tier", ID_2);
            assertThat(store.networks().find("data-tier")).isPresent();

            engine.removeNetwork(ID_2);
            engine.createNetwork(ID_2, "data-tier");

            becomes("data-tier", ID_2);
        }
    }

    @Test
    void aNameThatANetworkOfAnotherHostHasStaysWithItAndThatIsAProblem() {
        Network elsewhere =
                Network.builder().id(ID_2).name("data-tier").host("h2").build();
        store.networks().claimName(elsewhere);
        try (FakeEngine engine = new FakeEngine(socket)) {
            engine.hasNetwork(ID, "data-tier");

            await().untilAsserted(() -> assertThat(sync.problems())
                    .singleElement()
                    .satisfies(problem -> assertThat(problem.text())
                            .contains("the name data-tier is that of network " + ID_2 + " on host h2")));
            assertThat(store.networks().findOnHost("h1", ID)).isPresent();
            assertThat(store.networks().find("data-tier")).hasValue(elsewhere);

            store.networks().releaseName("data-tier", ID_2);
            engine.event("create", ID_2, "other", "bridge");

            becomes("data-tier", ID);
            await().untilAsserted(() -> assertThat(sync.problems()).isEmpty());
        }
    }

    @Test
    void aRecordOfACopyThatTheEngineHasNoLongerGoes() {
        store.networks()
                .putOnHost(
                        "h1",
                        ID_2,
                        HostNetwork.builder().name("data-tier").network(ID).build());
        store.networks().putRequest(ID, "{}");
        try (FakeEngine engine = new FakeEngine(socket)) {
            await().until(engine::hasListener);

            await().untilAsserted(
                            () -> assertThat(store.networks().ofHost("h1")).isEmpty());
        }
    }
}
