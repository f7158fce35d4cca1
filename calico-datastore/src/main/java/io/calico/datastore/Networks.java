package io.calico.datastore;

import io.calico.datastore.spi.Datastore;
import io.calico.datastore.spi.KeyValue;
import io.calico.datastore.spi.Page;
import io.calico.datastore.spi.Transaction;
import io.calico.model.HostNetwork;
import io.calico.model.Network;
import io.calico.model.json.BadRecordException;
import io.calico.model.json.ModelJson;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.UnaryOperator;

/**
 * Docker networks, under three kinds of keys:
 *
 * <pre>
 * /calico/network/v1/name/NAME     {@link Network}       name → canonical id; the first network of a name has it; of a
 *                                                       removed network, until no host has it any more
 * /calico/network/v1/host/H/ID     {@link HostNetwork}   one engine's id → name and canonical id
 * /calico/libnetwork/v1/ID         text                  the engine's request that created the network, as it came
 * </pre>
 *
 * Thread-safe; see {@link CalicoStore} for errors.
 */
public final class Networks {
    private final Datastore store;
    private final Records records;

    Networks(Datastore store) {
        this.store = store;
        this.records = new Records(store);
    }

    /** All networks that have their name, by name. */
    public Listing<Network> list() {
        Page page = store.listAll(Keys.NETWORK_NAMES);
        List<Network> networks = new ArrayList<>();
        List<BadRecordException> damaged = new ArrayList<>();
        for (KeyValue record : page.records()) {
            try {
                networks.add(readNetwork(record));
            } catch (BadRecordException e) {
                damaged.add(e);
            }
        }
        return new Listing<>(networks, damaged, page.revision());
    }

    /** The network that has the name. */
    public Optional<Network> find(String name) {
        return store.get(nameKey(name)).map(Networks::readNetwork);
    }

    /**
     * Gives the network its name, if no other has it.
     *
     * @return the network that has the name now: this one, or the one that was first
     */
    public Network claimName(Network network) {
        String key = nameKey(network.name());
        for (int attempt = 0; attempt < Records.ATTEMPTS; attempt++) {
            if (records.create(key, ModelJson.write(network)).isPresent()) {
                return network;
            }
            Optional<Network> first = find(network.name());
            if (first.isPresent()) {
                return first.get();
            }
        }
        throw Records.tooBusy(key);
    }

    /** The network with that canonical id that has its name; reads all networks. Damaged records are passed over. */
    public Optional<Network> findById(String canonicalId) {
        return list().values().stream()
                .filter(network -> network.id().equals(canonicalId))
                .findFirst();
    }

    /**
     * Stores what is known of a network that has its name.
     *
     * @param change gets the network as stored; may run several times
     * @return false, and nothing is done, if the name is another network's or none's
     */
    public boolean update(Network named, UnaryOperator<Network> change) {
        String key = nameKey(named.name());
        for (int attempt = 0; attempt < Records.ATTEMPTS; attempt++) {
            Optional<KeyValue> seen = store.get(key);
            Optional<Network> before =
                    seen.map(Networks::readNetwork).filter(found -> found.id().equals(named.id()));
            if (before.isEmpty()) {
                return false;
            }
            Network after = change.apply(before.get());
            if (after.equals(before.get())
                    || records.replace(key, seen.orElseThrow().modRevision(), ModelJson.write(after))
                            .isPresent()) {
                return true;
            }
        }
        throw Records.tooBusy(key);
    }

    /**
     * Notes that a host's engine makes its own copy of a network that has its name, if that is not removed.
     *
     * @param id the engine's own
     * @return false, and nothing is done, if the network was removed or has no name
     */
    public boolean putReplica(String host, String id, HostNetwork replica) {
        String key = new StoreKey.HostNetworkKey(host, id).path();
        String text = ModelJson.write(replica);
        for (int attempt = 0; attempt < Records.ATTEMPTS; attempt++) {
            Optional<KeyValue> name = store.get(nameKey(replica.name()));
            boolean there = name.map(Networks::readNetwork)
                    .filter(network -> network.id().equals(replica.network()) && !network.removed())
                    .isPresent();
            if (!there) {
                return false;
            }
            // Whoever ends the removal has written the name's record before he looks for copies.
            Transaction transaction = Transaction.builder()
                    .ifUnchanged(nameKey(replica.name()), name.orElseThrow().modRevision())
                    .put(key, text)
                    .build();
            if (records.write(transaction, key, Optional.of(text)).isPresent()) {
                return true;
            }
        }
        throw Records.tooBusy(key);
    }

    /** A network of some host's engine: the host, the engine's own id, and what that stands for. */
    public record OnHost(String host, String id, HostNetwork network) {}

    /** Where a network is, by canonical id; reads what all hosts know. Damaged records are passed over. */
    public List<OnHost> whereIs(String canonicalId) {
        List<OnHost> found = new ArrayList<>();
        for (KeyValue record : store.listAll(Keys.NETWORK_HOSTS).records()) {
            // Most records are of other networks, and need not be parsed.
            if (record.value().contains(canonicalId)
                    && Keys.parse(record.key()) instanceof StoreKey.HostNetworkKey key) {
                readHostNetwork(record)
                        .filter(network -> network.network().equals(canonicalId))
                        .ifPresent(network -> found.add(new OnHost(key.host(), key.id(), network)));
            }
        }
        return found;
    }

    /**
     * Ends a network: removes its name, profile and request, in one transaction, unless some host's engine has it.
     *
     * @return whether it is gone now
     */
    public boolean end(String canonicalId) {
        for (int attempt = 0; attempt < Records.ATTEMPTS; attempt++) {
            Optional<Network> named = findById(canonicalId);
            if (named.filter(network -> !network.removed()).isPresent()) {
                // First, so that no host begins a copy after we looked: see putReplica.
                update(named.get(), network -> network.withRemoved(true));
            }
            if (!whereIs(canonicalId).isEmpty()) {
                return false;
            }
            Transaction.Builder end = Transaction.builder();
            if (named.isPresent()) {
                Optional<KeyValue> record = store.get(nameKey(named.get().name()));
                end.ifAsSeen(nameKey(named.get().name()), record);
                if (record.map(Networks::readNetwork)
                        .filter(network -> network.id().equals(canonicalId))
                        .isPresent()) {
                    end.delete(nameKey(named.get().name()));
                }
            }
            end.delete(new StoreKey.ProfileTags(canonicalId).path())
                    .delete(new StoreKey.ProfileRulesKey(canonicalId).path())
                    .delete(requestKey(canonicalId));
            if (records.write(end.build(), requestKey(canonicalId), Optional.empty())
                    .isPresent()) {
                return true;
            }
        }
        throw Records.tooBusy(requestKey(canonicalId));
    }

    /** Takes the name from the network with that canonical id; false if another or none has it. */
    public boolean releaseName(String name, String canonicalId) {
        Optional<KeyValue> record = store.get(nameKey(name));
        return record.isPresent()
                && readNetwork(record.get()).id().equals(canonicalId)
                && records.delete(nameKey(name), record.get().modRevision());
    }

    /** What the engine of a host knows, by the engine's own id. Damaged records are passed over. */
    public Map<String, HostNetwork> ofHost(String host) {
        Map<String, HostNetwork> byId = new TreeMap<>();
        for (KeyValue record : store.listAll(Keys.hostNetworks(host)).records()) {
            if (Keys.parse(record.key()) instanceof StoreKey.HostNetworkKey key) {
                readHostNetwork(record).ifPresent(network -> byId.put(key.id(), network));
            }
        }
        return byId;
    }

    /** One network as the engine of a host knows it; the id is the engine's own. */
    public Optional<HostNetwork> findOnHost(String host, String id) {
        String key = new StoreKey.HostNetworkKey(host, id).path();
        return store.get(key).map(record -> ModelJson.read(key, record.value(), HostNetwork::fromJson));
    }

    /** Stores a network as the engine of a host knows it. */
    public void putOnHost(String host, String id, HostNetwork network) {
        records.put(new StoreKey.HostNetworkKey(host, id).path(), ModelJson.write(network));
    }

    /** Forgets a network of a host's engine; false if it was not known. */
    public boolean removeFromHost(String host, String id) {
        return records.delete(new StoreKey.HostNetworkKey(host, id).path());
    }

    /** The engine's request that created the network, as text. */
    public Optional<String> findRequest(String id) {
        return store.get(requestKey(id)).map(KeyValue::value);
    }

    /** The ids of all networks whose request is stored, in order. */
    public List<String> requestIds() {
        return store.listAll(Keys.LIBNETWORK_NETWORKS).records().stream()
                .map(record -> Keys.parse(record.key()))
                .filter(StoreKey.LibnetworkNetwork.class::isInstance)
                .map(key -> ((StoreKey.LibnetworkNetwork) key).id())
                .toList();
    }

    /** Stores the engine's request that created the network. */
    public void putRequest(String id, String json) {
        records.put(requestKey(id), json);
    }

    /** Removes the request; false if there was none. */
    public boolean removeRequest(String id) {
        return records.delete(requestKey(id));
    }

    /**
     * Finds the network that a person means: by its name; else by the start of its canonical id or of its id on any host
     * (a whole id is the start of itself). Damaged records are passed over. Reads all networks.
     */
    public NetworkLookup resolve(String nameOrIdPrefix) {
        if (nameOrIdPrefix.isEmpty() || nameOrIdPrefix.indexOf('/') >= 0) {
            return new NetworkLookup.None();
        }
        Map<String, Network> named = new TreeMap<>();
        for (Network network : list().values()) {
            if (network.name().equals(nameOrIdPrefix)) {
                return new NetworkLookup.Found(network);
            }
            named.put(network.id(), network);
        }
        Map<String, Network> matching = matchingOnHosts(nameOrIdPrefix);
        named.forEach((id, network) -> {
            if (id.startsWith(nameOrIdPrefix) || matching.containsKey(id)) {
                matching.put(id, network);
            }
        });
        List<Network> candidates = List.copyOf(matching.values());
        return switch (candidates.size()) {
            case 0 -> new NetworkLookup.None();
            case 1 -> new NetworkLookup.Found(candidates.get(0));
            default -> new NetworkLookup.Ambiguous(candidates);
        };
    }

    /** By canonical id, the networks that a host knows under an id with that start, as far as that host knows them. */
    private Map<String, Network> matchingOnHosts(String idPrefix) {
        Map<String, Network> byCanonicalId = new TreeMap<>();
        for (KeyValue record : store.listAll(Keys.NETWORK_HOSTS).records()) {
            if (Keys.parse(record.key()) instanceof StoreKey.HostNetworkKey key
                    && key.id().startsWith(idPrefix)) {
                readHostNetwork(record)
                        .ifPresent(network -> byCanonicalId.putIfAbsent(
                                network.network(),
                                Network.builder()
                                        .id(network.network())
                                        .name(network.name())
                                        .host(key.host())
                                        .build()));
            }
        }
        return byCanonicalId;
    }

    /** Empty for a damaged record: who asks for a network cannot mend that of another; its own host writes it anew. */
    private static Optional<HostNetwork> readHostNetwork(KeyValue record) {
        try {
            return Optional.of(ModelJson.read(record.key(), record.value(), HostNetwork::fromJson));
        } catch (BadRecordException e) {
            return Optional.empty();
        }
    }

    private static Network readNetwork(KeyValue record) {
        return ModelJson.read(record.key(), record.value(), Network::fromJson);
    }

    private static String nameKey(String name) {
        return new StoreKey.NetworkName(name).path();
    }

    private static String requestKey(String id) {
        return new StoreKey.LibnetworkNetwork(id).path();
    }
}
