package io.calico.libnetwork;

import io.calico.datastore.CalicoStore;
import io.calico.datastore.Config;
import io.calico.datastore.ImportMarker;
import io.calico.datastore.PoolPut;
import io.calico.model.IpPool;
import io.calico.model.Node;
import io.calico.model.SignOfLife;
import io.calico.model.net.Cidr;
import io.calico.model.net.IpAddress;
import io.calico.model.net.IpVersion;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What must be in the datastore before a node can work. */
public final class NodeSetup {
    private static final Logger LOG = LoggerFactory.getLogger(NodeSetup.class);
    private static final Cidr DEFAULT_POOL_4 = Cidr.parse("192.168.0.0/16");
    private static final Cidr DEFAULT_POOL_6 = Cidr.parse("fd80:24e2:f998:72d6::/64");
    private static final String DEFAULT_AS_NUMBER = "64511";

    private NodeSetup() {}

    /** Another host is registered with an address that this one claims. */
    public static final class AddressInUse extends RuntimeException {
        private static final long serialVersionUID = 1L;
        private final transient IpAddress address;
        private final String host;

        AddressInUse(IpAddress address, String host) {
            super("IP address " + address + " is already in use by host " + host
                    + "; if this machine has been renamed, go on with its old name (HOSTNAME=" + host
                    + "), which its endpoints have; else give it another address with --ip, or remove that host:"
                    + " calicoctl node remove there");
            this.address = address;
            this.host = host;
        }

        public IpAddress address() {
            return address;
        }

        /** Who has it. */
        public String host() {
            return host;
        }
    }

    /** Another machine is alive under this host's name. */
    public static final class HostNameInUse extends RuntimeException {
        private static final long serialVersionUID = 1L;

        HostNameInUse(String host, SignOfLife other) {
            super(text(host, other));
        }

        static String text(String host, SignOfLife other) {
            return "host name '" + host + "' is in use by another machine, with IP address "
                    + other.ipv4().map(IpAddress::toString).orElse("unknown") + ", whose node has been alive since "
                    + other.since() + "; give this machine another name: set HOSTNAME, or --hostname";
        }
    }

    /**
     * Writes what a node needs and is not there yet, and registers this host as it is now. Idempotent; safe to run on
     * several hosts at once. Order: default pools (of each IP version that has no pool at all), global settings, the sign
     * that the store is set up, this host.
     *
     * @param options host name, addresses and AS number count; what is empty is blanked in the datastore
     * @return the host as it was registered before; empty if it was not
     * @throws AddressInUse if another host has one of the addresses; nothing was written
     * @throws io.calico.datastore.spi.DatastoreException.Corrupt if an import was broken off; nothing was written
     * @throws HostNameInUse if another machine with another address is alive under this host's name; nothing was written
     */
    public static Optional<Node> firstStart(CalicoStore store, NodeOptions options) {
        ImportMarker.requireNone(store.datastore());
        List<Node> nodes = store.nodes().list().values();
        requireFree(options, nodes);
        requireOwnName(store, options);
        addDefaultPools(store);
        writeGlobals(store.config());
        store.config().setReady();
        store.nodes()
                .put(Node.builder()
                        .name(options.host())
                        .ipv4(options.ipv4())
                        .ipv6(options.ipv6())
                        .asNumber(options.asNumber())
                        .build());
        // Workloads may reach their host, as far as their own rules and the host's firewall let them.
        store.config().setHost(options.host(), "DefaultEndpointToHostAction", "RETURN");
        store.config().setHost(options.host(), "marker", "created");
        return nodes.stream().filter(node -> node.name().equals(options.host())).findFirst();
    }

    /** Not so if this machine's own daemon is alive with another address: that is how addresses are changed. */
    private static void requireOwnName(CalicoStore store, NodeOptions options) {
        Optional<SignOfLife> alive = store.nodes().signOfLife(options.host());
        if (alive.isPresent()
                && !alive.get().machine().equals(Machine.find(options.runDirectory()))
                && !alive.get().ipv4().equals(options.ipv4())) {
            throw new HostNameInUse(options.host(), alive.get());
        }
    }

    private static void requireFree(NodeOptions options, List<Node> nodes) {
        for (Node node : nodes) {
            if (!node.name().equals(options.host())) {
                requireOther(options.ipv4(), node.ipv4(), node.name());
                requireOther(options.ipv6(), node.ipv6(), node.name());
            }
        }
    }

    private static void requireOther(Optional<IpAddress> ours, Optional<IpAddress> theirs, String host) {
        if (ours.isPresent() && ours.equals(theirs)) {
            throw new AddressInUse(ours.get(), host);
        }
    }

    private static void addDefaultPools(CalicoStore store) {
        List<IpPool> pools = store.pools().list().values();
        for (Cidr pool : List.of(DEFAULT_POOL_4, DEFAULT_POOL_6)) {
            if (pools.stream().noneMatch(p -> isOf(p, pool.version()))
                    && store.pools().put(IpPool.of(pool)) instanceof PoolPut.Stored) {
                LOG.info("default pool {} added", pool);
            }
        }
    }

    private static boolean isOf(IpPool pool, IpVersion version) {
        return pool.cidr().version() == version;
    }

    private static void writeGlobals(Config config) {
        config.setBgpIfAbsent("as_num", DEFAULT_AS_NUMBER);
        config.setBgpIfAbsent("node_mesh", "{\"enabled\": true}");
        config.setGlobalIfAbsent("InterfacePrefix", "cali");
        config.setGlobalIfAbsent("IpInIpEnabled", "false");
        config.setGlobalIfAbsent("LogFilePath", "none");
        config.setGlobalIfAbsent("LogSeverityFile", "none");
        config.setGlobalIfAbsent("LogSeverityScreen", "info");
    }
}
