package io.calico.ctl;

import io.calico.datastore.EndpointFilter;
import io.calico.libnetwork.NodeOptions;
import io.calico.libnetwork.NodeSetup;
import io.calico.model.AsNumbers;
import io.calico.model.Node;
import io.calico.model.net.IpAddress;
import io.calico.model.net.IpVersion;
import io.calico.model.net.PortRange;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/** {@code calicoctl node}: starts and stops the node daemon of this machine. */
final class NodeCommand implements CommandGroup {
    private static final String LIBNETWORK = "--libnetwork";
    private static final String LIBNETWORK_IMAGE = "--libnetwork-image";
    private static final String LOG_DIRECTORY = "--log-dir";
    private static final String DETACH = "--detach";
    private static final String RUNTIME = "--runtime";
    private static final String SCOPE = "--scope";
    private static final String NETWORK_SYNC = "--network-sync";
    private static final String LOG_LEVEL = "--log-level";
    private static final String HOST = "--host";
    private static final String FORCE = "--force";
    private static final String METRICS_PORT = "--metrics-port";

    @Override
    public String name() {
        return "node";
    }

    @Override
    public String summary() {
        return "Start and stop the node daemon of this machine, check it, or remove the machine from Calico.";
    }

    @Override
    public List<Form> forms() {
        return List.of(
                Form.of("stop [--force]", NodeCommand::stop),
                Form.of("remove [--host=NAME] [--remove-endpoints] [--force]", NodeCommand::remove),
                Form.of("check [--repair]", NodeCommand::check),
                Form.of(
                        "[--ip=IP] [--ip6=IP6] [--as=AS_NUM] [--libnetwork] [--scope=SCOPE] [--network-sync=MODE] [--detach=BOOLEAN]"
                                + " [--runtime=RUNTIME] [--log-dir=DIR] [--log-level=LEVEL] [--metrics-port=PORT] [--node-image=IMAGE] [--libnetwork-image=IMAGE]",
                        NodeCommand::start));
    }

    @Override
    public Map<String, String> optionDescriptions() {
        return Map.ofEntries(
                Map.entry("--ip", "IPv4 address under which other hosts reach this one (default: detected)."),
                Map.entry("--ip6", "IPv6 address under which other hosts reach this one."),
                Map.entry("--as", "AS number of this host alone."),
                Map.entry(LIBNETWORK, "Serve the Docker network plugin."),
                Map.entry(SCOPE, "Who spreads networks to other hosts: auto, local or global (default: auto)."),
                Map.entry(
                        NETWORK_SYNC,
                        "Make and remove other hosts' networks here, too: auto or off (default: CALICO_NETWORK_SYNC, else auto)."),
                Map.entry(DETACH, "true: return when the daemon is ready (the default); false: stay, show its output."),
                Map.entry(RUNTIME, "docker (the default); none: only write this host to the datastore."),
                Map.entry(LOG_DIRECTORY, "Where the daemon logs (default: /var/log/calico)."),
                Map.entry(LOG_LEVEL, "debug, info, warning or error (default: CALICO_LOG_LEVEL, else info)."),
                Map.entry(
                        METRICS_PORT,
                        "Serve metrics and health on this port of 127.0.0.1 (default: CALICO_METRICS_PORT, else none)."),
                Map.entry("--node-image", "Accepted and ignored: the daemon needs no image."),
                Map.entry(LIBNETWORK_IMAGE, "Accepted and ignored."),
                Map.entry(FORCE, "stop: even if there are endpoints on this host. remove: even if that host is alive."),
                Map.entry(HOST, "Remove that host, which is gone for good, instead of this one."),
                Map.entry("--repair", "Mend what is left over, as the daemon does by itself once a minute."),
                Map.entry("--remove-endpoints", "Remove the endpoints of the host, too."));
    }

    @Override
    public List<String> notes() {
        return List.of(
                "Running 'node' again restarts the daemon with the new options; containers keep their",
                "network meanwhile. Without --ip6 or --as what was set before is removed.",
                "",
                "'node stop' leaves the kernel and the datastore as they are: traffic goes on, and so does policy.",
                "'node remove' frees all that a host has in the datastore: endpoints, addresses, blocks, routes.",
                "For this host it also takes Calico out of the kernel; another one is removed with --host when it is",
                "gone for good, from any machine that reaches the datastore.",
                "",
                "'node check' compares Docker, the kernel and the datastore, and lists what lost calls and",
                "crashes have left. What has looked wrong for less than a minute may belong to a container",
                "that is being started: it is listed as 'young' and left alone. Profiles and pools are never",
                "removed. The exit code is 0 if nothing is wrong, or everything has been mended.");
    }

    private static ExitStatus start(Arguments arguments, Session session) {
        if (arguments.hasOption(LIBNETWORK_IMAGE) && !arguments.hasOption(LIBNETWORK)) {
            throw session.usageError("--libnetwork-image needs --libnetwork");
        }
        List<String> wrong = wrongValues(arguments);
        wrong.forEach(session.console()::line);
        if (!wrong.isEmpty()) {
            return ExitStatus.FAILED;
        }
        session.requireRoot();
        NodeOptions options = options(arguments, session);
        warnAboutForeignAddresses(options, session);
        register(options, session);
        if (arguments.option(RUNTIME).orElse("docker").equals("none")) {
            return ExitStatus.DONE;
        }
        return run(options, arguments, session);
    }

    private static List<String> wrongValues(Arguments arguments) {
        List<String> wrong = new ArrayList<>();
        if (!isAddressOrEmpty(arguments.option("--ip"), IpVersion.V4)) {
            wrong.add("Invalid IPv4 address specified with --ip argument.");
        }
        if (!isAddressOrEmpty(arguments.option("--ip6"), IpVersion.V6)) {
            wrong.add("Invalid IPv6 address specified with --ip6 argument.");
        }
        if (arguments
                .option("--as")
                .map(AsNumbers::tryParse)
                .filter(OptionalLong::isEmpty)
                .isPresent()) {
            wrong.add("Invalid AS Number specified.");
        }
        String detach = arguments.option(DETACH).orElse("true");
        if (!List.of("true", "false").contains(detach)) {
            wrong.add("Valid values for --detach are 'true' and 'false'");
        }
        if (detach.equals("false") && arguments.hasOption(LIBNETWORK)) {
            wrong.add("The only valid value for --detach is 'true' when using libnetwork");
        }
        if (!List.of("docker", "rkt", "none").contains(arguments.option(RUNTIME).orElse("docker"))) {
            wrong.add("Runtime must be 'docker', 'rkt' or 'none'.");
        }
        if (!List.of("auto", "local", "global").contains(arguments.option(SCOPE).orElse("auto"))) {
            wrong.add("Scope must be 'auto', 'local' or 'global'.");
        }
        if (!List.of("auto", "off").contains(arguments.option(NETWORK_SYNC).orElse("auto"))) {
            wrong.add("Network sync must be 'auto' or 'off'.");
        }
        if (!List.of("debug", "info", "warning", "error")
                .contains(arguments.option(LOG_LEVEL).orElse("info"))) {
            wrong.add("Log level must be 'debug', 'info', 'warning' or 'error'.");
        }
        if (arguments
                .option(METRICS_PORT)
                .filter(port -> PortRange.tryParse(port).isEmpty())
                .isPresent()) {
            wrong.add("Invalid port specified with --metrics-port argument.");
        }
        return wrong;
    }

    private static boolean isAddressOrEmpty(Optional<String> text, IpVersion version) {
        return text.isEmpty()
                || text.get().isEmpty()
                || IpAddress.tryParse(text.get())
                        .filter(address -> address.version() == version)
                        .isPresent();
    }

    private static NodeOptions options(Arguments arguments, Session session) {
        Machine machine = session.machine();
        NodeOptions.Builder options = NodeOptions.builder()
                .host(machine.hostName())
                .libnetwork(arguments.hasOption(LIBNETWORK))
                .scope(arguments.option(SCOPE).orElse("auto"))
                .logDirectory(machine.logDirectory(arguments.option(LOG_DIRECTORY)));
        Optional<IpAddress> ip = arguments.option("--ip").flatMap(IpAddress::tryParse);
        if (ip.isEmpty()) {
            ip = machine.detectedAddress();
            if (ip.isEmpty()) {
                throw CommandFailure.refused("No IPv4 address of this machine found: give one with --ip.");
            }
            session.console().line("No IP provided. Using detected IP: " + ip.get());
        }
        options.ipv4(ip);
        options.ipv6(arguments.option("--ip6").flatMap(IpAddress::tryParse));
        arguments
                .option("--as")
                .map(text -> AsNumbers.tryParse(text).orElseThrow())
                .ifPresent(options::asNumber);
        return options.build();
    }

    private static void warnAboutForeignAddresses(NodeOptions options, Session session) {
        for (Optional<IpAddress> address : List.of(options.ipv4(), options.ipv6())) {
            if (address.isPresent() && !session.machine().addresses().contains(address.get())) {
                session.console()
                        .line("WARNING: Could not confirm that the provided IPv"
                                + address.get().version().number() + " address is assigned to this host.");
            }
        }
    }

    /** Writes this host, and what a store needs at first, to the datastore. */
    private static void register(NodeOptions options, Session session) {
        Optional<Node> before;
        try {
            before = NodeSetup.firstStart(session.store(), options);
        } catch (NodeSetup.AddressInUse e) {
            session.console()
                    .paragraph("ERROR: IP address " + e.address() + " is already in use by host " + e.host()
                            + ".  Every host needs an address of its own: give this one another with --ip. If that"
                            + " host is gone for good, remove it: calicoctl node remove --host=" + e.host());
            throw CommandFailure.silent();
        } catch (NodeSetup.HostNameInUse e) {
            session.console().paragraph("ERROR: " + e.getMessage());
            throw CommandFailure.silent();
        }
        Optional<IpAddress> recorded = before.flatMap(Node::ipv4);
        if (recorded.isPresent()
                && !recorded.equals(options.ipv4())
                && session.machine().nodeProcess().running().isEmpty()) {
            session.console()
                    .paragraph("WARNING: Hostname '" + options.host() + "' is already in use with IP address "
                            + recorded.get() + ".  If that is another host, give this one another name: set HOSTNAME.");
        }
    }

    private static ExitStatus run(NodeOptions options, Arguments given, Session session) {
        boolean detach = !given.option(DETACH).orElse("true").equals("false");
        List<String> arguments = new ArrayList<>(List.of(
                "--hostname=" + options.host(),
                "--datastore=" + session.storeUri(),
                "--ip=" + options.ipv4().map(IpAddress::toString).orElse(""),
                "--ip6=" + options.ipv6().map(IpAddress::toString).orElse(""),
                "--as=" + options.asNumber().map(String::valueOf).orElse(""),
                "--libnetwork=" + options.libnetwork(),
                "--scope=" + options.scope()));
        // What is not given here, the daemon finds in its environment.
        given.option(NETWORK_SYNC).ifPresent(mode -> arguments.add("--network-sync=" + mode));
        given.option(LOG_LEVEL).ifPresent(level -> arguments.add("--log-level=" + level));
        given.option(METRICS_PORT).ifPresent(port -> arguments.add("--metrics-port=" + port));
        // The daemon that runs is the datastore's server: let go of it before it ends.
        session.closeStore();
        NodeProcess node = session.machine().nodeProcess();
        node.stop();
        if (!detach) {
            arguments.add("--log-dir=");
            return node.runInForeground(arguments) == 0 ? ExitStatus.DONE : ExitStatus.FAILED;
        }
        options.logDirectory().ifPresent(directory -> arguments.add("--log-dir=" + directory));
        long id = node.start(arguments, options.logDirectory().orElseThrow());
        session.console().line("Calico node is running with id: " + id);
        if (options.libnetwork()) {
            session.console().line("Calico libnetwork driver is running with id: " + id);
        }
        return ExitStatus.DONE;
    }

    private static ExitStatus stop(Arguments arguments, Session session) {
        session.requireRoot();
        String host = session.machine().hostName();
        boolean hasEndpoints = !session.store()
                .endpoints()
                .list(EndpointFilter.ofHost(host))
                .values()
                .isEmpty();
        if (hasEndpoints && !arguments.hasOption(FORCE)) {
            session.console().paragraph("Current host has active endpoints so can't be stopped.  Force with --force");
            session.console()
                    .paragraph("Note that cleaning up after containers is hard while the node is stopped: Docker"
                            + " cannot remove them without its plugin.");
            return ExitStatus.FAILED;
        }
        if (hasEndpoints) {
            session.console().paragraph("Stopping the node although this host has active endpoints.");
        }
        session.closeStore();
        session.machine().nodeProcess().stop();
        session.console().line("Node stopped");
        return ExitStatus.DONE;
    }

    private static ExitStatus check(Arguments arguments, Session session) {
        session.requireRoot();
        return new NodeCheck(session).run(arguments.hasOption("--repair"));
    }

    private static ExitStatus remove(Arguments arguments, Session session) {
        return new NodeRemoval(session, arguments.option(HOST))
                .run(arguments.hasOption("--remove-endpoints"), arguments.hasOption(FORCE));
    }
}
