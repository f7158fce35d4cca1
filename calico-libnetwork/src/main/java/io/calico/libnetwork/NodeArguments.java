package io.calico.libnetwork;

import io.calico.model.AsNumbers;
import io.calico.model.net.IpAddress;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/** The daemon's command line. */
final class NodeArguments {
    static final String USAGE = """
            Usage: calico-node [OPTION...]
            Runs the node daemon of this host in the foreground, until SIGTERM or SIGINT.

              --ip=ADDRESS            IPv4 address under which other hosts reach this one (default: detected)
              --ip6=ADDRESS           IPv6 address under which other hosts reach this one
              --as=NUMBER             AS number of this host alone
              --hostname=NAME         this host's name in the datastore (default: $HOSTNAME, else the system's)
              --datastore=URI         where all data is (default: $CALICO_DATASTORE, else the embedded store)
              --libnetwork=BOOLEAN    serve the Docker plugin (default: true)
              --scope=SCOPE           auto, local or global: who spreads networks to other hosts (default: auto)
              --network-sync=MODE     auto: make and remove other hosts' networks here, too, where engines do not do it
                                      themselves; off (default: $CALICO_NETWORK_SYNC, else auto)
              --plugin-socket=PATH    the plugin's socket (default: /run/docker/plugins/calico.sock)
              --docker-socket=PATH    the Docker engine's socket (default: $DOCKER_HOST, else /var/run/docker.sock)
              --run-dir=PATH          pid, lock, datastore socket (default: /run/calico)
              --log-dir=PATH          log to PATH/node.log; empty: to standard error (default: /var/log/calico, or
                                      the journal if systemd runs the daemon)
              --log-level=LEVEL       debug, info, warning or error (default: $CALICO_LOG_LEVEL, else info)
              --metrics-port=PORT     serve /metrics and /health on this port of 127.0.0.1
                                      (default: $CALICO_METRICS_PORT, else not at all)
              --reconcile-after=SECONDS
                                      remove what has been left over for so long (default: $CALICO_RECONCILE_AFTER,
                                      else 60)
              --help, --version
            """;

    private static final String RECONCILE_AFTER = "CALICO_RECONCILE_AFTER";

    private NodeArguments() {}

    static NodeOptions parse(List<String> arguments, Map<String, String> environment) {
        NodeOptions.Builder options = NodeOptions.builder().host(hostName(environment));
        dockerHost(environment).ifPresent(options::dockerSocket);
        reconcileAfter(environment).ifPresent(options::reconcileAfter);
        value(environment, "CALICO_LOG_LEVEL").ifPresent(level -> set(options, "--log-level", level));
        value(environment, "CALICO_METRICS_PORT").ifPresent(port -> set(options, "--metrics-port", port));
        value(environment, "CALICO_NETWORK_SYNC").ifPresent(mode -> set(options, "--network-sync", mode));
        if (Journal.isStandardError(environment)) {
            options.logDirectory(Optional.empty());
        }
        Set<String> seen = new HashSet<>();
        for (String argument : arguments) {
            int equals = argument.indexOf('=');
            String name = equals < 0 ? argument : argument.substring(0, equals);
            if (equals < 0 && !name.equals("--libnetwork")) {
                throw new IllegalArgumentException("argument '" + argument + "' is not of the form --name=value");
            }
            if (!seen.add(name)) {
                throw new IllegalArgumentException("option " + name + " is given twice");
            }
            set(options, name, equals < 0 ? "true" : argument.substring(equals + 1));
        }
        return options.build();
    }

    private static void set(NodeOptions.Builder options, String name, String value) {
        switch (name) {
            case "--ip" -> address(name, value).ifPresent(options::ipv4);
            case "--ip6" -> address(name, value).ifPresent(options::ipv6);
            case "--as" -> asNumber(value).ifPresent(options::asNumber);
            case "--hostname" -> options.host(value);
            case "--datastore" -> options.datastore(value);
            case "--libnetwork" -> options.libnetwork(bool(name, value));
            case "--scope" -> options.scope(value);
            case "--network-sync" -> options.networkSync(value);
            case "--plugin-socket" -> options.pluginSocket(path(name, value));
            case "--docker-socket" -> options.dockerSocket(path(name, value));
            case "--run-dir" -> options.runDirectory(path(name, value));
            case "--reconcile-after" -> options.reconcileAfter(seconds(name, value));
            case "--log-dir" ->
                options.logDirectory(value.isEmpty() ? Optional.empty() : Optional.of(path(name, value)));
            case "--log-level" -> options.logLevel(value);
            case "--metrics-port" -> port(name, value).ifPresent(options::metricsPort);
            default -> throw new IllegalArgumentException("option " + name + " is not known");
        }
    }

    /** An empty value means that there is none. */
    private static Optional<IpAddress> address(String name, String value) {
        if (value.isEmpty()) {
            return Optional.empty();
        }
        return Optional.of(IpAddress.tryParse(value)
                .orElseThrow(() -> new IllegalArgumentException(name + " '" + value + "' is not an IP address")));
    }

    private static Optional<Long> asNumber(String value) {
        if (value.isEmpty()) {
            return Optional.empty();
        }
        OptionalLong number = AsNumbers.tryParse(value);
        if (number.isEmpty()) {
            throw new IllegalArgumentException("--as '" + value + "' is not an AS number");
        }
        return Optional.of(number.getAsLong());
    }

    private static Optional<Integer> port(String name, String value) {
        if (value.isEmpty()) {
            return Optional.empty();
        }
        if (!value.matches("[0-9]{1,5}")) {
            throw new IllegalArgumentException(name + " '" + value + "' is not a port");
        }
        return Optional.of(Integer.parseInt(value));
    }

    private static boolean bool(String name, String value) {
        return switch (value) {
            case "true" -> true;
            case "false" -> false;
            default -> throw new IllegalArgumentException(name + " '" + value + "' is neither true nor false");
        };
    }

    /** {@code CALICO_RECONCILE_AFTER}, in seconds. */
    static Optional<Duration> reconcileAfter(Map<String, String> environment) {
        String value = environment.getOrDefault(RECONCILE_AFTER, "");
        return value.isEmpty() ? Optional.empty() : Optional.of(seconds(RECONCILE_AFTER, value));
    }

    private static Duration seconds(String name, String value) {
        if (!value.matches("[0-9]{1,5}") || Integer.parseInt(value) == 0) {
            throw new IllegalArgumentException(name + " '" + value + "' is not a number of seconds from 1 to 99999");
        }
        return Duration.ofSeconds(Integer.parseInt(value));
    }

    private static Path path(String name, String value) {
        if (value.isEmpty()) {
            throw new IllegalArgumentException(name + " is empty");
        }
        return Path.of(value).toAbsolutePath();
    }

    private static String hostName(Map<String, String> environment) {
        String given = environment.getOrDefault("HOSTNAME", "");
        if (!given.isEmpty()) {
            return given;
        }
        try {
            return Files.readString(Path.of("/proc/sys/kernel/hostname")).strip();
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read this machine's name; set HOSTNAME", e);
        }
    }

    private static Optional<String> value(Map<String, String> environment, String name) {
        return Optional.ofNullable(environment.get(name)).filter(text -> !text.isEmpty());
    }

    private static Optional<Path> dockerHost(Map<String, String> environment) {
        String value = environment.getOrDefault("DOCKER_HOST", "");
        String unix = "unix://";
        // As the docker command reads it: unix://var/run/docker.sock is not relative.
        return value.startsWith(unix)
                ? Optional.of(Path.of("/").resolve(value.substring(unix.length())))
                : Optional.empty();
    }
}
