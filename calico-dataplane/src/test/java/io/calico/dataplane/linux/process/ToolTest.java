package io.calico.dataplane.linux.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.calico.dataplane.DataplaneException;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

/** With programs that every system has. */
class ToolTest {
    private static final Duration LONG = Duration.ofSeconds(20);

    private static Tool tool(String name) {
        return Tool.find(name, LONG).orElseThrow();
    }

    @Test
    void inputAndOutputPassUnchanged() {
        ToolResult result = tool("cat").run("tag \"ä\"; $(id)\n`id`", List.of());

        assertThat(result.succeeded()).isTrue();
        assertThat(result.output()).isEqualTo("tag \"ä\"; $(id)\n`id`");
    }

    @Test
    void argumentsPassWithoutAShell() {
        assertThat(tool("echo").with("a b").run("$HOME", "*;id").output()).isEqualTo("a b $HOME *;id");
    }

    @Test
    void exitCodeAndErrorTextAreReported() {
        ToolResult result = tool("cat").run("/does/not/exist");

        assertThat(result.succeeded()).isFalse();
        assertThat(result.output()).contains("/does/not/exist: No such file or directory");
    }

    @Test
    void programThatHangsIsKilled() {
        Tool sleep = Tool.find("sleep", Duration.ofMillis(100)).orElseThrow();

        assertThatThrownBy(() -> sleep.run("60"))
                .isInstanceOf(DataplaneException.TimedOut.class)
                .hasMessageContaining("killed after 100 ms");
    }

    @Test
    void programThatReadsNothingDoesNotBlockALongInput() {
        assertThat(tool("true").run("x".repeat(1_000_000), List.of()).succeeded())
                .isTrue();
    }

    @Test
    void programThatHangsWithoutReadingIsKilledToo() {
        Tool sleep = Tool.find("sleep", Duration.ofMillis(100)).orElseThrow();

        assertThatThrownBy(() -> sleep.run("x".repeat(1_000_000), List.of("60")))
                .isInstanceOf(DataplaneException.TimedOut.class);
    }

    @Test
    void outputIsCutAfter64KibAndTheProgramEnds() {
        ToolResult result = tool("cat").run("x".repeat(1_000_000), List.of());

        assertThat(result.exitCode()).isZero();
        assertThat(result.output()).hasSize(64 * 1024);
    }

    @Test
    void environmentHoldsPathAndLanguageOnly() {
        assertThat(tool("env").run().output().lines())
                .anyMatch(line -> line.startsWith("PATH=/"))
                .contains("LC_ALL=C")
                .hasSize(2);
    }

    @Test
    void missingProgramIsFoundNowhere() {
        assertThat(Tool.find("no-such-program-anywhere", LONG)).isEmpty();
    }

    @Test
    void programThatCannotBeStartedIsUnavailable() {
        Tool gone = Tool.of(List.of("/no/such/program"), LONG);

        assertThatThrownBy(gone::run)
                .isInstanceOf(DataplaneException.Unavailable.class)
                .hasMessageStartingWith("run /no/such/program: ");
    }
}
