package io.calico.libnetwork.sync;

import io.calico.datastore.CalicoStore;
import io.calico.datastore.Networks;
import io.calico.libnetwork.engine.EngineNetwork;
import io.calico.model.HostNetwork;
import io.calico.model.Network;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps what the datastore knows of this engine's networks, so that people can say names everywhere, also where no engine
 * runs, and other hosts can make the same. Confined to one thread.
 */
final class NetworkNames {
    private static final Logger LOG = LoggerFactory.getLogger(NetworkNames.class);

    private final Networks networks;
    private final String host;

    NetworkNames(CalicoStore store, String host) {
        this.networks = store.networks();
        this.host = host;
    }

    /**
     * Makes the datastore say what the engine says.
     *
     * @param known what it said of this host before the engine was asked
     * @param here all networks of our driver that the engine has
     * @param spreads whether a network that is not here will be made here
     */
    void update(Map<String, HostNetwork> known, List<EngineNetwork> here, boolean spreads, SyncProblems problems) {
        Set<String> ids = here.stream().map(EngineNetwork::id).collect(Collectors.toSet());
        known.forEach((id, network) -> {
            if (!ids.contains(id)) {
                forget(id, network, spreads);
            }
        });
        for (EngineNetwork network : here) {
            try {
                learn(network, Optional.ofNullable(known.get(network.id())), ids, spreads, problems);
            } catch (IllegalArgumentException e) {
                problems.add(
                        "name " + network.id(),
                        "network " + network.name() + " (" + network.id() + ") cannot be recorded: " + e.getMessage(),
                        "it can be addressed by its id only, on this host; make it anew with another name");
            }
        }
    }

    private void forget(String id, HostNetwork network, boolean spreads) {
        Optional<Network> named =
                networks.find(network.name()).filter(found -> found.id().equals(network.network()));
        if (named.filter(Network::removed).isPresent()) {
            networks.removeFromHost(host, id);
            networks.end(network.network());
            LOG.info("network {} ({}) is gone from this host", network.name(), id);
        } else if (spreads && named.isPresent() || !network.network().equals(id)) {
            networks.removeFromHost(host, id);
            LOG.info("network {} ({}) is no longer in this host's Docker engine", network.name(), id);
        } else if (networks.findRequest(id).isEmpty()) {
            // While the network's own record is there, its profile is too, and an operator needs a name for it.
            networks.releaseName(network.name(), id);
            networks.removeFromHost(host, id);
            LOG.info("network {} ({}) is forgotten", id, network.name());
        }
    }

    private void learn(
            EngineNetwork network,
            Optional<HostNetwork> before,
            Set<String> ids,
            boolean spreads,
            SyncProblems problems) {
        HostNetwork wanted = HostNetwork.builder()
                .name(network.name())
                .network(network.canonicalId())
                .build();
        if (before.isEmpty()
                || !before.get().name().equals(wanted.name())
                || !before.get().network().equals(wanted.network())) {
            networks.putOnHost(host, network.id(), wanted);
            LOG.info(
                    "network {} is called {}{}",
                    network.id(),
                    network.name(),
                    network.replicaOf().map(id -> ", a copy of network " + id).orElse(""));
        }
        if (network.replicaOf().isEmpty()) {
            claim(network, ids, spreads, problems);
        }
    }

    private void claim(EngineNetwork network, Set<String> ids, boolean spreads, SyncProblems problems) {
        Network wanted = Network.builder()
                .id(network.id())
                .name(network.name())
                .host(host)
                .spec(network.spec())
                .build();
        Network holder = networks.claimName(wanted);
        if (!holder.id().equals(network.id()) && giveUp(holder, ids, spreads)) {
            holder = networks.claimName(wanted);
        }
        if (holder.id().equals(network.id())) {
            if (!holder.spec().equals(wanted.spec())) {
                networks.update(holder, found -> found.withSpec(wanted.spec()));
            }
        } else if (holder.removed()) {
            problems.add(
                    "name " + network.id(),
                    "the name " + network.name() + " of network " + network.id() + " is still that of network "
                            + holder.id() + ", which was removed and is still on " + hostsOf(holder.id()),
                    "the network gets its name, and is made on other hosts, when those have let the old one go;"
                            + " calicoctl status there tells what it waits for");
        } else {
            problems.add(
                    "name " + network.id(),
                    "the name " + network.name() + " is that of network " + holder.id() + " on host "
                            + holder.host().orElse("unknown") + "; network " + network.id()
                            + " of this host is another, and can only be addressed by its id",
                    "to use the network of that host, remove this one: docker network rm " + network.name());
        }
    }

    /** Whether the name of another network has become free. */
    private boolean giveUp(Network holder, Set<String> ids, boolean spreads) {
        if (holder.removed()) {
            return networks.end(holder.id());
        }
        boolean isGone = holder.host().filter(host::equals).isPresent() && !ids.contains(holder.id());
        if (!isGone || spreads) {
            return false;
        }
        LOG.info("the name {} of network {}, which the engine no longer has, is free", holder.name(), holder.id());
        networks.releaseName(holder.name(), holder.id());
        networks.removeFromHost(host, holder.id());
        return true;
    }

    private String hostsOf(String id) {
        return networks.whereIs(id).stream()
                .map(Networks.OnHost::host)
                .distinct()
                .sorted()
                .collect(Collectors.joining(", ", "hosts ", ""));
    }
}
