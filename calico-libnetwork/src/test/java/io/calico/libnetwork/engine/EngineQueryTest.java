package io.calico.libnetwork.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(60)
class EngineQueryTest {
    private static final String ID = "a".repeat(64);

    @TempDir
    Path directory;

    private Path socket;
    private EngineQuery query;

    @BeforeEach
    void makeQuery() {
        socket = directory.resolve("docker.sock");
        query = new EngineQuery(socket, "calico");
    }

    @Test
    void endpointsAreThoseOfNetworksAndOfRunningContainers() throws Exception {
        Files.writeString(directory.resolve("docker.pid"), "7\n");
        try (FakeEngine engine = new FakeEngine(socket)) {
            engine.hasNetwork(ID, "data-tier");
            engine.hasEndpoints("e1", "e2");

            EngineSnapshot snapshot = query.look();

            assertThat(snapshot.networks()).containsExactly(Map.entry(ID, "data-tier"));
            assertThat(snapshot.endpoints()).containsExactly("e1");
            assertThat(snapshot.shown()).containsExactly("e2");
            assertThat(snapshot.instance()).startsWith("7 ");
            assertThat(query.look()).isEqualTo(snapshot);
            Files.writeString(directory.resolve("docker.pid"), "8\n");
            assertThat(query.look().instance()).isNotEqualTo(snapshot.instance());
        }
    }

    @ParameterizedTest
    @CsvSource({
        "running,true",
        "paused,true",
        "restarting,true",
        "created,false",
        "exited,false",
        "dead,false",
        "removing,false"
    })
    void whatAContainerThatDoesNotRunShowsIsNoEndpoint(String state, boolean counts) throws Exception {
        try (FakeEngine engine = new FakeEngine(socket)) {
            engine.hasNetwork(ID, "data-tier");
            engine.hasEndpoints("e1", "e2");
            engine.hasContainerIn(state);

            assertThat(query.look().shown()).isEqualTo(counts ? Set.of("e2") : Set.of());
        }
    }

    @Test
    void anEngineThatRefusesARequestHasNotAnswered() {
        try (FakeEngine engine = new FakeEngine(socket)) {
            engine.answerWith(500);

            assertThatThrownBy(query::look).isInstanceOf(IOException.class).hasMessageContaining("500");
        }
    }

    @Test
    void anEngineThatIsNotThereHasNotAnswered() {
        assertThatThrownBy(query::look).isInstanceOf(IOException.class);
    }

    @Test
    void anEngineWithoutItsPidFileIsNotAsked() throws Exception {
        try (FakeEngine engine = new FakeEngine(socket)) {
            assertThat(query.seemsToRun()).isFalse();
            Files.writeString(directory.resolve("docker.pid"), "7");
            assertThat(query.seemsToRun()).isTrue();
            assertThat(engine.requests()).isEmpty();
        }
    }
}
