package io.calico.datastore;

import io.calico.datastore.spi.Datastore;
import io.calico.datastore.spi.DatastoreProvider;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.TreeSet;

/**
 * Opens stores by URI, {@code SCHEME:REST}, through the providers on the class path:
 *
 * <pre>
 * memory:                              a new, empty store in this process
 * sqlite:/var/lib/calico/calico.db     the embedded store, a file
 * etcd://10.0.0.1:2379,10.0.0.2:2379   an etcd cluster; etcds: with TLS
 * unix:/run/calico/datastore.sock      the store of the node daemon that runs on this host
 * </pre>
 */
public final class Datastores {
    private Datastores() {}

    /** As {@link #open(String, Map)} with this process's environment. */
    public static Datastore open(String uri) {
        return open(uri, System.getenv());
    }

    /**
     * The store for a URI. Does no I/O; the first call on the store does.
     *
     * @param environment environment variables that a provider may read
     * @throws IllegalArgumentException if the URI is not valid, no provider knows its scheme, or several do; the message
     *     names what is allowed
     */
    public static Datastore open(String uri, Map<String, String> environment) {
        List<DatastoreProvider> known =
                ServiceLoader.load(DatastoreProvider.class, Datastores.class.getClassLoader()).stream()
                        .map(ServiceLoader.Provider::get)
                        .toList();
        return open(uri, environment, known);
    }

    static Datastore open(String uri, Map<String, String> environment, List<DatastoreProvider> known) {
        String scheme = scheme(uri, known);
        List<DatastoreProvider> matching = known.stream()
                .filter(provider -> provider.schemes().contains(scheme))
                .toList();
        if (matching.isEmpty()) {
            throw new IllegalArgumentException(unknownScheme(uri, scheme, known));
        }
        if (matching.size() > 1) {
            throw new IllegalArgumentException("datastore '" + uri + "': several providers on the class path know '"
                    + scheme + ":': "
                    + String.join(
                            ", ",
                            matching.stream()
                                    .map(provider -> provider.getClass().getName())
                                    .toList())
                    + "; remove all but one");
        }
        return matching.get(0).open(uri, environment);
    }

    private static String scheme(String uri, List<DatastoreProvider> known) {
        int colon = uri.indexOf(':');
        if (colon < 1) {
            throw new IllegalArgumentException(
                    "datastore '" + uri + "' has no scheme; write SCHEME:REST with one of " + schemes(known));
        }
        return uri.substring(0, colon);
    }

    private static String unknownScheme(String uri, String scheme, List<DatastoreProvider> known) {
        if (known.isEmpty()) {
            return "datastore '" + uri + "': there is no datastore provider on the class path at all; the jar lost its "
                    + "META-INF/services files";
        }
        return "datastore '" + uri + "': no provider on the class path knows '" + scheme + ":'; use one of "
                + schemes(known);
    }

    private static String schemes(List<DatastoreProvider> known) {
        Set<String> all = new TreeSet<>();
        known.forEach(provider -> provider.schemes().forEach(scheme -> all.add(scheme + ":")));
        return String.join(", ", all);
    }
}
