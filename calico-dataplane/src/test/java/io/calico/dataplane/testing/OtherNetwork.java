package io.calico.dataplane.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/** A second network namespace: that of a process which does nothing but wait until this is closed. */
public final class OtherNetwork implements AutoCloseable {
    private final Process process;

    private OtherNetwork(Process process) {
        this.process = process;
    }

    /** A new, empty one. */
    public static OtherNetwork open() {
        try {
            Process process = new ProcessBuilder("unshare", "-n", "sh", "-c", "echo ready; cat").start();
            if (process.getInputStream().read() != 'r') {
                throw new AssertionError("unshare -n does not work");
            }
            return new OtherNetwork(process);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A process that lives in it. */
    public int processId() {
        return Math.toIntExact(process.pid());
    }

    /** The file that stands for it. */
    public Path file() {
        return Path.of("/proc", Long.toString(process.pid()), "ns", "net");
    }

    /** What a program says that is run in it. */
    public String run(String commandLine) {
        return Tool.run("nsenter -n -t " + process.pid() + " " + commandLine);
    }

    /** Ends the process; the namespace goes, and its links with it, some time later. */
    @Override
    public void close() {
        process.destroyForcibly();
        try {
            if (!process.waitFor(10, TimeUnit.SECONDS)) {
                throw new AssertionError("process " + process.pid() + " does not end");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
