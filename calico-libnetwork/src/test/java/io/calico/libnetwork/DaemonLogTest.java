package io.calico.libnetwork;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.util.LogbackMDCAdapter;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Properties;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.Logger;

class DaemonLogTest {
    private final LoggerContext context = new LoggerContext();

    @TempDir
    Path directory;

    @AfterEach
    void close() {
        context.stop();
    }

    /** What is logged by {@code io.calico.Part} goes to standard error as this. */
    private String standardError(Map<String, String> settings, Consumer<Logger> log) {
        PrintStream before = System.err;
        ByteArrayOutputStream written = new ByteArrayOutputStream();
        System.setErr(new PrintStream(written, true, StandardCharsets.UTF_8));
        try {
            log.accept(logger(settings, "io.calico.Part"));
        } finally {
            System.setErr(before);
        }
        return written.toString(StandardCharsets.UTF_8);
    }

    private Logger logger(Map<String, String> settings, String name) {
        Properties properties = new Properties();
        properties.putAll(settings);
        context.setMDCAdapter(new LogbackMDCAdapter());
        DaemonLog.configure(context, properties);
        return context.getLogger(name);
    }

    private String inFile(Consumer<Logger> log) throws IOException {
        log.accept(logger(
                Map.of("calico.log.to", "file", "calico.log.directory", directory.toString()), "io.calico.Part"));
        return Files.readString(directory.resolve("node.log"), StandardCharsets.UTF_8);
    }

    @Test
    void logsToStandardErrorUnlessToldOtherwise() {
        assertThat(standardError(Map.of(), log -> log.warn("{} went", "one")))
                .matches("\\d\\d:\\d\\d:\\d\\d\\.\\d{3} WARN  Part \\[" + thread() + "]: one went\n");
        assertThat(directory).isEmptyDirectory();
    }

    @Test
    void theJournalGetsSeveritiesInsteadOfTimes() {
        assertThat(standardError(Map.of("calico.log.to", "journal", "calico.log.level", "TRACE"), log -> {
                    log.error("a");
                    log.warn("b");
                    log.info("c");
                    log.debug("d");
                    log.trace("e");
                }))
                .matches("<3>Part: a\n<4>Part: b\n<6>Part: c\n<7>Part: d\n<7>Part: e\n"
                        .replace("Part", "Part \\[" + thread() + "]"));
    }

    @Test
    void filesGetWholeTimes() throws Exception {
        assertThat(inFile(log -> log.info("one")))
                .matches("\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}(Z|[+-]\\d\\d:\\d\\d) INFO  Part \\["
                        + thread() + "]: one\n");
    }

    @Test
    void aFullFileMakesRoomAndFiveOlderOnesAreKept() throws Exception {
        Path newest = directory.resolve("node.log");
        for (int i = 1; i <= 7; i++) {
            Files.write(newest, new byte[10 * 1024 * 1024]);
            inFile(log -> log.info("one"));
            context.reset();
        }

        assertThat(directory.toFile().list())
                .containsExactlyInAnyOrder(
                        "node.log", "node.1.log", "node.2.log", "node.3.log", "node.4.log", "node.5.log");
        assertThat(Files.size(newest)).isBetween(1L, 1000L);
    }

    @Test
    void levelDecidesWhatIsLogged() {
        Consumer<Logger> log = logger -> {
            logger.debug("debug");
            logger.info("info");
            logger.error("error");
        };

        assertThat(standardError(Map.of(), log)).contains("info", "error").doesNotContain("debug");
        context.reset();
        assertThat(standardError(Map.of("calico.log.level", "ERROR"), log))
                .contains("error")
                .doesNotContain("info");
        context.reset();
        assertThat(standardError(Map.of("calico.log.level", "DEBUG"), log)).contains("debug", "info", "error");
    }

    @Test
    void warningsOfNettyAreNotLogged() {
        logger(Map.of("calico.log.level", "DEBUG"), "io.calico.Part");

        assertThat(context.getLogger("io.netty.util.NetUtil").isWarnEnabled()).isFalse();
        assertThat(context.getLogger("io.netty.util.NetUtil").isErrorEnabled()).isTrue();
    }

    @Test
    void aMessageIsOneLine() throws Exception {
        assertThat(inFile(log -> log.info("a\r\nb\tc\u001b[1m")))
                .endsWith(": a b c [1m\n")
                .containsOnlyOnce("\n");
    }

    @Test
    void aLongMessageIsCut() throws Exception {
        assertThat(inFile(log -> log.info("{}", "x".repeat(5000)))).endsWith(": " + "x".repeat(4000) + "\n");
    }

    @Test
    void whatCannotBeWrittenIsNotTold() {
        assertThat(standardError(
                        Map.of("calico.log.to", "file", "calico.log.directory", "/proc/none"), log -> log.info("one")))
                .isEmpty();
    }

    private static String thread() {
        return Thread.currentThread().getName();
    }
}
