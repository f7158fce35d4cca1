package io.calico.ctl;

import static org.assertj.core.api.Assertions.assertThat;

import io.calico.datastore.CalicoStore;
import io.calico.datastore.memory.MemoryDatastore;
import io.calico.datastore.spi.Datastore;
import io.calico.model.SignOfLife;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Runs commands on one datastore and compares what they print with a transcript:
 *
 * <pre>
 * $ pool add 10.0.0.0/33            a command line; '…' and "…" keep blanks; {@code < TEXT} at its end is standard input
 * Invalid CIDR specified …          what it prints on standard output
 * ! Error: …                        what it prints on standard error
 * => 1                              its exit code, if that is not 0
 * </pre>
 */
final class Cli {
    private static final Pattern WORD = Pattern.compile("'([^']*)'|\"([^\"]*)\"|(\\S+)");

    final MemoryDatastore datastore = new MemoryDatastore();
    final CalicoStore store = new CalicoStore(datastore);
    final Map<String, String> environment = new HashMap<>();
    final TestMachine machine = new TestMachine();

    /** What stands between commands and the datastore. */
    UnaryOperator<Datastore> between = UnaryOperator.identity();

    /** What a command did. */
    record Result(int code, String out, String err) {
        String transcript() {
            StringBuilder text = new StringBuilder(out);
            err.lines()
                    .forEach(line -> text.append(("! " + line).stripTrailing()).append('\n'));
            return code == 0
                    ? text.toString()
                    : text.append("=> ").append(code).append('\n').toString();
        }
    }

    /** Has a host show that it is alive, as its daemon would. */
    void announce(String host) {
        SignOfLife sign = new SignOfLife("1.0", Optional.empty(), "2026-01-01T00:00:00Z", "5d0c");
        store.nodes().announce(host, sign, datastore.grantLease(Duration.ofMinutes(1)), other -> true);
    }

    Result run(List<String> args, String input) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        Console console = new Console(
                new PrintStream(out, true, StandardCharsets.UTF_8), new PrintStream(err, true, StandardCharsets.UTF_8));
        int code = Calicoctl.run(
                args,
                new Session.Invocation(
                        environment,
                        new ByteArrayInputStream(input.getBytes(StandardCharsets.UTF_8)),
                        console,
                        machine,
                        (uri, env) -> between.apply(datastore.newClient())));
        return new Result(code, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
    }

    Result run(String line) {
        int input = line.indexOf(" < ");
        return input < 0 ? run(words(line), "") : run(words(line.substring(0, input)), line.substring(input + 3));
    }

    private static List<String> words(String line) {
        List<String> words = new ArrayList<>();
        Matcher matcher = WORD.matcher(line);
        while (matcher.find()) {
            words.add(matcher.group(1) != null ? matcher.group(1) : matcher.group(matcher.group(2) != null ? 2 : 3));
        }
        return words;
    }

    /** Replays the commands of the transcript and compares all that they print. */
    void transcript(String expected) {
        StringBuilder actual = new StringBuilder();
        for (String line : expected.lines().toList()) {
            if (line.startsWith("$ ")) {
                actual.append(line).append('\n').append(run(line.substring(2)).transcript());
            }
        }
        assertThat(actual.toString()).isEqualTo(expected);
    }

    /** Runs commands that are only a preparation. */
    void given(String... lines) {
        for (String line : lines) {
            assertThat(run(line).code()).as(line).isZero();
        }
    }
}
