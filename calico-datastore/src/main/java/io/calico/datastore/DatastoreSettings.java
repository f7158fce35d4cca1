package io.calico.datastore;

import io.calico.datastore.spi.DatastoreException;
import io.calico.datastore.unix.UnixDatastore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/**
 * Which store a command uses. The first of these that is set:
 *
 * <ol>
 *   <li>the option {@code --datastore}
 *   <li>{@code CALICO_DATASTORE}
 *   <li>{@code ETCD_ENDPOINTS}, else {@code ETCD_AUTHORITY} with {@code ETCD_SCHEME}: etcd
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
        try (UnixDatastore client = new UnixDatastore(daemonSocket)) {
            served = client.servedUri();
            daemon = Daemon.RUNNING;
        } catch (DatastoreException.NotPermitted e) {
            daemon = Daemon.FORBIDDEN;
        } catch (DatastoreException e) {
            daemon = Daemon.ABSENT;
        }
        String through = "unix:" + daemonSocket;
        if (explicit.isPresent()) {
            Explicit set = explicit.get();
            if (daemon != Daemon.RUNNING) {
                return asSet(set);
            }
            if (set.uri().equals(served) || set.uri().equals(through)) {
                return new Choice(through, served, set.reason(), Optional.empty());
            }
            return new Choice(
                    set.uri(),
                    set.uri(),
                    set.reason(),
                    Optional.of("WARNING: " + set.reason() + " names " + set.uri()
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
                .or(() ->
                        variable(environment, "ETCD_AUTHORITY").map(authority -> ofAuthority(authority, environment)));
    }

    /** {@code http://h1:2379,http://h2:2379} is {@code etcd://h1:2379,h2:2379}; {@code https:} gives {@code etcds:}. */
    private static Explicit ofEndpoints(String endpoints) {
        boolean tls = endpoints.startsWith("https://");
        String hosts = endpoints.replace("https://", "").replace("http://", "");
        return new Explicit((tls ? "etcds://" : "etcd://") + hosts, "ETCD_ENDPOINTS");
    }

    private static Explicit ofAuthority(String authority, Map<String, String> environment) {
        boolean tls =
                variable(environment, "ETCD_SCHEME").filter("https"::equals).isPresent();
        return new Explicit((tls ? "etcds://" : "etcd://") + authority, "ETCD_AUTHORITY");
    }

    private static Optional<String> variable(Map<String, String> environment, String name) {
        return Optional.ofNullable(environment.get(name)).filter(value -> !value.isEmpty());
    }
}
