package io.calico.libnetwork.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class EngineClientTest {
    private static final String ID = "a".repeat(64);

    @TempDir
    Path directory;

    private final AtomicInteger found = new AtomicInteger();
    private final List<String> heard = new CopyOnWriteArrayList<>();
    private final EngineListener listener = new EngineListener() {
        @Override
        public void connected() {
            heard.add("connected");
        }

        @Override
        public void disconnected() {
            heard.add("disconnected");
        }

        @Override
        public void networksChanged() {
            heard.add("networks");
        }

        @Override
        public void containersChanged() {
            heard.add("containers");
        }
    };
    private Path socket;
    private EngineClient client;

    @BeforeEach
    void makeClient() {
        socket = directory.resolve("docker.sock");
        client = new EngineClient(socket, "calico", found::incrementAndGet);
    }

    @AfterEach
    void closeClient() {
        client.close();
    }

    private void engineHasPidFile() throws Exception {
        Files.writeString(directory.resolve("docker.pid"), "1");
    }

    private void hears(String... what) {
        await().atMost(Duration.ofSeconds(10))
                .untilAsserted(() -> assertThat(heard).containsExactly(what));
    }

    @Test
    void anEngineThatIsThereIsConnectedTo() throws Exception {
        engineHasPidFile();
        try (FakeEngine engine = new FakeEngine(socket)) {
            client.start(listener);

            hears("connected");
            assertThat(found).hasValue(1);
            assertThat(engine.requests()).containsExactly("/events?filters={\"type\":[\"network\"]}");
        }
    }

    @Test
    void eventsAreToldByWhatTheyConcern() throws Exception {
        engineHasPidFile();
        try (FakeEngine engine = new FakeEngine(socket)) {
            client.start(listener);
            hears("connected");

            engine.createNetwork(ID, "data-tier");
            engine.event("connect", ID, "data-tier", "calico");
            engine.event("connect", ID, "other", "bridge");
            engine.event("prune", ID, "other", "bridge");
            engine.event("destroy", ID, "other", "bridge");

            hears("connected", "networks", "containers", "networks");
        }
    }

    @Test
    void anEngineThatStartsLaterIsFound() {
        client.start(listener);

        try (FakeEngine engine = new FakeEngine(socket)) {
            await().until(engine::hasListener);

            hears("connected");
        }
    }

    @Test
    void anEngineThatRestartsIsFollowedAgain() throws Exception {
        engineHasPidFile();
        client.start(listener);
        try (FakeEngine engine = new FakeEngine(socket)) {
            await().until(engine::hasListener);
            hears("connected");
        }
        try (FakeEngine engine = new FakeEngine(socket)) {
            await().until(engine::hasListener);
            hears("connected", "disconnected", "connected");
        }
        assertThat(found).hasValue(2);
    }

    @Test
    void aSocketWithoutASignOfAnEngineIsNotTouchedUntilAnEngineCalls() {
        // As under systemd, where a connection would start the engine.
        try (FakeEngine engine = new FakeEngine(socket)) {
            client.start(listener);
            await().during(Duration.ofMillis(1500))
                    .atMost(Duration.ofSeconds(5))
                    .until(() -> engine.requests().isEmpty());

            client.engineCalled();

            hears("connected");
        }
    }

    @Test
    void anEngineThatCannotAnswerYetIsAskedAgain() throws Exception {
        engineHasPidFile();
        try (FakeEngine engine = new FakeEngine(socket)) {
            engine.answerWith(503);
            client.start(listener);
            await().until(() -> engine.requests().size() >= 2);
            assertThat(heard).isEmpty();

            engine.answerWith(200);

            hears("connected");
        }
    }

    @Test
    void closingWakesAClientThatWaitsForEvents() throws Exception {
        engineHasPidFile();
        try (FakeEngine engine = new FakeEngine(socket)) {
            client.start(listener);
            await().until(() -> engine.requests().size() == 1);
            long start = System.nanoTime();

            client.close();

            assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofMillis(400));
        }
    }
}
