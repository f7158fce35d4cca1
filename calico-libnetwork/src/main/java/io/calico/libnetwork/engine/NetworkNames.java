package io.calico.libnetwork.engine;

import io.calico.datastore.CalicoStore;
import io.calico.model.HostNetwork;
import io.calico.model.Network;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps the names of this engine's networks in the datastore, so that people can say names everywhere, also where no
 * engine runs. Confined to one thread.
 */
final class NetworkNames {
    private static final Logger LOG = LoggerFactory.getLogger(NetworkNames.class);

    private final CalicoStore store;
    private final String host;

    NetworkNames(CalicoStore store, String host) {
        this.store = store;
        this.host = host;
    }

    /**
     * Makes the datastore say what the engine says.
     *
     * @param names of all calico networks that the engine has now, by id
     */
    void update(Map<String, String> names) {
        Map<String, HostNetwork> known = store.networks().ofHost(host);
        known.forEach((id, network) -> {
            // While the network's own record is there, its profile is too, and an operator needs a name for it.
            if (!names.containsKey(id) && store.networks().findRequest(id).isEmpty()) {
                forget(id, network.name());
            }
        });
        names.forEach((id, name) -> {
            HostNetwork wanted = HostNetwork.builder().name(name).network(id).build();
            HostNetwork before = known.get(id);
            if (before == null || !before.name().equals(name)) {
                store.networks().putOnHost(host, id, wanted);
                LOG.info("network {} is called {}", id, name);
            }
            claim(id, name, names);
        });
    }

    private void claim(String id, String name, Map<String, String> names) {
        Network wanted = Network.builder().id(id).name(name).host(host).build();
        Network holder = store.networks().claimName(wanted);
        boolean holderIsGone = holder.host().filter(host::equals).isPresent() && !names.containsKey(holder.id());
        if (holderIsGone) {
            LOG.info("the name {} of network {}, which the engine no longer has, goes to {}", name, holder.id(), id);
            forget(holder.id(), name);
            holder = store.networks().claimName(wanted);
        }
        if (!holder.id().equals(id)) {
            LOG.warn(
                    "the name {} is that of network {} on host {}; network {} can only be addressed by its id",
                    name,
                    holder.id(),
                    holder.host().orElse("unknown"),
                    id);
        }
    }

    private void forget(String id, String name) {
        store.networks().releaseName(name, id);
        store.networks().removeFromHost(host, id);
        LOG.info("network {} ({}) is forgotten", id, name);
    }
}
