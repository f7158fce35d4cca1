package io.calico.libnetwork.reconcile;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/** Lets only one process of this host reconcile at a time: the daemon, or a command. */
final class RoundLock implements AutoCloseable {
    private static final Duration POLL = Duration.ofMillis(20);

    private final FileChannel channel;

    private RoundLock(FileChannel channel) {
        this.channel = channel;
    }

    /**
     * Takes the lock; its file is made if it is not there.
     *
     * @throws IllegalStateException if another process holds it for longer than the patience
     */
    static RoundLock take(Path file, Duration patience) throws InterruptedException {
        long deadline = System.nanoTime() + patience.toNanos();
        try {
            Files.createDirectories(file.toAbsolutePath().getParent());
            FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            while (!isLocked(channel)) {
                if (System.nanoTime() - deadline > 0) {
                    channel.close();
                    throw new IllegalStateException("another process is looking for leftovers on this host");
                }
                TimeUnit.MILLISECONDS.sleep(POLL.toMillis());
            }
            return new RoundLock(channel);
        } catch (IOException e) {
            throw new UncheckedIOException(file + " cannot be locked: " + e.getMessage(), e);
        }
    }

    private static boolean isLocked(FileChannel channel) throws IOException {
        try {
            FileLock lock = channel.tryLock();
            return lock != null;
        } catch (OverlappingFileLockException e) {
            // By this very process.
            return false;
        }
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
