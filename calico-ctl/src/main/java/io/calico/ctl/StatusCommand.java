package io.calico.ctl;

import io.calico.datastore.spi.DatastoreException;
import io.calico.model.Node;
import io.calico.model.net.IpAddress;
import io.calico.model.net.IpVersion;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** {@code calicoctl status}: whether the node daemon of this machine runs, what is wrong with it, and what to do. */
final class StatusCommand implements CommandGroup {
    private static final String DEFAULT_AS_NUMBER = "64511";

    @Override
    public String name() {
        return "status";
    }

    @Override
    public String summary() {
        return "Show whether the node daemon of this machine runs and works.";
    }

    @Override
    public List<Form> forms() {
        return List.of(Form.of("[--runtime=RUNTIME]", StatusCommand::show));
    }

    @Override
    public Map<String, String> optionDescriptions() {
        return Map.of("--runtime", "docker (the default) or rkt; makes no difference.");
    }

    @Override
    public List<String> notes() {
        return List.of("The exit code is 0 only if the daemon runs and no problem is known.");
    }

    private static ExitStatus show(Arguments arguments, Session session) {
        requireRuntime(arguments);
        Optional<ProcessHandle> node = session.machine().nodeProcess().running();
        if (node.isEmpty()) {
            session.machine().nodeProcess().lastFailure().ifPresent(failure -> {
                session.console().errorLine("The last start failed at " + failure);
                session.console().errorLine("When that is mended, start it again: calicoctl node …");
            });
            throw CommandFailure.refused("calico-node container not running");
        }
        Console console = session.console();
        String ready = session.machine().nodeProcess().isReady() ? "" : " (not ready)";
        console.line("calico-node container is running. Status: "
                + upSince(node.get(), session.machine().now()) + ready);
        NodeReport report = NodeReport.ask(session);
        console.line("Running felix version " + report.version());
        console.line("");
        try {
            Optional<Node> registered =
                    session.store().nodes().find(session.machine().hostName());
            for (IpVersion version : IpVersion.values()) {
                printAddress(version, registered, session);
            }
        } catch (DatastoreException e) {
            // That the daemon runs is true all the same.
            console.errorLine("Warning: no addresses: " + e.getMessage());
        }
        return report.print();
    }

    /** {@code --runtime} is accepted as by older versions, but makes no difference. */
    static void requireRuntime(Arguments arguments) {
        String runtime = arguments.option("--runtime").orElse("docker");
        if (!runtime.equals("docker") && !runtime.equals("rkt")) {
            throw CommandFailure.refused("Invalid runtime specified: '" + runtime + "'");
        }
    }

    private static void printAddress(IpVersion version, Optional<Node> node, Session session) {
        Console console = session.console();
        String family = "IPv" + version.number();
        console.line(family + " BGP status");
        Optional<IpAddress> address = node.flatMap(version == IpVersion.V4 ? Node::ipv4 : Node::ipv6);
        if (address.isEmpty()) {
            console.line("No " + family + " address configured.");
        } else {
            String asNumber = node.flatMap(Node::asNumber)
                    .map(String::valueOf)
                    .orElseGet(() ->
                            session.store().config().findBgp("as_num").orElse(DEFAULT_AS_NUMBER) + " (inherited)");
            console.line("IP: " + address.get() + "    AS Number: " + asNumber);
        }
        console.line("");
    }

    private static String upSince(ProcessHandle process, Instant now) {
        return "Up "
                + process.info()
                        .startInstant()
                        .map(start -> text(Duration.between(start, now)))
                        .orElse("");
    }

    /** The duration in its largest unit, as Docker words it: {@code 3 hours}. */
    static String text(Duration duration) {
        if (duration.toSeconds() < 1) {
            return "Less than a second";
        }
        if (duration.toMinutes() < 1) {
            return plural(duration.toSeconds(), "second");
        }
        if (duration.toHours() < 1) {
            return plural(duration.toMinutes(), "minute");
        }
        if (duration.toDays() < 2) {
            return plural(duration.toHours(), "hour");
        }
        return plural(duration.toDays(), "day");
    }

    private static String plural(long count, String unit) {
        return count + " " + unit + (count == 1 ? "" : "s");
    }
}
