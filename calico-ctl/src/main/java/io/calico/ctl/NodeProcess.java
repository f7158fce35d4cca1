package io.calico.ctl;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * The node daemon of this machine as a process: found through its pid file, started through its launcher.
 *
 * <p>A pid file may be stale and its number belong to a stranger by now: a process counts as the daemon only if its
 * command line says so. Confined to one thread.
 */
final class NodeProcess {
    private static final Duration START_TIMEOUT = Duration.ofSeconds(60);
    private static final Duration STOP_TIMEOUT = Duration.ofSeconds(10);
    private static final Duration POLL = Duration.ofMillis(20);
    private static final int LINES_SHOWN = 5;

    private final Path home;
    private final Path runDirectory;
    private final Map<String, String> environment;

    /**
     * The daemon of the installation at {@code home}.
     *
     * @param runDirectory where it keeps its pid, and the sign that it is ready
     * @param environment what it gets to see
     */
    NodeProcess(Path home, Path runDirectory, Map<String, String> environment) {
        this.home = home;
        this.runDirectory = runDirectory;
        this.environment = environment;
    }

    /** The daemon, if it runs. */
    Optional<ProcessHandle> running() {
        try {
            long pid = Long.parseLong(
                    Files.readString(runDirectory.resolve("node.pid")).strip());
            return ProcessHandle.of(pid).filter(ProcessHandle::isAlive).filter(NodeProcess::isOurs);
        } catch (IOException | NumberFormatException e) {
            return Optional.empty();
        }
    }

    /** Whether the daemon has said that policy is in force and its sockets answer. */
    boolean isReady() {
        return Files.exists(ready());
    }

    /** Where the daemon tells root how it is. */
    Path statusSocket() {
        return runDirectory.resolve("status.sock");
    }

    /** When and why the daemon could not start; empty if the last one that tried did start. */
    Optional<String> lastFailure() {
        try {
            String line = Files.readString(runDirectory.resolve("node.failed")).strip();
            int blank = line.indexOf(' ');
            return blank < 0
                    ? Optional.of(line)
                    : Optional.of(line.substring(0, blank) + ": " + line.substring(blank + 1));
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    private static boolean isOurs(ProcessHandle process) {
        try {
            String commandLine =
                    Files.readString(Path.of("/proc/" + process.pid() + "/cmdline"), StandardCharsets.ISO_8859_1);
            return commandLine.contains("calico-node") || commandLine.contains("calico-libnetwork");
        } catch (IOException e) {
            return false;
        }
    }

    /** Ends the daemon, if it runs: asks it to, and kills it if it has not ended after ten seconds. */
    void stop() {
        stop(STOP_TIMEOUT);
    }

    /** As {@link #stop()}, with another patience. */
    void stop(Duration patience) {
        Optional<ProcessHandle> process = running();
        if (process.isEmpty()) {
            return;
        }
        process.get().destroy();
        if (!ends(process.get(), patience)) {
            process.get().destroyForcibly();
            if (!ends(process.get(), STOP_TIMEOUT)) {
                throw CommandFailure.error(
                        "the node daemon (process " + process.get().pid() + ") does not end");
            }
        }
    }

    private static boolean ends(ProcessHandle process, Duration patience) {
        long deadline = System.nanoTime() + patience.toNanos();
        while (process.isAlive()) {
            if (System.nanoTime() > deadline) {
                return false;
            }
            pause();
        }
        return true;
    }

    /**
     * Starts the daemon and waits until it is ready. It outlives this process and its terminal.
     *
     * @param logDirectory made if missing; the daemon's console output goes to {@code node.out} there
     * @return its process id
     */
    long start(List<String> arguments, Path logDirectory) {
        Path output = logDirectory.resolve("node.out");
        Process process;
        try {
            Files.createDirectories(logDirectory);
            Files.createDirectories(runDirectory);
            Files.deleteIfExists(ready());
            process = builder(arguments, true)
                    .redirectInput(
                            ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
                    .redirectOutput(output.toFile())
                    .redirectErrorStream(true)
                    .start();
        } catch (IOException e) {
            throw CommandFailure.error("cannot start the node daemon: " + e.getMessage());
        }
        long deadline = System.nanoTime() + START_TIMEOUT.toNanos();
        while (!isReady()) {
            if (!process.isAlive()) {
                throw CommandFailure.error("the node daemon ended with code " + process.exitValue()
                        + " while it started." + lastLines(output));
            }
            if (System.nanoTime() > deadline) {
                throw CommandFailure.error("the node daemon (process " + process.pid() + ") is not ready after "
                        + START_TIMEOUT.toSeconds() + " s; it goes on trying. See " + logDirectory + "."
                        + lastLines(output));
            }
            pause();
        }
        return running().map(ProcessHandle::pid).orElse(process.pid());
    }

    private Path ready() {
        return runDirectory.resolve("node.ready");
    }

    /** Runs the daemon with this process's input and output, until it ends or this process is told to. */
    int runInForeground(List<String> arguments) {
        Process process;
        try {
            process = builder(arguments, false).inheritIO().start();
        } catch (IOException e) {
            throw CommandFailure.error("cannot start the node daemon: " + e.getMessage());
        }
        Thread stopper = new Thread(
                () -> {
                    process.destroy();
                    ends(process.toHandle(), STOP_TIMEOUT);
                },
                "calico-stopper-1");
        Runtime.getRuntime().addShutdownHook(stopper);
        try {
            int code = process.waitFor();
            unregister(stopper);
            return code;
        } catch (InterruptedException e) {
            process.destroy();
            Thread.currentThread().interrupt();
            throw CommandFailure.error("interrupted");
        }
    }

    private static void unregister(Thread shutdownHook) {
        try {
            Runtime.getRuntime().removeShutdownHook(shutdownHook);
        } catch (IllegalStateException e) {
            // This process is on its way out: the hook is what ended the daemon.
        }
    }

    private ProcessBuilder builder(List<String> arguments, boolean ownSession) {
        Path launcher = home.resolve("bin/calico-node");
        if (!Files.isExecutable(launcher)) {
            throw CommandFailure.error("cannot start the node daemon: there is no program " + launcher
                    + "; set CALICO_HOME to the directory that holds bin/");
        }
        List<String> command = new ArrayList<>();
        // A session of its own: else the daemon would end with the terminal.
        if (ownSession && Files.isExecutable(Path.of("/usr/bin/setsid"))) {
            command.add("/usr/bin/setsid");
        }
        command.add(launcher.toString());
        command.addAll(arguments);
        ProcessBuilder builder = new ProcessBuilder(command);
        builder.environment().clear();
        builder.environment().putAll(environment);
        return builder;
    }

    /** What the daemon said last, on lines of their own. */
    private static String lastLines(Path output) {
        try {
            List<String> lines = Files.readAllLines(output, StandardCharsets.ISO_8859_1);
            StringBuilder text = new StringBuilder();
            for (String line : lines.subList(Math.max(0, lines.size() - LINES_SHOWN), lines.size())) {
                text.append("\n  ").append(line);
            }
            return text.toString();
        } catch (IOException e) {
            return "";
        }
    }

    private static void pause() {
        try {
            TimeUnit.MILLISECONDS.sleep(POLL.toMillis());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new UncheckedIOException(new IOException("interrupted"));
        }
    }
}
