package io.calico.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A program on a virtual host that is started again at once whenever it ends, as a service manager would, and that can be
 * killed. Thread-safe.
 */
final class Supervised implements AutoCloseable {
    private final String name;
    private final List<String> command;
    private final File output;
    private final Thread keeper;
    private final AtomicInteger starts = new AtomicInteger();
    private volatile Process process;
    private volatile boolean stopping;

    private Supervised(String name, List<String> command, File output) throws IOException {
        this.name = name;
        this.command = List.copyOf(command);
        this.output = output;
        this.process = begin();
        this.keeper = new Thread(this::keep, "supervisor of " + name);
        this.keeper.setDaemon(true);
    }

    /**
     * Starts it.
     *
     * @param command {@code vhost exec}, which becomes nsenter, whose one child is the program
     * @param output is appended to
     */
    static Supervised start(String name, List<String> command, Path output) {
        try {
            Supervised started = new Supervised(name, command, output.toFile());
            started.keeper.start();
            return started;
        } catch (IOException e) {
            throw new AssertionError("cannot start " + name, e);
        }
    }

    private Process begin() throws IOException {
        starts.incrementAndGet();
        return new ProcessBuilder(command)
                .redirectInput(ProcessBuilder.Redirect.from(new File("/dev/null")))
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(output))
                .start();
    }

    private void keep() {
        try {
            while (true) {
                process.waitFor();
                synchronized (this) {
                    if (stopping) {
                        return;
                    }
                    process = begin();
                }
            }
        } catch (IOException | InterruptedException e) {
            throw new AssertionError("the supervisor of " + name + " ends", e);
        }
    }

    /** The program's process; empty for a moment while it is started. */
    Optional<ProcessHandle> program() {
        return process.children().findFirst();
    }

    /** Kills the program with SIGKILL, what it has started not. */
    void kill() {
        program().ifPresent(ProcessHandle::destroyForcibly);
    }

    /** Does not start it again when it ends. */
    synchronized void abandon() {
        stopping = true;
    }

    /** How often it was started. */
    int starts() {
        return starts.get();
    }

    /** Ends it with SIGTERM and does not start it again. */
    @Override
    public void close() {
        Process last;
        synchronized (this) {
            stopping = true;
            last = process;
        }
        last.children().forEach(ProcessHandle::destroy);
        try {
            assertThat(last.waitFor(60, TimeUnit.SECONDS))
                    .as("%s ends after SIGTERM", name)
                    .isTrue();
            keeper.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
