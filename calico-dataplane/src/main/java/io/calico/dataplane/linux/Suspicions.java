package io.calico.dataplane.linux;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * What the kernel's events say may not be as it shall be, gathered until somebody looks. However many events come, this is
 * bounded by the number of links. Thread-safe.
 */
final class Suspicions {
    private final Object lock = new Object();

    @GuardedBy("lock")
    private Found found = new Found();

    /** What there is to look at; confined to whoever took it. */
    static final class Found {
        /** Sockets through which our table was changed, ours perhaps among them, and the programs behind them. */
        final Map<Integer, String> tableWriters = new TreeMap<>();
        /** Events about tables were lost. */
        boolean tableIsUnknown;
        /** A chain in which accepted packets need a rule of ours was changed. */
        boolean forwardRule;
        /** Uplinks may have changed. */
        boolean uplinks;
        /** This host may not be a router any more. */
        boolean forwarding;
        /** Every link. */
        boolean allLinks;
        /** These links. */
        final Set<String> links = new TreeSet<>();
        /** Routes to other hosts, and tunnels. */
        boolean routes;

        boolean isEmpty() {
            return !hasHost() && !hasLinks() && !routes;
        }

        /** Whether there is something beside links. */
        boolean hasHost() {
            return !tableWriters.isEmpty() || tableIsUnknown || forwardRule || uplinks;
        }

        boolean hasLinks() {
            return forwarding || allLinks || !links.isEmpty();
        }

        void addHostOf(Found other) {
            tableWriters.putAll(other.tableWriters);
            tableIsUnknown |= other.tableIsUnknown;
            forwardRule |= other.forwardRule;
            uplinks |= other.uplinks;
        }

        void addRoutesOf(Found other) {
            routes |= other.routes;
        }

        void addLinksOf(Found other) {
            forwarding |= other.forwarding;
            allLinks |= other.allLinks;
            links.addAll(other.links);
        }
    }

    /** Something to add to what was found. */
    interface Finding {
        void addTo(Found found);
    }

    void add(Finding finding) {
        synchronized (lock) {
            finding.addTo(found);
        }
    }

    boolean isEmpty() {
        synchronized (lock) {
            return found.isEmpty();
        }
    }

    /** What was found about the host as a whole since the last call; the rest stays. */
    Found takeHost() {
        synchronized (lock) {
            Found taken = found;
            found = new Found();
            found.addLinksOf(taken);
            found.addRoutesOf(taken);
            return taken;
        }
    }

    /** Whether something was found about routes to other hosts since the last call; the rest stays. */
    boolean takeRoutes() {
        synchronized (lock) {
            boolean taken = found.routes;
            found.routes = false;
            return taken;
        }
    }

    /** What was found about links since the last call; the rest stays. */
    Found takeLinks() {
        synchronized (lock) {
            Found taken = found;
            found = new Found();
            found.addHostOf(taken);
            found.addRoutesOf(taken);
            return taken;
        }
    }
}
