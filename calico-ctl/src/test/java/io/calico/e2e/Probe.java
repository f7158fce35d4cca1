package io.calico.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A {@link Prober} at work in some network namespace. Thread-safe: one question after the other. */
final class Probe implements AutoCloseable {
    private final Process process;
    private final Writer commands;
    private final BufferedReader answers;

    Probe(List<String> command) {
        try {
            process = new ProcessBuilder(command)
                    .redirectError(ProcessBuilder.Redirect.INHERIT)
                    .start();
            commands = process.outputWriter(StandardCharsets.UTF_8);
            answers = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
            assertThat(answers.readLine()).as("first line of the prober").isEqualTo("ready");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private synchronized String ask(Object... words) {
        StringBuilder line = new StringBuilder();
        for (Object word : words) {
            line.append(line.isEmpty() ? "" : " ").append(word);
        }
        try {
            commands.write(line.append('\n').toString());
            commands.flush();
            String answer = answers.readLine();
            if (answer == null) {
                throw new AssertionError("the prober died on: " + line);
            }
            return answer;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    Probe serveTcp(int... ports) {
        for (int port : ports) {
            assertThat(ask("serve-tcp", port)).isEqualTo("ok");
        }
        return this;
    }

    Probe serveUdp(int... ports) {
        for (int port : ports) {
            assertThat(ask("serve-udp", port)).isEqualTo("ok");
        }
        return this;
    }

    /** {@code open}, {@code refused}, {@code silent} or {@code failed …}. */
    String tcp(String host, int port) {
        return firstWordIfOpen(ask("tcp", host, port));
    }

    /** As {@link #tcp(String, int)}, sent from this source address. */
    String tcpFrom(String source, String host, int port) {
        return firstWordIfOpen(ask("tcp", host, port, source));
    }

    private static String firstWordIfOpen(String answer) {
        return answer.startsWith("open ") ? "open" : answer;
    }

    /** The address under which the server at the other end saw this side. */
    String addressSeenBy(String host, int port) {
        String answer = ask("tcp", host, port);
        assertThat(answer).startsWith("open ");
        return answer.substring("open ".length());
    }

    /** {@code answered}, {@code silent} or {@code failed …}. */
    String udp(String host, int port) {
        return ask("udp", host, port);
    }

    /** As {@link #udp(String, int)}, sent from this source address. */
    String udpFrom(String source, String host, int port) {
        return ask("udp", host, port, source);
    }

    /** How many datagrams have arrived at a port that this side serves. */
    long udpCount(int port) {
        return Long.parseLong(ask("udp-count", port));
    }

    /** {@code answered} or {@code silent}. */
    String ping(String host) {
        return ask("ping", host);
    }

    void startStream(String host, int port) {
        assertThat(ask("stream", host, port)).isEqualTo("ok");
    }

    /** How a stream fared; when its longest wait ended is for looking into logs. */
    record StreamReport(long rounds, long longestGapMillis, String endOfLongestGap) {}

    /** Ends the stream, which must not have broken. */
    StreamReport endStream() {
        String answer = ask("stream-report");
        assertThat(answer).as("report of the stream").doesNotStartWith("broken");
        String[] words = answer.split(" ", 3);
        return new StreamReport(Long.parseLong(words[0]), Long.parseLong(words[1]), words[2]);
    }

    void startDatagrams(String host, int port) {
        assertThat(ask("datagrams", host, port)).isEqualTo("ok");
    }

    void startFlows(String host, int port) {
        assertThat(ask("flows", host, port)).isEqualTo("ok");
    }

    /** How many datagrams were sent, and how many answered. */
    record DatagramReport(long sent, long answered) {
        long lost() {
            return sent - answered;
        }
    }

    DatagramReport endDatagrams() {
        return datagramReport(ask("datagrams-report"));
    }

    DatagramReport endFlows() {
        return datagramReport(ask("flows-report"));
    }

    private static DatagramReport datagramReport(String answer) {
        String[] words = answer.split(" ", -1);
        return new DatagramReport(Long.parseLong(words[0]), Long.parseLong(words[1]));
    }

    @Override
    public void close() {
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly();
        try {
            process.waitFor(5, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
