package io.calico.libnetwork;

import io.calico.libnetwork.reconcile.ReconcilerOptions;
import io.calico.model.AsNumbers;
import io.calico.model.json.CalicoStyle;
import io.calico.model.net.IpAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.immutables.value.Value;

/** Settings of the node daemon of one host. Immutable. */
@Value.Immutable
@CalicoStyle
public interface NodeOptions {
    /** This host's name in the datastore; not empty, no {@code /}. */
    String host();

    /** IPv4 address under which other hosts reach this one. */
    Optional<IpAddress> ipv4();

    /** IPv6 address under which other hosts reach this one. */
    Optional<IpAddress> ipv6();

    /** AS number of this host alone; empty: that of all. */
    Optional<Long> asNumber();

    /** URI of the datastore; empty: by environment, else the embedded one. */
    Optional<String> datastore();

    /** Whether the Docker plugin is served. Default true. */
    @Value.Default
    default boolean libnetwork() {
        return true;
    }

    /** What engines are told about the driver's scope: {@code auto}, {@code local} or {@code global}. Default auto. */
    @Value.Default
    default String scope() {
        return "auto";
    }

    /**
     * Whether networks made and removed on one host are made and removed on all: {@code auto} (if the engine does not do it
     * itself and the datastore is one that hosts share) or {@code off}. Default auto.
     */
    @Value.Default
    default String networkSync() {
        return "auto";
    }

    /** The plugin's socket; its file name without suffix is the driver's name. */
    @Value.Default
    default Path pluginSocket() {
        return Path.of("/run/docker/plugins/calico.sock");
    }

    /** The Docker engine's socket. */
    @Value.Default
    default Path dockerSocket() {
        return Path.of("/var/run/docker.sock");
    }

    /** Where the daemon keeps its pid, lock and datastore socket. Default {@code /run/calico}. */
    @Value.Default
    default Path runDirectory() {
        return Path.of("/run/calico");
    }

    /** Where the daemon logs to, in {@code node.log}; empty: standard error. Default {@code /var/log/calico}. */
    @Value.Default
    default Optional<Path> logDirectory() {
        return Optional.of(Path.of("/var/log/calico"));
    }

    /**
     * How long something must have looked left over before it is removed, and how often that is looked at. Default one
     * minute: what is younger may belong to a container that is being started.
     */
    @Value.Default
    default Duration reconcileAfter() {
        return ReconcilerOptions.USUAL_AGE;
    }

    /** What is logged: {@code debug}, {@code info}, {@code warning} or {@code error}. Default info. */
    @Value.Default
    default String logLevel() {
        return "info";
    }

    /** Port of the loopback interface on which metrics and health are served; 0: any; empty: not at all. */
    Optional<Integer> metricsPort();

    @Value.Check
    default void check() {
        if (host().isEmpty() || host().indexOf('/') >= 0) {
            throw new IllegalArgumentException("host name '" + host() + "' is empty or holds a slash");
        }
        if (!ipv4().map(IpAddress::isV4).orElse(true)
                || !ipv6().map(IpAddress::isV6).orElse(true)) {
            throw new IllegalArgumentException("the host's addresses are of the wrong IP version: IPv4 "
                    + ipv4().orElse(null) + ", IPv6 " + ipv6().orElse(null));
        }
        if (reconcileAfter().compareTo(Duration.ofSeconds(1)) < 0) {
            throw new IllegalArgumentException("leftovers cannot be removed after less than a second");
        }
        if (asNumber().isPresent() && (asNumber().get() < 0 || asNumber().get() > AsNumbers.MAX)) {
            throw new IllegalArgumentException("AS number " + asNumber().get() + " is not in 0-" + AsNumbers.MAX);
        }
        if (!List.of("auto", "local", "global").contains(scope())) {
            throw new IllegalArgumentException("scope '" + scope() + "' is none of auto, local, global");
        }
        if (!List.of("auto", "off").contains(networkSync())) {
            throw new IllegalArgumentException("network sync '" + networkSync() + "' is none of auto, off");
        }
        if (!List.of("debug", "info", "warning", "error").contains(logLevel())) {
            throw new IllegalArgumentException("log level '" + logLevel() + "' is none of debug, info, warning, error");
        }
        if (metricsPort().isPresent()
                && (metricsPort().get() < 0 || metricsPort().get() > 65535)) {
            throw new IllegalArgumentException("metrics port " + metricsPort().get() + " is not in 0-65535");
        }
    }

    /** The URI under which this host's daemon serves its datastore to other processes of root. */
    default Path datastoreSocket() {
        return runDirectory().resolve("datastore.sock");
    }

    /** Where this host's daemon tells other processes of root how it is. */
    default Path statusSocket() {
        return runDirectory().resolve("status.sock");
    }

    /**
     * The options of a command line.
     *
     * @param arguments each {@code --name=value}
     * @param environment {@code HOSTNAME}, {@code DOCKER_HOST}, {@code CALICO_LOG_LEVEL}, {@code CALICO_METRICS_PORT},
     *     {@code CALICO_NETWORK_SYNC} and {@code CALICO_RECONCILE_AFTER} are looked at, and whether the process's messages go to systemd's journal anyway
     * @throws IllegalArgumentException if one is unknown or its value is not valid; names it and what is allowed
     */
    static NodeOptions parse(List<String> arguments, Map<String, String> environment) {
        return NodeArguments.parse(arguments, environment);
    }

    static Builder builder() {
        return new Builder();
    }

    /** Collects options; confined to one thread. */
    final class Builder extends ImmutableNodeOptions.Builder {}
}
