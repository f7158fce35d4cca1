package io.calico.libnetwork;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The files by which a running daemon is known to other programs:
 *
 * <pre>
 *   node.lock    locked while a daemon runs, whatever became of the other files: one daemon per host
 *   node.pid     its process id
 *   node.ready   there once policy is in force and the plugin answers
 *   reconcile.lock, leftovers    of the reconciler; not this class's
 * </pre>
 *
 * Thread-safe.
 */
final class RunDirectory implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(RunDirectory.class);

    /** A node daemon runs on this host already. */
    static final class AlreadyTaken extends RuntimeException {
        private static final long serialVersionUID = 1L;

        AlreadyTaken(Path lock) {
            super("a node daemon runs on this host already (" + lock + " is locked); to stop it: calicoctl node stop");
        }
    }

    private final Path pid;
    private final Path ready;
    private final FileChannel lockFile;

    private RunDirectory(Path directory, FileChannel lockFile) {
        this.pid = directory.resolve("node.pid");
        this.ready = directory.resolve("node.ready");
        this.lockFile = lockFile;
    }

    /**
     * Takes the directory for this process; makes it if it is not there, and clears what a killed daemon left.
     *
     * @throws AlreadyTaken if another daemon has it
     */
    static RunDirectory take(Path directory) {
        try {
            OwnDirectory.prepare(directory);
            Path lock = directory.resolve("node.lock");
            FileChannel file = FileChannel.open(lock, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            if (!isLocked(file)) {
                file.close();
                throw new AlreadyTaken(lock);
            }
            RunDirectory taken = new RunDirectory(directory, file);
            Files.deleteIfExists(taken.ready);
            taken.write(taken.pid, ProcessHandle.current().pid() + "\n");
            return taken;
        } catch (IOException e) {
            throw new UncheckedIOException("run directory " + directory + " cannot be used: " + e.getMessage(), e);
        }
    }

    private static boolean isLocked(FileChannel file) throws IOException {
        try {
            return file.tryLock() != null;
        } catch (OverlappingFileLockException e) {
            // By this very process.
            return false;
        }
    }

    /** Says that the daemon works. */
    void setReady() {
        try {
            write(ready, "");
        } catch (IOException e) {
            throw new UncheckedIOException(ready + " cannot be written: " + e.getMessage(), e);
        }
    }

    private void write(Path file, String text) throws IOException {
        // Whoever waits for the file must never read half of it.
        Path temporary = file.resolveSibling(file.getFileName() + ".new");
        Files.writeString(temporary, text);
        OwnDirectory.makeReadable(temporary);
        Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    /** Removes pid and sign; gives the lock back last. Idempotent. */
    @Override
    public void close() {
        if (!lockFile.isOpen()) {
            return;
        }
        try {
            Files.deleteIfExists(ready);
            Files.deleteIfExists(pid);
        } catch (IOException e) {
            LOG.warn("cannot remove {} or {}: {}", ready, pid, e.toString());
        }
        try {
            lockFile.close();
        } catch (IOException e) {
            LOG.warn("cannot unlock the run directory: {}", e.toString());
        }
    }
}
