package io.calico.libnetwork.sync;

import io.calico.datastore.CalicoStore;
import io.calico.datastore.Networks;
import io.calico.libnetwork.engine.EngineNetwork;
import io.calico.libnetwork.engine.EngineNetworks;
import io.calico.libnetwork.network.ReplicaGuard;
import io.calico.model.Network;
import io.calico.model.NetworkSpec;
import java.io.IOException;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes in this host's engine what other hosts made, and removes what others removed. Whatever it has begun and not
 * finished, the next round finds in the engine: a copy carries the id of what it is a copy of. Confined to one thread.
 */
final class Replicas {
    private static final Logger LOG = LoggerFactory.getLogger(Replicas.class);

    private final Networks networks;
    private final EngineNetworks engine;
    private final ReplicaGuard guard;
    private final Set<String> toldAbout = new HashSet<>();

    Replicas(CalicoStore store, EngineNetworks engine, ReplicaGuard guard) {
        this.networks = store.networks();
        this.engine = engine;
        this.guard = guard;
    }

    /**
     * Makes the engine have what the datastore has.
     *
     * @param here all networks of the engine, of whatever driver
     * @param thorough whether to end removals that another host should have ended
     */
    void update(List<EngineNetwork> here, boolean thorough, SyncProblems problems) throws IOException {
        for (Network network : networks.list().values()) {
            List<EngineNetwork> same = here.stream()
                    .filter(this::isOurs)
                    .filter(found -> found.canonicalId().equals(network.id()))
                    .toList();
            if (network.removed()) {
                for (EngineNetwork found : same) {
                    remove(network, found, problems);
                }
                if (same.isEmpty() && thorough) {
                    networks.end(network.id());
                }
            } else if (same.isEmpty()) {
                make(network, here, problems);
            }
        }
    }

    private boolean isOurs(EngineNetwork network) {
        return network.driver().equals(engine.driver());
    }

    private void make(Network network, List<EngineNetwork> here, SyncProblems problems) throws IOException {
        Optional<NetworkSpec> spec = network.spec().filter(this::canBeMadeElsewhere);
        if (spec.isEmpty()) {
            tellOnce(network);
            return;
        }
        Optional<EngineNetwork> clash = here.stream()
                .filter(found -> found.name().equals(network.name()))
                .findFirst();
        if (clash.isPresent()) {
            problems.add(
                    isOurs(clash.get()) ? "name " + clash.get().id() : "clash " + network.id(),
                    "network " + network.name() + " of host " + network.host().orElse("unknown")
                            + " cannot be made here: Docker has another network of that name, with driver "
                            + clash.get().driver() + " and id " + clash.get().id(),
                    "remove it (docker network rm " + network.name() + ") or make it anew with another name");
            return;
        }
        if (networks.findRequest(network.id()).isEmpty()) {
            // Being made or removed at this moment: what comes of that is told.
            return;
        }
        Optional<String> refusal;
        ReplicaGuard.Making making = guard.making(network.id());
        try {
            refusal = engine.createReplica(network.name(), network.id(), spec.get());
        } finally {
            making.close();
        }
        if (refusal.isPresent()) {
            problems.add(
                    "make " + network.id() + " " + refusal.get(),
                    "network " + network.name() + " of host " + network.host().orElse("unknown")
                            + " cannot be made here: " + refusal.get(),
                    "it is tried again within a minute");
        } else {
            LOG.info(
                    "network {} made, a copy of network {} of host {}",
                    network.name(),
                    network.id(),
                    network.host().orElse("unknown"));
        }
    }

    /** Docker's own IPAM driver would give the same addresses on every host. */
    private boolean canBeMadeElsewhere(NetworkSpec spec) {
        return spec.ipamDriver().equals(engine.driver()) || spec.ipamDriver().equals(engine.driver() + "-ipam");
    }

    private void tellOnce(Network network) {
        if (network.spec().isPresent() && toldAbout.add(network.id())) {
            LOG.info(
                    "network {} of host {} stays there: it has IPAM driver '{}', and only networks with calico's are made"
                            + " on all hosts",
                    network.name(),
                    network.host().orElse("unknown"),
                    network.spec().get().ipamDriver());
        }
    }

    private void remove(Network network, EngineNetwork here, SyncProblems problems) throws IOException {
        List<String> containers = engine.containersOn(here.id());
        Optional<String> refusal = containers.isEmpty() ? engine.remove(here.id()) : Optional.empty();
        if (containers.isEmpty() && refusal.isEmpty()) {
            LOG.info("network {} ({}) removed here, since it was removed on another host", network.name(), here.id());
            return;
        }
        problems.addWaiting(
                "remove " + here.id(),
                "network " + network.name() + " (" + here.id() + ") was removed on another host; here that waits: "
                        + refusal.orElseGet(() -> "containers are on it: " + String.join(", ", containers)),
                "stop these containers, or: docker network disconnect " + network.name() + " CONTAINER");
    }
}
