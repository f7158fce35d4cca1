package io.calico.dataplane.linux;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.calico.dataplane.linux.netlink.LegacyFilterTable;
import io.calico.dataplane.linux.netlink.NetlinkException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks whether iptables-legacy's filter tables change, of which the kernel tells nobody: their size is asked for a few
 * times a second, which costs some microseconds, and only where the kernel knows such tables. A reload that puts as many rules of
 * the same size in the place of the old ones is not seen. Confined to one thread, in the network namespace that is watched.
 */
final class LegacyFilterWatch implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(LegacyFilterWatch.class);
    private static final Duration WITH_MODULE = Duration.ofMillis(400);
    private static final Duration WITHOUT_MODULE = Duration.ofSeconds(10);

    private final Object lock = new Object();
    private final List<Version> versions;

    @GuardedBy("lock")
    private boolean isClosed;

    private static final class Version {
        final boolean isV6;
        final Path names;
        Optional<LegacyFilterTable> table = Optional.empty();
        Optional<String> shape = Optional.empty();

        Version(boolean isV6, Path procNet) {
            this.isV6 = isV6;
            this.names = procNet.resolve(isV6 ? "ip6_tables_names" : "ip_tables_names");
        }

        /** A table is never made by our looking at it. */
        boolean exists() {
            try {
                return Files.exists(names) && Files.readAllLines(names).contains("filter");
            } catch (IOException e) {
                return false;
            }
        }
    }

    /** @param procNet {@code /proc/thread-self/net} but for tests */
    LegacyFilterWatch(Path procNet) {
        versions = List.of(new Version(false, procNet), new Version(true, procNet));
    }

    /** Whether a table has come into being or looks different from the last time. */
    boolean hasChanged() {
        synchronized (lock) {
            boolean changed = false;
            if (!isClosed) {
                for (Version version : versions) {
                    Optional<String> before = version.shape;
                    version.shape = shape(version);
                    changed |= !version.shape.equals(before);
                }
            }
            return changed;
        }
    }

    private static Optional<String> shape(Version version) {
        try {
            if (version.table.isEmpty() && version.exists()) {
                version.table = Optional.of(LegacyFilterTable.open(version.isV6));
            }
        } catch (NetlinkException e) {
            LOG.debug("a legacy table is not watched", e);
        }
        return version.table.flatMap(LegacyFilterTable::shape);
    }

    /** When to look again. */
    Duration interval() {
        return versions.stream().anyMatch(version -> Files.exists(version.names)) ? WITH_MODULE : WITHOUT_MODULE;
    }

    @Override
    public void close() {
        synchronized (lock) {
            isClosed = true;
            versions.forEach(version -> version.table.ifPresent(LegacyFilterTable::close));
        }
    }
}
