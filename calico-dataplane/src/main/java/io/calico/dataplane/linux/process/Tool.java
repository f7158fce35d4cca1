package io.calico.dataplane.linux.process;

import io.calico.dataplane.DataplaneException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * A program of the host, found once and run with fixed arguments. Arguments go to the program as they are, without a
 * shell; the environment is reduced to {@code PATH} and {@code LC_ALL=C}, so that its messages are always the same.
 * Immutable; thread-safe, calls block.
 *
 * <p>What goes wrong with such programs and how it is met: it hangs (killed when the time limit has passed), it does not
 * read its input (written by a thread of its own), it floods its output (read by another, kept up to 64 KiB).
 */
public final class Tool {
    private static final int MOST_OUTPUT = 64 * 1024;
    private static final AtomicInteger THREADS = new AtomicInteger();

    /** Where administrators' tools are on all distributions, for a daemon that was started with a bare PATH. */
    private static final List<String> SYSTEM_DIRECTORIES =
            List.of("/usr/local/sbin", "/usr/sbin", "/sbin", "/usr/local/bin", "/usr/bin", "/bin");

    private final List<String> command;
    private final Duration limit;

    private Tool(List<String> command, Duration limit) {
        this.command = List.copyOf(command);
        this.limit = limit;
    }

    /**
     * A program by its path.
     *
     * @param command the program, then arguments that every run begins with
     * @param limit how long one run may take
     */
    public static Tool of(List<String> command, Duration limit) {
        if (command.isEmpty()) {
            throw new IllegalArgumentException("a command needs a program");
        }
        return new Tool(command, limit);
    }

    /** The program of that name in {@code PATH} or the system's usual directories; empty if there is none. */
    public static Optional<Tool> find(String program, Duration limit) {
        for (String directory : directories(System.getenv("PATH"))) {
            Path file = Path.of(directory, program);
            if (Files.isExecutable(file) && !Files.isDirectory(file)) {
                return Optional.of(new Tool(List.of(file.toString()), limit));
            }
        }
        return Optional.empty();
    }

    private static Set<String> directories(@Nullable String path) {
        Set<String> directories = new LinkedHashSet<>();
        if (path != null) {
            for (String directory : path.split(":", -1)) {
                // A relative entry would let the working directory choose the program.
                if (directory.startsWith("/")) {
                    directories.add(directory);
                }
            }
        }
        directories.addAll(SYSTEM_DIRECTORIES);
        return directories;
    }

    /** The same program with these arguments at the front of every run. */
    public Tool with(String... arguments) {
        List<String> longer = new ArrayList<>(command);
        longer.addAll(List.of(arguments));
        return new Tool(longer, limit);
    }

    /** Runs the program without input. See {@link #run(String, List)}. */
    public ToolResult run(String... arguments) {
        return run("", List.of(arguments));
    }

    /**
     * Runs the program and waits for its end.
     *
     * @param input what it reads on standard input
     * @return how it ended, whatever the exit code
     * @throws DataplaneException.Unavailable if the program cannot be started, or this thread was interrupted (the flag
     *     is set again)
     * @throws DataplaneException.TimedOut if it did not end within the limit; it was killed, and what it has done by
     *     then is not known
     */
    public ToolResult run(String input, List<String> arguments) {
        List<String> all = new ArrayList<>(command);
        all.addAll(arguments);
        Process process = start(all);
        Output output = new Output(process.getInputStream());
        try {
            Thread reader = background(output);
            Thread feeder = background(() -> feed(process, input));
            if (!process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS)) {
                throw new DataplaneException.TimedOut("run", all.get(0), "killed after " + limit.toMillis() + " ms");
            }
            // The output ends with the process, unless it has left a child behind that holds the pipe.
            reader.join(1000);
            feeder.join(1000);
            return new ToolResult(process.exitValue(), process.pid(), output.text());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new DataplaneException.Unavailable("run", all.get(0), "interrupted", e);
        } finally {
            process.destroyForcibly();
        }
    }

    /**
     * Runs the program without input and waits for its end. All of its output, however long, goes into a file.
     *
     * @param file is replaced, if it is there
     * @return the exit code
     * @throws DataplaneException as {@link #run(String, List)}; the file holds what was written by then
     */
    public int runInto(Path file, List<String> arguments) {
        List<String> all = new ArrayList<>(command);
        all.addAll(arguments);
        Process process = start(all, ProcessBuilder.Redirect.to(file.toFile()));
        try {
            process.getOutputStream().close();
            if (!process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS)) {
                throw new DataplaneException.TimedOut("run", all.get(0), "killed after " + limit.toMillis() + " ms");
            }
            return process.exitValue();
        } catch (IOException e) {
            throw new DataplaneException.Unavailable("run", all.get(0), String.valueOf(e.getMessage()), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new DataplaneException.Unavailable("run", all.get(0), "interrupted", e);
        } finally {
            process.destroyForcibly();
        }
    }

    private static Process start(List<String> command) {
        return start(command, ProcessBuilder.Redirect.PIPE);
    }

    private static Process start(List<String> command, ProcessBuilder.Redirect output) {
        ProcessBuilder builder =
                new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(output);
        Map<String, String> environment = builder.environment();
        String path = environment.get("PATH");
        environment.clear();
        environment.put("PATH", String.join(":", directories(path)));
        environment.put("LC_ALL", "C");
        try {
            return builder.start();
        } catch (IOException e) {
            throw new DataplaneException.Unavailable("run", command.get(0), String.valueOf(e.getMessage()), e);
        }
    }

    private static void feed(Process process, String input) {
        try (OutputStream stdin = process.getOutputStream()) {
            stdin.write(input.getBytes(StandardCharsets.UTF_8));
        } catch (IOException e) {
            // The program ended without reading all of its input: its exit code and its words say why.
            return;
        }
    }

    private static Thread background(Runnable work) {
        Thread thread = new Thread(work, "calico-tool-" + THREADS.incrementAndGet());
        thread.setDaemon(true);
        thread.start();
        return thread;
    }

    /** Collects what a program writes; what is beyond the limit is read and thrown away, so that it never blocks. */
    private static final class Output implements Runnable {
        private final InputStream stream;
        private final ByteArrayOutputStream collected = new ByteArrayOutputStream();

        Output(InputStream stream) {
            this.stream = stream;
        }

        @Override
        public void run() {
            byte[] buffer = new byte[8192];
            try {
                for (int n = stream.read(buffer); n >= 0; n = stream.read(buffer)) {
                    collected.write(buffer, 0, Math.min(n, MOST_OUTPUT - collected.size()));
                }
            } catch (IOException e) {
                collected.writeBytes(("(output lost: " + e.getMessage() + ")").getBytes(StandardCharsets.UTF_8));
            }
        }

        String text() {
            return collected.toString(StandardCharsets.UTF_8).strip();
        }
    }

    @Override
    public String toString() {
        return String.join(" ", command);
    }
}
