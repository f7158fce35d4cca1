package io.calico.libnetwork;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Why the daemon could not start, kept in {@code node.failed} in the run directory until one has started, for {@code
 * calicoctl status}: the time in UTC, a blank, the reason on one line. Stateless.
 */
final class LastFailure {
    private static final Logger LOG = LoggerFactory.getLogger(LastFailure.class);

    private LastFailure() {}

    /** Notes it, if the directory is there. */
    static void note(Path runDirectory, String reason) {
        Path temporary = runDirectory.resolve("node.failed.new");
        try {
            String line = Instant.now().truncatedTo(ChronoUnit.SECONDS) + " " + reason.replaceAll("\\s+", " ") + "\n";
            Files.writeString(temporary, line);
            OwnDirectory.makeReadable(temporary);
            Files.move(
                    temporary, file(runDirectory), StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            LOG.debug("cannot note the failure in {}", runDirectory, e);
        }
    }

    /** A daemon has started. */
    static void forget(Path runDirectory) {
        try {
            Files.deleteIfExists(file(runDirectory));
        } catch (IOException e) {
            LOG.warn("cannot remove {}: {}", file(runDirectory), e.toString());
        }
    }

    private static Path file(Path runDirectory) {
        return runDirectory.resolve("node.failed");
    }
}
