package io.calico.libnetwork.reconcile;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Since when something has looked like a leftover, at every look. Kept in a file under {@code /run}, so that daemon and
 * command, and a daemon after a restart, know what the other has seen; times are those of the machine's monotonic clock,
 * which no clock adjustment moves and which all processes since a boot share.
 *
 * <pre>
 *   81234567890123 endpoint host1/libnetwork/libnetwork/48f735… 1234 /0/5
 * </pre>
 *
 * A file that cannot be read or written only makes things wait longer. Not thread-safe: used under {@link RoundLock}.
 */
final class FirstSeen {
    private static final Logger LOG = LoggerFactory.getLogger(FirstSeen.class);

    private final Path file;
    private final LongSupplier nanoTime;
    private Map<String, Long> before = Map.of();
    private final Map<String, Long> now = new HashMap<>();

    /**
     * @param nanoTime {@link System#nanoTime()}
     */
    FirstSeen(Path file, LongSupplier nanoTime) {
        this.file = file;
        this.nanoTime = nanoTime;
    }

    /** Begins a look. */
    void begin() {
        before = read();
        now.clear();
    }

    /** How long this one has been seen at every look; zero if it is seen for the first time. */
    Duration seen(String identity) {
        long time = nanoTime.getAsLong();
        Long first = before.get(identity);
        // A time to come is from before a reboot, in a directory that outlived it.
        long since = first == null || first - time > 0 ? time : first;
        now.put(identity, since);
        return Duration.ofNanos(time - since);
    }

    /** Ends a look: what was not seen in it is forgotten. */
    void end() {
        if (now.equals(before)) {
            return;
        }
        StringBuilder text = new StringBuilder();
        now.forEach((identity, since) ->
                text.append(since).append(' ').append(identity).append('\n'));
        Path temporary = file.resolveSibling(file.getFileName() + ".new");
        try {
            Files.writeString(temporary, text);
            Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            LOG.warn("cannot write {}: {}", file, e.toString());
        }
        before = Map.copyOf(now);
    }

    private Map<String, Long> read() {
        Map<String, Long> read = new HashMap<>();
        try {
            for (String line : Files.readAllLines(file)) {
                int space = line.indexOf(' ');
                if (space > 0) {
                    read.put(line.substring(space + 1), Long.parseLong(line.substring(0, space)));
                }
            }
            return read;
        } catch (NoSuchFileException e) {
            return Map.of();
        } catch (IOException | NumberFormatException e) {
            LOG.warn("cannot read {}: {}", file, e.toString());
            return Map.of();
        }
    }
}
