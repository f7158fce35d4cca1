package io.calico.libnetwork;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Requests as Docker 20.10.24 and 28.5.2 sent them to another plugin, sent to ours. Checked are the status and the form of
 * each answer, and what is there afterwards; the recorded answers, some wrong on purpose, are not.
 */
@Timeout(60)
class RecordingReplayTest {
    private static Path directory() {
        try {
            return Path.of(Objects.requireNonNull(RecordingReplayTest.class.getResource("recordings"))
                    .toURI());
        } catch (URISyntaxException e) {
            throw new AssertionError(e);
        }
    }

    static Stream<String> recordings() throws IOException {
        try (Stream<Path> files = Files.list(directory())) {
            return files.map(file -> file.getFileName().toString()).sorted().toList().stream();
        }
    }

    @Test
    void recordingsOfBothEnginesAreThere() throws IOException {
        assertThat(recordings())
                .hasSizeGreaterThan(150)
                .anyMatch(n -> n.startsWith("20.10"))
                .anyMatch(n -> n.startsWith("28.5"));
    }

    @ParameterizedTest
    @MethodSource("recordings")
    void whatAnEngineSentIsAnsweredRightAndLeavesNothing(String name) throws IOException {
        try (RunningPlugin plugin = RunningPlugin.start();
                RecordingReplay replay = new RecordingReplay(
                        plugin, RunningPlugin.json(Files.readString(directory().resolve(name))))) {
            replay.prepare();

            replay.run();

            replay.checkEnd();
            replay.tearDown();
            plugin.assertNothingIsLeft();
        }
    }
}
