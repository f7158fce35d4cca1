package io.calico.libnetwork.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.calico.datastore.CalicoStore;
import io.calico.datastore.memory.MemoryDatastore;
import io.calico.datastore.testkit.FaultyDatastore;
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

@Timeout(60)
class EngineClientTest {
    private static final String ID = "a".repeat(64);
    private static final String ID_2 = "b".repeat(64);

    @TempDir
    Path directory;

    private final FaultyDatastore datastore = new FaultyDatastore(new MemoryDatastore());
    private final CalicoStore store = new CalicoStore(datastore);
    private final AtomicInteger found = new AtomicInteger();
    private Path socket;
    private EngineClient client;

    @BeforeEach
    void makeClient() throws Exception {
        socket = directory.resolve("docker.sock");
        client = new EngineClient(socket, "calico", store, "h1", found::incrementAndGet);
    }

    @AfterEach
    void closeClient() {
        client.close();
    }

    private void engineHasPidFile() throws Exception {
        Files.writeString(directory.resolve("docker.pid"), "1");
    }

    private void becomes(String name, String id) {
        await().atMost(Duration.ofSeconds(10))
                .untilAsserted(() -> assertThat(store.networks().find(name))
                        .hasValue(Network.builder().id(id).name(name).host("h1").build()));
    }

    private void vanishes(String name) {
        await().atMost(Duration.ofSeconds(10))
                .untilAsserted(() -> assertThat(store.networks().find(name)).isEmpty());
    }

    @Test
    void namesOfNetworksThatAreThereAreLearntAtTheStart() throws Exception {
        engineHasPidFile();
        try (FakeEngine engine = new FakeEngine(socket)) {
            engine.hasNetwork(ID, "data-tier");

            client.start();

            becomes("data-tier", ID);
            assertThat(store.networks().findOnHost("h1", ID))
                    .map(network -> network.name() + " " + network.network())
                    .hasValue("data-tier " + ID);
            assertThat(found).hasValue(1);
            assertThat(engine.requests())
                    .containsExactly(
                            "/events?filters={\"type\":[\"network\"]}", "/networks?filters={\"driver\":[\"calico\"]}");
        }
    }

    @Test
    void namesFollowTheEvents() throws Exception {
        engineHasPidFile();
        try (FakeEngine engine = new FakeEngine(socket)) {
            client.start();
            await().until(engine::hasListener);

            engine.createNetwork(ID, "data-tier");
            becomes("data-tier", ID);
            engine.removeNetwork(ID);
            vanishes("data-tier");

            assertThat(store.networks().ofHost("h1")).isEmpty();
        }
    }

    @Test
    void eventsAboutContainersAndOtherDriversCauseNoWork() throws Exception {
        engineHasPidFile();
        try (FakeEngine engine = new FakeEngine(socket)) {
            client.start();
            await().until(() -> engine.requests().size() == 2);

            engine.event("connect", ID, "data-tier", "calico");
            engine.event("create", ID_2, "other", "bridge");
            engine.createNetwork(ID, "data-tier");
            becomes("data-tier", ID);

            assertThat(engine.requests()).hasSize(3);
        }
    }

    @Test
    void anEngineThatStartsLaterIsFound() {
        client.start();

        try (FakeEngine engine = new FakeEngine(socket)) {
            // With its event: the client may have listed the networks already.
            engine.createNetwork(ID, "data-tier");

            becomes("data-tier", ID);
        }
    }

    @Test
    void anEngineThatRestartsIsFollowedAgain() throws Exception {
        engineHasPidFile();
        client.start();
        try (FakeEngine engine = new FakeEngine(socket)) {
            engine.hasNetwork(ID, "data-tier");
            becomes("data-tier", ID);
        }
        try (FakeEngine engine = new FakeEngine(socket)) {
            engine.hasNetwork(ID, "data-tier");
            engine.hasNetwork(ID_2, "app-tier");

            becomes("app-tier", ID_2);
        }
        assertThat(found).hasValue(2);
    }

    @Test
    void aSocketWithoutASignOfAnEngineIsNotTouchedUntilAnEngineCalls() {
        // As under systemd, where a connection would start the engine.
        try (FakeEngine engine = new FakeEngine(socket)) {
            engine.hasNetwork(ID, "data-tier");
            client.start();
            await().during(Duration.ofMillis(1500))
                    .atMost(Duration.ofSeconds(5))
                    .until(() -> engine.requests().isEmpty());

            client.engineCalled();

            becomes("data-tier", ID);
        }
    }

    @Test
    void anEngineThatCannotAnswerYetIsAskedAgain() throws Exception {
        engineHasPidFile();
        try (FakeEngine engine = new FakeEngine(socket)) {
            engine.answerWith(503);
            engine.hasNetwork(ID, "data-tier");
            client.start();
            await().until(() -> engine.requests().size() >= 2);

            engine.answerWith(200);

            becomes("data-tier", ID);
        }
    }

    @Test
    void aDatastoreThatFailsIsTriedAgain() throws Exception {
        engineHasPidFile();
        datastore.failNext(FaultyDatastore.Operation.COMMIT, 3);
        try (FakeEngine engine = new FakeEngine(socket)) {
            engine.hasNetwork(ID, "data-tier");

            client.start();

            becomes("data-tier", ID);
        }
    }

    @Test
    void theNameOfANetworkThatTheEngineNoLongerHasGoesToItsSuccessor() throws Exception {
        engineHasPidFile();
        store.networks().putRequest(ID, "{}");
        try (FakeEngine engine = new FakeEngine(socket)) {
            client.start();
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
    void aNameThatANetworkOfAnotherHostHasStaysWithIt() throws Exception {
        engineHasPidFile();
        Network elsewhere =
                Network.builder().id(ID_2).name("data-tier").host("h2").build();
        store.networks().claimName(elsewhere);
        try (FakeEngine engine = new FakeEngine(socket)) {
            engine.hasNetwork(ID, "data-tier");

            client.start();

            await().untilAsserted(() ->
                    assertThat(store.networks().findOnHost("h1", ID)).isPresent());
            assertThat(store.networks().find("data-tier")).hasValue(elsewhere);
        }
    }

    @Test
    void closingWakesAClientThatWaitsForEvents() throws Exception {
        engineHasPidFile();
        try (FakeEngine engine = new FakeEngine(socket)) {
            client.start();
            await().until(() -> engine.requests().size() == 2);
            long start = System.nanoTime();

            client.close();

            assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofMillis(400));
        }
    }
}
