package io.calico.datastore.sqlite;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.calico.datastore.spi.DatastoreException;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardWatchEventKinds;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;
import java.nio.file.attribute.FileTime;
import java.sql.SQLException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Wakes watches after commits, of this process at once, of others through the file system:
 *
 * <pre>
 * writer, any process:   COMMIT → touch DATABASE.notice/commit
 * thread, each process:  inotify on DATABASE.notice, or a second has passed → PRAGMA data_version → changed: revision → wake
 * </pre>
 *
 * <p>Inotify on the database's own log would come too early, before the commit can be seen; the touch comes after it.
 * The second is the backstop for a writer that was killed between the two. Where no inotify instance is left (they are
 * few per user), the thread asks for {@code data_version} twenty times a second instead.
 *
 * <p>Thread-safe. The thread, {@code calico-sqlite-notice-1}, starts with the first watch or lease.
 */
final class CommitNotice implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(CommitNotice.class);
    private static final long BACKSTOP_MILLIS = 1_000;
    private static final long POLL_MILLIS = 50;
    private static final long CLOSE_WAIT_MILLIS = 5_000;

    private final SqliteFile file;
    private final Runnable everySecond;
    private final Thread thread = new Thread(this::run, "calico-sqlite-notice-1");
    private final Object lock = new Object();

    @GuardedBy("lock")
    private long newest;

    /** Counts the times everybody was woken to look for themselves. */
    @GuardedBy("lock")
    private long alarms;

    @GuardedBy("lock")
    private boolean started;

    @GuardedBy("lock")
    private boolean closed;

    // Confined to this thread.
    private @Nullable SqliteConnection connection;
    private @Nullable WatchService inotify;
    private @Nullable WatchKey watched;
    private boolean failing;
    private long dataVersion;

    /**
     * A notice whose thread does not run yet.
     *
     * @param everySecond housekeeping, on this thread
     */
    CommitNotice(SqliteFile file, Runnable everySecond) {
        this.file = file;
        this.everySecond = everySecond;
        this.thread.setDaemon(true);
    }

    /** Begins to notice the commits of other processes. Idempotent. */
    void start() {
        synchronized (lock) {
            if (!started && !closed) {
                started = true;
                thread.start();
            }
        }
    }

    /** Whether the housekeeping runs by itself. */
    boolean isRunning() {
        synchronized (lock) {
            return started;
        }
    }

    /** Waits until there may be a revision after that one. */
    void awaitAfter(long revision) throws InterruptedException {
        synchronized (lock) {
            long alarmsBefore = alarms;
            while (newest <= revision && alarms == alarmsBefore) {
                lock.wait();
            }
        }
    }

    /** Tells everybody, in this process and others, that there is a new revision. On the writer's thread. */
    void committed(long revision) {
        publish(revision);
        Path notice = file.noticeDirectory().resolve("commit");
        // That the time is set is the notice; which, is of no interest.
        FileTime time = FileTime.fromMillis(revision);
        try {
            try {
                Files.setLastModifiedTime(notice, time);
            } catch (NoSuchFileException e) {
                makeDirectory();
                Files.createFile(notice, SqliteFile.permissions("rw-------"));
            }
        } catch (IOException e) {
            // Other processes then see it a second later; they need no more than that.
            LOG.debug("Cannot touch {}", notice, e);
        }
    }

    private Path makeDirectory() throws IOException {
        Path directory = file.noticeDirectory();
        try {
            Files.createDirectory(directory, SqliteFile.permissions("rwx------"));
        } catch (FileAlreadyExistsException e) {
            LOG.trace("{} is there", directory, e);
        }
        return directory;
    }

    private void publish(long revision) {
        synchronized (lock) {
            if (revision > newest) {
                newest = revision;
                lock.notifyAll();
            }
        }
    }

    private void run() {
        try {
            long lastSecond = System.nanoTime();
            while (!isClosed()) {
                look();
                if (System.nanoTime() - lastSecond >= TimeUnit.MILLISECONDS.toNanos(BACKSTOP_MILLIS)) {
                    lastSecond = System.nanoTime();
                    keepHouse();
                }
                waitForNotice();
            }
        } catch (InterruptedException e) {
            LOG.debug("The notices of {} were closed", file.uri());
        } finally {
            closeQuietly(connection);
            closeQuietly(inotify);
        }
    }

    private boolean isClosed() {
        synchronized (lock) {
            return closed;
        }
    }

    /** Asks whether another connection has committed, which costs no lock, and if so for the revision. */
    private void look() {
        try {
            file.requireSame();
            if (connection == null) {
                connection = file.connect();
                dataVersion = -1;
            }
            long now = connection.queryNumber("PRAGMA data_version");
            if (now != dataVersion) {
                publish(SqliteTables.revision(connection));
                dataVersion = now;
            }
            failing = false;
        } catch (SQLException e) {
            alarm(SqliteErrors.translate(file.uri(), "looking for commits", e));
        } catch (DatastoreException e) {
            alarm(e);
        }
    }

    /** Something is wrong with the store: those who wait look for themselves, and get the error. */
    private void alarm(DatastoreException e) {
        if (!failing) {
            LOG.warn("{}", e.getMessage());
        }
        failing = true;
        closeQuietly(connection);
        connection = null;
        synchronized (lock) {
            alarms++;
            lock.notifyAll();
        }
    }

    private void keepHouse() {
        try {
            everySecond.run();
        } catch (DatastoreException e) {
            LOG.debug("Housekeeping in {} failed; next time", file.uri(), e);
        }
    }

    private void waitForNotice() throws InterruptedException {
        if (inotify == null) {
            inotify = openInotify();
        }
        if (inotify == null || failing) {
            Thread.sleep(failing ? BACKSTOP_MILLIS : POLL_MILLIS);
            return;
        }
        @Nullable WatchKey key = inotify.poll(BACKSTOP_MILLIS, TimeUnit.MILLISECONDS);
        if (key != null) {
            key.pollEvents();
            key.reset();
        }
        if (watched != null && !watched.isValid()) {
            // The directory was removed; it is made again.
            closeQuietly(inotify);
            inotify = null;
        }
    }

    private @Nullable WatchService openInotify() {
        @Nullable WatchService service = null;
        try {
            Path directory = makeDirectory();
            service = directory.getFileSystem().newWatchService();
            watched = directory.register(
                    service, StandardWatchEventKinds.ENTRY_MODIFY, StandardWatchEventKinds.ENTRY_CREATE);
            return service;
        } catch (IOException e) {
            LOG.debug("No inotify for {}: {}; polling", file.noticeDirectory(), e.getMessage());
            closeQuietly(service);
            return null;
        }
    }

    private void closeQuietly(@Nullable AutoCloseable closeable) {
        if (closeable != null) {
            try {
                closeable.close();
            } catch (Exception e) {
                LOG.debug("Closing a part of {}", file.uri(), e);
            }
        }
    }

    /** Stops the thread; those who wait stay so until they are interrupted. */
    @Override
    public void close() {
        synchronized (lock) {
            closed = true;
        }
        thread.interrupt();
        try {
            thread.join(CLOSE_WAIT_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
