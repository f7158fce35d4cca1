package io.calico.datastore.spi;

import java.util.Map;
import java.util.Set;

/** Makes stores of some URI schemes. Found by {@link java.util.ServiceLoader}. */
public interface DatastoreProvider {
    /** Schemes without colon: {@code sqlite}. */
    Set<String> schemes();

    /**
     * A store for the URI; does no I/O.
     *
     * @param uri begins with one of the schemes and a colon
     * @param environment environment variables (the process's own, or a test's)
     * @throws IllegalArgumentException if the URI or a variable is not valid; names it and what is allowed
     */
    Datastore open(String uri, Map<String, String> environment);
}
