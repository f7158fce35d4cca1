package io.calico.libnetwork;

import io.calico.dataplane.linux.netlink.RtNetlink;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.slf4j.LoggerFactory;

/**
 * The node daemon's main class. Runs in the foreground until SIGTERM or SIGINT; ends within two seconds then, and leaves
 * the host's traffic as it is.
 *
 * <p>Exit status: 0 after {@code --help} or {@code --version}, 1 if it could not start or could not go on, 2 for a wrong command line, 143 or
 * 130 after a signal.
 */
public final class NodeDaemon {
    /** A stop takes this long at most: what has not ended by then is cut off. */
    private static final Duration STOP_TIME = Duration.ofMillis(1900);

    private NodeDaemon() {}

    /** See {@code --help}. */
    public static void main(String[] arguments) throws InterruptedException {
        List<String> list = List.of(arguments);
        if (list.contains("--help") || list.contains("-h")) {
            System.out.print(NodeArguments.USAGE);
            return;
        }
        if (list.contains("--version")) {
            System.out.println("calico-node " + version());
            return;
        }
        NodeOptions options;
        try {
            options = NodeOptions.parse(list, System.getenv());
        } catch (IllegalArgumentException e) {
            System.err.println("calico-node: " + e.getMessage() + "\nTry: calico-node --help");
            System.exit(2);
            return;
        }
        // Before anything that logs is loaded.
        System.setProperty("calico.log.level", level(options));
        logTo(options.logDirectory());
        run(options, System.getenv());
    }

    private static void run(NodeOptions options, Map<String, String> environment) throws InterruptedException {
        RtNetlink.preload();
        CalicoNode node = new CalicoNode(options, environment);
        ServiceManager manager = ServiceManager.of(environment);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(node, manager), "calico-stop-1"));
        try {
            node.start();
            manager.ready();
        } catch (RuntimeException e) {
            fail(e, options);
            return;
        }
        LastFailure.forget(options.runDirectory());
        Optional<String> reason = node.awaitEnd();
        if (reason.isPresent()) {
            // Not to go on as if nothing had happened: whoever started the daemon starts it again.
            System.err.println("calico-node: " + reason.get());
            LoggerFactory.getLogger(NodeDaemon.class).error("the node daemon ends: {}", reason.get());
            System.exit(1);
        }
    }

    private static void fail(RuntimeException e, NodeOptions options) {
        String reason = e.getMessage() == null ? e.toString() : e.getMessage();
        System.err.println("calico-node: " + reason);
        // Else the log is that of the daemon that runs.
        if (!(e instanceof RunDirectory.AlreadyTaken)) {
            LastFailure.note(options.runDirectory(), reason);
            LoggerFactory.getLogger(NodeDaemon.class).error("the node daemon could not start", e);
        }
        System.exit(1);
    }

    private static void stop(CalicoNode node, ServiceManager manager) {
        manager.stopping();
        Thread closing = new Thread(node::close, "calico-stop-2");
        closing.setDaemon(true);
        closing.start();
        try {
            closing.join(STOP_TIME.toMillis());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** As logback writes it; a level in the JVM's options is for those who look for an error and wins. */
    private static String level(NodeOptions options) {
        String level = options.logLevel().equals("warning")
                ? "WARN"
                : options.logLevel().toUpperCase(Locale.ROOT);
        return System.getProperty("calico.log.level", level);
    }

    /** Tells the logging configuration in the bundle where to write. */
    private static void logTo(Optional<Path> directory) {
        if (directory.isEmpty()) {
            if (Journal.isStandardError(System.getenv())) {
                System.setProperty("calico.log.to", "journal");
            }
            return;
        }
        try {
            Files.createDirectories(directory.get());
            if (Files.isWritable(directory.get())) {
                System.setProperty("calico.log.directory", directory.get().toString());
                System.setProperty("calico.log.to", "file");
                return;
            }
        } catch (IOException e) {
            System.err.println("calico-node: cannot make " + directory.get() + ": " + e);
        }
        System.err.println("calico-node: cannot write to " + directory.get() + "; logging here");
    }

    /** The version of this build. */
    static String version() {
        String version = NodeDaemon.class.getPackage().getImplementationVersion();
        return version == null ? "(not from a jar)" : version;
    }
}
