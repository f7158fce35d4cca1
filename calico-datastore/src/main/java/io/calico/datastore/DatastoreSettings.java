package io.calico.datastore;

import io.calico.datastore.spi.Datastore;
import io.calico.datastore.spi.DatastoreException;
import io.calico.model.net.PortRange;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Which store a command uses. The first of these that is set:
 *
 * <ol>
 *   <li>the option {@code --datastore}
 *   <li>{@code CALICO_DATASTORE}
 *   <li>{@code ETCD_ENDPOINTS}, else {@code ETCD_AUTHORITY} (default {@code 127.0.0.1:2379}) with {@code ETCD_SCHEME}
 *       ({@code http} or {@code https}): etcd; what else it needs to know is in variables that its provider names
 *   <li>the store of the node daemon that runs on this host
 *   <li>the embedded store, {@value #EMBEDDED}
 * </ol>
 *
 * An explicit setting that names the very store of the running daemon is answered through the daemon, which is faster;
 * one that names another store is followed, with a warning. An empty variable counts as not set.
 */
public final class DatastoreSettings {
    /** The embedded store. */
    public static final String EMBEDDED = "sqlite:/var/lib/calico/calico.db";

    /** Where the node daemon serves its store. */
    public static final Path DAEMON_SOCKET = Path.of("/run/calico/datastore.sock");

    private static final Pattern AUTHORITY = Pattern.compile(
            "((?:LABEL\\.)*LABEL):([0-9]{1,5})".replace("LABEL", "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"));

    private static final Pattern USER = Pattern.compile("[^/,@]*@");

    private DatastoreSettings() {}

    /**
     * A store that was chosen.
     *
     * @param uri what {@link Datastores#open(String)} takes
     * @param storeUri the store itself: if {@code uri} leads through the daemon, the URI of the daemon's store
     * @param reason what made the choice, for people: {@code CALICO_DATASTORE}
     * @param warning what a person should know about it; empty: nothing
     */
    public record Choice(String uri, String storeUri, String reason, Optional<String> warning) {}

    /** What was set, and by what. */
    private record Explicit(String uri, String reason) {}

    /** The running daemon as this process sees it. */
    private enum Daemon {
        ABSENT,
        FORBIDDEN,
        RUNNING
    }

    /**
     * Chooses. Asks the daemon, if its socket is there, for the URI of its store.
     *
     * @param option value of {@code --datastore}, empty if not given
     * @param environment the process's environment
     * @param daemonSocket normally {@link #DAEMON_SOCKET}
     * @throws IllegalArgumentException if {@code ETCD_ENDPOINTS}, {@code ETCD_AUTHORITY} or {@code ETCD_SCHEME} decides and
     *     is not valid
     * @throws DatastoreException.NotPermitted if a daemon runs, this user may not connect to it, and nothing else is set
     */
    public static Choice resolve(Optional<String> option, Map<String, String> environment, Path daemonSocket) {
        Optional<Explicit> explicit = explicit(option, environment);
        if (!Files.exists(daemonSocket)) {
            return explicit.map(DatastoreSettings::asSet)
                    .orElseGet(() -> new Choice(EMBEDDED, EMBEDDED, "the embedded store", Optional.empty()));
        }
        Daemon daemon;
        String served = "";
        String through = "unix:" + daemonSocket.toAbsolutePath().normalize();
        try (Datastore client = Datastores.open(through, environment)) {
            served = client.originUri();
            daemon = Daemon.RUNNING;
        } catch (DatastoreException.NotPermitted e) {
            daemon = Daemon.FORBIDDEN;
        } catch (DatastoreException e) {
            daemon = Daemon.ABSENT;
        }
        if (explicit.isPresent()) {
            Explicit set = explicit.get();
            if (daemon != Daemon.RUNNING) {
                return asSet(set);
            }
            String canonical = canonical(set.uri(), environment);
            if (canonical.equals(served) || canonical.equals(through)) {
                return new Choice(through, served, set.reason(), Optional.empty());
            }
            return new Choice(
                    set.uri(),
                    set.uri(),
                    set.reason(),
                    Optional.of("WARNING: " + set.reason() + " names " + shown(set.uri())
                            + ", but the node daemon of this host uses " + served + "."));
        }
        return switch (daemon) {
            case RUNNING -> new Choice(through, served, "the running node daemon", Optional.empty());
            case ABSENT -> new Choice(EMBEDDED, EMBEDDED, "the embedded store", Optional.empty());
            case FORBIDDEN ->
                throw new DatastoreException.NotPermitted(
                        "the node daemon's datastore at " + daemonSocket + " may be used by root only", null);
        };
    }

    /** The URI as its provider writes it: {@code sqlite:a.db} and {@code sqlite:/here/a.db} may be one store. Does no I/O. */
    private static String canonical(String uri, Map<String, String> environment) {
        try (Datastore store = Datastores.open(uri, environment)) {
            return store.uri();
        } catch (IllegalArgumentException e) {
            // Whoever opens it is told; here it is only not the daemon's.
            return uri;
        }
    }

    private static Choice asSet(Explicit set) {
        return new Choice(set.uri(), set.uri(), set.reason(), Optional.empty());
    }

    private static Optional<Explicit> explicit(Optional<String> option, Map<String, String> environment) {
        if (option.isPresent()) {
            return Optional.of(new Explicit(option.get(), "--datastore"));
        }
        return variable(environment, "CALICO_DATASTORE")
                .map(uri -> new Explicit(uri, "CALICO_DATASTORE"))
                .or(() -> variable(environment, "ETCD_ENDPOINTS").map(DatastoreSettings::ofEndpoints))
                .or(() -> ofAuthority(environment));
    }

    /** {@code http://h1:2379,http://h2:2379} is {@code etcd://h1:2379,h2:2379}; {@code https:} gives {@code etcds:}. */
    private static Explicit ofEndpoints(String endpoints) {
        boolean tls = endpoints.startsWith("https://");
        String scheme = tls ? "https://" : "http://";
        List<String> hosts = new ArrayList<>();
        for (String endpoint : endpoints.split(",", -1)) {
            String url = endpoint.strip();
            if (!url.startsWith(scheme)) {
                throw new IllegalArgumentException("Invalid ETCD_ENDPOINTS. It must take the form"
                        + " http://<address>:<port>, with commas between several; https:// for all of them or for none."
                        + " Value provided is '" + shown(endpoints) + "'");
            }
            hosts.add(url.substring(scheme.length(), url.endsWith("/") ? url.length() - 1 : url.length()));
        }
        return new Explicit((tls ? "etcds://" : "etcd://") + String.join(",", hosts), "ETCD_ENDPOINTS");
    }

    /** Without user and password, which do not belong there but may be there. */
    private static String shown(String uri) {
        return USER.matcher(uri).replaceAll("…@");
    }

    private static Optional<Explicit> ofAuthority(Map<String, String> environment) {
        Optional<String> authority = variable(environment, "ETCD_AUTHORITY");
        Optional<String> scheme = variable(environment, "ETCD_SCHEME");
        if (authority.isEmpty() && scheme.isEmpty()) {
            return Optional.empty();
        }
        if (scheme.isPresent() && !scheme.get().equals("http") && !scheme.get().equals("https")) {
            throw new IllegalArgumentException(
                    "Invalid ETCD_SCHEME. Value must be one of: \"\", \"http\", \"https\". Value provided: "
                            + scheme.get());
        }
        String hostAndPort = authority.orElse("127.0.0.1:2379");
        if (!isAuthority(hostAndPort)) {
            throw new IllegalArgumentException(
                    "Invalid ETCD_AUTHORITY. It must take the form <address>:<port>. Value provided is '" + hostAndPort
                            + "'");
        }
        String uri = (scheme.equals(Optional.of("https")) ? "etcds://" : "etcd://") + hostAndPort;
        return Optional.of(new Explicit(uri, authority.isPresent() ? "ETCD_AUTHORITY" : "ETCD_SCHEME"));
    }

    /** A host name (or IPv4 address) of up to 255 characters and a port, with one colon between them. */
    private static boolean isAuthority(String text) {
        Matcher matcher = AUTHORITY.matcher(text);
        return matcher.matches()
                && matcher.group(1).length() <= 255
                && PortRange.tryParse(matcher.group(2))
                        .filter(port -> port.first() >= 1)
                        .isPresent();
    }

    private static Optional<String> variable(Map<String, String> environment, String name) {
        return Optional.ofNullable(environment.get(name)).filter(value -> !value.isEmpty());
    }
}
