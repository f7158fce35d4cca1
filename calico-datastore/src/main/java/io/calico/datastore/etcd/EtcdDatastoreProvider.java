package io.calico.datastore.etcd;

import io.calico.datastore.spi.Datastore;
import io.calico.datastore.spi.DatastoreProvider;
import java.util.Map;
import java.util.Set;

/**
 * {@code etcd://h1:2379,h2:2379}, or {@code etcds://…} for TLS; etcd 3.4 or later. Variables:
 *
 * <pre>
 * ETCD_CA_CERT_FILE                with etcds: the authority that signed etcd's certificate; required
 * ETCD_CERT_FILE, ETCD_KEY_FILE    with etcds: certificate and key of this client; both or neither
 * ETCD_USERNAME, ETCD_PASSWORD     a user, where etcd asks for one; both or neither
 * </pre>
 *
 * The files are PEM. They are read at the first call, and again after a connection failed for them.
 */
public final class EtcdDatastoreProvider implements DatastoreProvider {
    /** For {@link java.util.ServiceLoader}. */
    public EtcdDatastoreProvider() {}

    @Override
    public Set<String> schemes() {
        return Set.of(EtcdSettings.PLAIN, EtcdSettings.ENCRYPTED);
    }

    @Override
    public Datastore open(String uri, Map<String, String> environment) {
        return new EtcdDatastore(EtcdSettings.parse(uri, environment));
    }
}
