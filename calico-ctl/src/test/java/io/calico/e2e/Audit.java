package io.calico.e2e;

import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import io.calico.datastore.CalicoStore;
import io.calico.datastore.Datastores;
import io.calico.datastore.EndpointFilter;
import io.calico.datastore.StoredEndpoint;
import io.calico.datastore.spi.Datastore;
import io.calico.datastore.spi.KeyValue;
import io.calico.ipam.AddressInfo;
import io.calico.ipam.BlockAllocator;
import io.calico.ipam.Owner;
import io.calico.model.WorkloadEndpoint;
import io.calico.model.net.Cidr;
import io.calico.model.net.IpAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.awaitility.core.ConditionTimeoutException;

/**
 * Compares what engine, datastore and kernel of one host hold of its containers, each read by itself (of other hosts, only
 * that their addresses are members of the tags' sets here):
 *
 * <pre>
 *   engine: connection of a running container     ↔  datastore: endpoint with its address, MAC, network
 *   datastore: endpoint                           ↔  IPAM: address assigned, and to this endpoint
 *   datastore: endpoint                           ↔  kernel: members of src4, mac, policy_of, of the sets of tags; the chains
 *   datastore: endpoint of a running container    ↔  kernel: link up in its group, gateway, /32 route, neighbour
 *   engine: network                               ↔  datastore: request, profile
 * </pre>
 *
 * What is missing or contradicts is wrong at any time, for the daemon mends it at its start. What is left over is wrong only
 * when the reconciler has been there: calls that an engine gives up leave records behind.
 */
final class Audit {
    private static final String BLOCKS = "/calico/ipam/v2/assignment/ipv4/block/";

    /** Chains of networks that have no container just now stay for the next one, up to so many networks. */
    private static final int MOST_UNUSED_LISTS = 16;

    private final List<String> wrong = new ArrayList<>();
    private final List<String> leftOver = new ArrayList<>();
    private final EngineView engine;
    private final KernelView kernel;
    private final Map<String, WorkloadEndpoint> stored = new TreeMap<>();
    private final List<WorkloadEndpoint> ofOtherHosts = new ArrayList<>();
    private final Map<String, RunningEndpoint> running = new TreeMap<>();

    private Audit(VirtualHost host, EngineView engine) {
        this.engine = engine;
        this.kernel = KernelView.of(host);
        String uri = "unix:" + host.path("/run/calico/datastore.sock");
        try (Datastore datastore = Datastores.open(uri)) {
            compare(new CalicoStore(datastore), host.name());
        }
    }

    /** An audit of this moment; the engine must answer and the daemon run. */
    static Audit of(VirtualHost host) {
        return new Audit(host, EngineView.of(host));
    }

    /** As {@link #of(VirtualHost)}, where the caller has played the engine. */
    static Audit of(VirtualHost host, EngineView engine) {
        return new Audit(host, engine);
    }

    /** Waits until nothing is wrong, and fails with the differences and the logs if that takes longer. */
    static Audit awaitNothingWrong(VirtualHost host, Duration limit) {
        Audit[] last = new Audit[1];
        try {
            await().atMost(limit).pollInterval(Duration.ofMillis(300)).until(() -> {
                last[0] = of(host);
                return last[0].wrong.isEmpty();
            });
        } catch (ConditionTimeoutException e) {
            throw new AssertionError("audit: wrong\n  " + String.join("\n  ", last[0].wrong) + "\n" + host.logs(60), e);
        }
        return last[0];
    }

    /** Waits until nothing is wrong and nothing left over, and fails with the differences and the logs if that takes longer. */
    static void awaitNothingLeftOver(VirtualHost host, Duration limit) {
        Audit[] last = new Audit[1];
        try {
            await().atMost(limit).pollInterval(Duration.ofMillis(300)).until(() -> {
                last[0] = of(host);
                return last[0].wrong.isEmpty() && last[0].leftOver.isEmpty();
            });
        } catch (ConditionTimeoutException e) {
            throw new AssertionError("audit:\n  " + last[0] + "\n" + host.logs(60), e);
        }
    }

    /** What is missing or contradicts, a line each. */
    List<String> wrong() {
        return wrong;
    }

    /** What nobody uses any more, a line each. */
    List<String> leftOver() {
        return leftOver;
    }

    /** What the engine said. */
    EngineView engine() {
        return engine;
    }

    private void compare(CalicoStore store, String hostName) {
        for (StoredEndpoint endpoint :
                store.endpoints().list(EndpointFilter.all()).values()) {
            if (endpoint.key().host().equals(hostName)) {
                stored.put(endpoint.key().endpoint(), endpoint.value());
            } else {
                ofOtherHosts.add(endpoint.value());
            }
        }
        engine.endpoints().forEach(endpoint -> running.put(endpoint.endpointId(), endpoint));
        compareEngine();
        compareNetworks(store);
        compareAddresses(store, hostName);
        compareTable();
        compareTags(store);
        compareLinks();
    }

    private void compareEngine() {
        running.forEach((id, endpoint) -> {
            WorkloadEndpoint record = stored.get(id);
            if (record == null) {
                wrong.add("container without endpoint record: " + endpoint);
                return;
            }
            String inStore = address(record) + " " + record.mac() + " " + record.profileIds();
            String inEngine = endpoint.address() + " " + endpoint.mac() + " [" + endpoint.networkId() + "]";
            if (!inStore.equals(inEngine)) {
                wrong.add("engine and record differ: " + inEngine + " and " + inStore + " of " + id);
            }
        });
        stored.keySet().stream()
                .filter(id -> !running.containsKey(id))
                .forEach(id -> leftOver.add("endpoint record " + id + " " + address(stored.get(id))));
    }

    private static String address(WorkloadEndpoint record) {
        return record.addresses().stream().map(IpAddress::toString).collect(Collectors.joining(","));
    }

    private void compareNetworks(CalicoStore store) {
        Set<String> profiles = store.profiles().list().values().stream()
                .map(profile -> profile.name())
                .collect(Collectors.toCollection(TreeSet::new));
        Set<String> requests = new TreeSet<>(store.networks().requestIds());
        same("network record", engine.networkIds(), requests, "engine", "datastore");
        same("profile", engine.networkIds(), profiles, "engine", "datastore");
    }

    private void compareAddresses(CalicoStore store, String hostName) {
        Map<IpAddress, AddressInfo> infos = new BlockAllocator(store.datastore(), hostName)
                .addressesOwnedOn(hostName).stream()
                        .collect(Collectors.toMap(AddressInfo::address, Function.identity()));
        Map<String, String> owners = new HashMap<>();
        stored.forEach((id, record) -> owners.put(address(record), id));
        for (IpAddress address : assigned(store.datastore())) {
            Optional<Owner> owner = Optional.ofNullable(infos.get(address)).flatMap(AddressInfo::owner);
            if (owner.map(Owner::kind).equals(Optional.of(Owner.NETWORK))
                    || owner.map(Owner::node)
                            .filter(node -> !node.equals(hostName))
                            .isPresent()) {
                continue;
            }
            String endpoint = owners.remove(address.toString());
            if (endpoint == null) {
                leftOver.add("address " + address + " of " + owner);
            } else if (!owner.equals(Optional.of(Owner.endpoint(hostName, endpoint)))) {
                wrong.add("address " + address + " of endpoint " + endpoint + " is bound to " + owner);
            }
        }
        owners.forEach((address, id) -> wrong.add("address " + address + " of endpoint " + id + " is not assigned"));
    }

    private static List<IpAddress> assigned(Datastore datastore) {
        List<IpAddress> addresses = new ArrayList<>();
        for (KeyValue block : datastore.listAll(BLOCKS).records()) {
            JsonNode json = EngineView.read(block.value());
            IpAddress first = Cidr.parse(json.get("cidr").asText()).first();
            JsonNode allocations = json.get("allocations");
            for (int i = 0; i < allocations.size(); i++) {
                if (!allocations.get(i).isNull()) {
                    addresses.add(first.plus(i));
                }
            }
        }
        return addresses;
    }

    private void compareTable() {
        Set<String> sources = new TreeSet<>();
        Set<String> macs = new TreeSet<>();
        Map<String, String> chains = new TreeMap<>();
        Map<String, List<String>> bySandbox = stored.values().stream()
                .filter(record -> record.sandbox().isPresent())
                .collect(Collectors.groupingBy(
                        record -> record.sandbox().get(), Collectors.mapping(Audit::address, Collectors.toList())));
        stored.forEach((id, record) -> {
            String name = record.interfaceName();
            macs.add(name + " " + record.mac());
            // The endpoints of a sandbox may use each other's addresses.
            record.sandbox()
                    .map(bySandbox::get)
                    .orElse(List.of(address(record)))
                    .forEach(source -> sources.add(name + " " + source));
            chains.put(name, "l-" + record.profileIds().get(0));
        });
        same("source address", sources, kernel.sets().get("src4"), "datastore", "nftables");
        same("source MAC", macs, kernel.sets().get("mac"), "datastore", "nftables");
        same("policy of", chains.keySet(), kernel.maps().get("policy_of").keySet(), "datastore", "nftables");
        chains.forEach(this::compareChain);
        Set<String> lists = new TreeSet<>();
        chains.values().forEach(chain -> lists.addAll(List.of(chain + "-in", chain + "-out")));
        Set<String> listChains = kernel.policyChains().stream()
                .filter(chain -> chain.startsWith("l-"))
                .collect(Collectors.toSet());
        lists.stream()
                .filter(chain -> !listChains.contains(chain))
                .forEach(chain -> wrong.add("chain " + chain + " is missing"));
        if (listChains.size() > lists.size() + 2 * MOST_UNUSED_LISTS) {
            wrong.add("more chains are kept than may be: " + listChains);
        }
    }

    /**
     * Every set of a tag that is there has exactly the tag's members, whether a rule reads it or not; and it is there if a
     * local endpoint's rules read it. A profile carries the tag of its own name, and its rules read it, until they go with
     * its network.
     */
    private void compareTags(CalicoStore store) {
        Map<String, Set<String>> members = new TreeMap<>();
        store.profiles()
                .list()
                .values()
                .forEach(profile -> stored.values().stream()
                        .filter(record -> record.profileIds().contains(profile.name()))
                        .forEach(record -> members.computeIfAbsent("t4_" + profile.name(), t -> new TreeSet<>())
                                .add(address(record))));
        Map<String, Set<String>> present = new TreeMap<>(kernel.sets());
        present.keySet().removeIf(set -> !set.startsWith("t4_"));
        present.keySet().forEach(set -> members.putIfAbsent(set, new TreeSet<>()));
        ofOtherHosts.forEach(
                other -> members.computeIfPresent("t4_" + other.profileIds().get(0), (tag, addresses) -> {
                    addresses.add(address(other));
                    return addresses;
                }));
        members.forEach((set, addresses) ->
                same("member of " + set, addresses, present.getOrDefault(set, Set.of()), "datastore", "nftables"));
    }

    private void compareChain(String name, String chain) {
        String number = kernel.maps().get("policy_of").get(name);
        String out = kernel.maps().get("from_policy").get(number);
        String in = kernel.maps().get("to_policy").get(number);
        if (!(chain + "-out").equals(out) || !(chain + "-in").equals(in)) {
            wrong.add("interface " + name + " has the chains " + out + " and " + in + ", not those of " + chain);
        }
    }

    private void compareLinks() {
        Set<String> routes = new TreeSet<>();
        Set<String> neighbours = new TreeSet<>();
        Set<String> known = new TreeSet<>();
        stored.forEach((id, record) -> {
            String name = record.interfaceName();
            known.add(name);
            if (!running.containsKey(id)) {
                if (kernel.links().containsKey(name)) {
                    leftOver.add("interface " + name);
                }
                return;
            }
            if (!Objects.equals(kernel.links().get(name), KernelView.LIVE_GROUP)) {
                wrong.add("interface " + name + " of " + running.get(id) + " is "
                        + (kernel.links().containsKey(name)
                                ? "in group " + kernel.links().get(name)
                                : kernel.linksDown().containsKey(name) ? "down" : "missing"));
            }
            String gateway = record.ipv4Gateway().map(g -> g + "/32").orElse("none");
            if (!gateway.equals(kernel.gateways().get(name))) {
                wrong.add("interface " + name + " has the addresses "
                        + kernel.gateways().get(name) + ", not " + gateway);
            }
            for (IpAddress address : record.addresses()) {
                routes.add(address + " dev " + name);
                neighbours.add(address + " dev " + name + " lladdr " + record.mac());
            }
        });
        compareRoutes("route", routes, kernel.routes(), known);
        compareRoutes("neighbour", neighbours, kernel.neighbours(), known);
        kernel.links().forEach((name, group) -> {
            if (!known.contains(name)) {
                wrong.add("interface " + name + " is up without a record");
            }
        });
        kernel.linksDown().forEach((name, group) -> leftOver.add("interface " + name + ", down, of group " + group));
    }

    private void compareRoutes(String what, Set<String> expected, Set<String> present, Set<String> known) {
        for (String one : expected) {
            if (!present.contains(one)) {
                wrong.add(what + " missing: " + one);
            }
        }
        for (String one : present) {
            if (!expected.contains(one)) {
                boolean ofRecord = known.contains(one.split(" ", -1)[2]);
                (ofRecord ? leftOver : wrong).add(what + " left over: " + one);
            }
        }
    }

    private void same(String what, Set<String> left, Set<String> right, String leftName, String rightName) {
        left.stream()
                .filter(one -> !right.contains(one))
                .forEach(one -> wrong.add(what + " " + one + " is in " + leftName + ", not in " + rightName));
        right.stream()
                .filter(one -> !left.contains(one))
                .forEach(one -> wrong.add(what + " " + one + " is in " + rightName + ", not in " + leftName));
    }

    @Override
    public String toString() {
        return "wrong: " + String.join("\n  ", wrong) + "\n  left over: " + String.join("\n  ", leftOver);
    }
}
