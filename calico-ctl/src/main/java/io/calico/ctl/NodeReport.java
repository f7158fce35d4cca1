package io.calico.ctl;

import io.calico.datastore.spi.DatastoreException;
import io.calico.ipam.IpamException;
import io.calico.ipam.PoolUtilisation;
import io.calico.libnetwork.health.NodeStatus;
import io.calico.libnetwork.health.StatusClient;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** What {@code calicoctl status} tells of a running daemon: how it is, what is wrong, and what to do. Confined to one thread. */
final class NodeReport {
    private static final int NEARLY_FULL_PERCENT = 90;

    private final Session session;
    private final Optional<NodeStatus> status;
    private final boolean forbidden;
    private final List<NodeStatus.Problem> problems = new ArrayList<>();

    private NodeReport(Session session, Optional<NodeStatus> status, boolean forbidden) {
        this.session = session;
        this.status = status;
        this.forbidden = forbidden;
    }

    /** Asks the daemon. */
    static NodeReport ask(Session session) {
        StatusClient daemon = new StatusClient(session.machine().nodeProcess().statusSocket());
        try {
            NodeStatus status = daemon.status();
            NodeReport report = new NodeReport(session, Optional.of(status), false);
            report.problems.addAll(status.problems());
            return report;
        } catch (AccessDeniedException e) {
            return new NodeReport(session, Optional.empty(), true);
        } catch (IOException e) {
            NodeReport report = new NodeReport(session, Optional.empty(), false);
            report.problem(
                    "the daemon does not tell how it is: " + e.getMessage(),
                    "if it was not started just now, restart it: calicoctl node …");
            return report;
        }
    }

    /** The daemon's version; ours, if it does not tell. */
    String version() {
        return status.map(NodeStatus::version).orElseGet(Version::text);
    }

    private void problem(String text, String remedy) {
        problems.add(new NodeStatus.Problem(text, remedy, false));
    }

    /** Prints it all. */
    ExitStatus print() {
        Console console = session.console();
        if (forbidden) {
            console.errorLine("Only root may see more.");
            return ExitStatus.NOT_ROOT;
        }
        status.ifPresent(this::printParts);
        lookAtDatastore();
        if (problems.isEmpty()) {
            return ExitStatus.DONE;
        }
        for (NodeStatus.Problem problem : problems) {
            console.line("");
            console.line("Problem: " + problem.text());
            console.line("  To do: " + problem.remedy());
        }
        return ExitStatus.FAILED;
    }

    private void printParts(NodeStatus node) {
        Console console = session.console();
        console.line("Policy: " + (node.inSync() ? "in force" : "NOT IN FORCE") + since(node) + ", " + node.endpoints()
                + (node.endpoints() == 1 ? " endpoint" : " endpoints"));
        console.line("Datastore: " + node.datastore());
        node.pluginSocket().ifPresent(socket -> console.line("Docker plugin: " + socket));
        node.engine()
                .ifPresent(engine -> console.line("Docker engine: " + engine.socket()
                        + (engine.state().equals("answers") ? "" : " (" + engine.state() + ")")));
        node.notes().forEach(note -> console.line("Note: " + note));
    }

    private String since(NodeStatus node) {
        try {
            Duration time = Duration.between(
                    Instant.parse(node.since()), session.machine().now());
            return " since " + StatusCommand.text(time).toLowerCase(Locale.ROOT);
        } catch (DateTimeException e) {
            return "";
        }
    }

    /** Pools that run out, and a command that looks at another store than the daemon. */
    private void lookAtDatastore() {
        try {
            session.allocator().utilisation().stream()
                    .filter(pool -> pool.pool().isPresent())
                    .forEach(this::lookAtPool);
        } catch (DatastoreException | IpamException e) {
            problem(
                    "calicoctl cannot read the datastore: " + e.getMessage(),
                    "see that it can be reached, and what CALICO_DATASTORE says");
        }
        session.otherStore()
                .ifPresent(warning -> problem(
                        warning.replaceFirst("^WARNING: ", ""),
                        "leave that setting out, or restart the node with it: calicoctl node …"));
    }

    private void lookAtPool(PoolUtilisation pool) {
        // In parts of a hundred, so that the largest pools do not overflow.
        boolean isNearlyFull = pool.inUse() >= pool.capacity() / 100.0 * NEARLY_FULL_PERCENT;
        if (isNearlyFull) {
            problem(
                    "pool " + pool.pool().orElseThrow() + " is " + (pool.available() == 0 ? "full" : "nearly full")
                            + ": " + pool.inUse() + " of " + pool.capacity() + " addresses are in use",
                    "add another: calicoctl pool add CIDR; whose the addresses are: calicoctl endpoint show --detailed");
        }
    }
}
