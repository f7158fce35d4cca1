package io.calico.dataplane.linux;

import io.calico.dataplane.Agent;
import io.calico.dataplane.AgentOptions;
import io.calico.dataplane.WorkloadInterface;
import io.calico.dataplane.testing.FreshNetwork;
import io.calico.dataplane.testing.Sandbox;
import io.calico.dataplane.testing.Tool;
import io.calico.datastore.CalicoStore;
import io.calico.datastore.StoreKey;
import io.calico.datastore.memory.MemoryDatastore;
import io.calico.datastore.spi.Transaction;
import io.calico.model.EndpointKey;
import io.calico.model.EndpointState;
import io.calico.model.IpPool;
import io.calico.model.Node;
import io.calico.model.Profile;
import io.calico.model.VxlanTunnel;
import io.calico.model.WorkloadEndpoint;
import io.calico.model.net.Cidr;
import io.calico.model.net.IpAddress;
import io.calico.model.net.MacAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.locks.LockSupport;

/**
 * Several hosts in network namespaces, each with a dataplane and an agent, and one datastore in memory.
 *
 * <pre>
 *   h1 eth0 172.30.0.1/24 ──┐
 *   h2 eth0 172.30.0.2/24 ──┴─ bridge ── router (knows no workload) ── h3 eth0 172.30.1.3/24
 *   IPv6: fd30:0::1/64, fd30:0::2/64, fd30:1::3/64
 * </pre>
 */
final class ClusterLab implements AutoCloseable {
    static final Duration LONG = Duration.ofSeconds(20);
    /** No look at everything during a test: what is mended was told of. */
    private static final AgentOptions OPTIONS =
            AgentOptions.builder().refreshInterval(Duration.ofHours(1)).build();

    final MemoryDatastore datastore = new MemoryDatastore();
    final CalicoStore store = new CalicoStore(datastore);
    private final FreshNetwork router = FreshNetwork.open();
    private final Map<String, Host> hosts = new TreeMap<>();
    private final List<FreshNetwork> strangers = new ArrayList<>();
    private int workloads;

    ClusterLab() {
        router.run(() -> {
            Tool.run("ip link set lo up");
            Tool.run("sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1"
                    + " net.ipv6.conf.default.accept_dad=0");
            for (int subnet = 0; subnet < 2; subnet++) {
                Tool.run("ip link add br" + subnet + " type bridge");
                Tool.run("ip link set br" + subnet + " up");
                Tool.run("ip addr add 172.30." + subnet + ".254/24 dev br" + subnet);
                Tool.run("ip addr add fd30:" + subnet + "::fe/64 dev br" + subnet + " nodad");
            }
        });
        store.profiles().create(Profile.defaults("WEB"));
    }

    /** One host, whose node record is written. */
    final class Host {
        final String name;
        final int number;
        final int subnet;
        final FreshNetwork network = FreshNetwork.open();
        final List<Sandbox> sandboxes = new ArrayList<>();
        LinuxDataplane dataplane;
        Agent agent;

        private Host(int number, int subnet) {
            this.number = number;
            this.subnet = subnet;
            this.name = "h" + number;
            attach(network, number, subnet);
            store.nodes()
                    .put(Node.builder()
                            .name(name)
                            .ipv4(address())
                            .ipv6(address6())
                            .build());
        }

        IpAddress address() {
            return ClusterLab.address(number, subnet);
        }

        IpAddress address6() {
            return ClusterLab.address6(number, subnet);
        }

        void start() {
            network.run(() -> {
                dataplane = LinuxDataplane.open(List.of(address(), address6()));
                agent = new Agent(datastore, name, dataplane, OPTIONS);
                agent.start();
            });
            try {
                if (!agent.awaitInSync(LONG)) {
                    throw new AssertionError("not in sync: " + agent.status());
                }
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
        }

        void stop() {
            agent.close();
            dataplane.close();
        }

        /** Publishes its end of the VXLAN tunnel, as the node daemon would. */
        void publishTunnel(String address, String address6) {
            put(
                    new StoreKey.HostVxlan(name),
                    VxlanTunnel.builder()
                            .ipv4(IpAddress.parse(address))
                            .ipv6(IpAddress.parse(address6))
                            .mac(MacAddress.of(0x660000000000L + number))
                            .host(address())
                            .build()
                            .toJson()
                            .toString());
        }

        /** Whether the kernel has the module, which is loaded if so. */
        boolean canMakeIpIp() {
            return network.call(() -> {
                try {
                    Tool.run("ip link add ipip-test type ipip");
                    Tool.run("ip link del ipip-test");
                    return true;
                } catch (AssertionError e) {
                    return false;
                }
            });
        }

        String run(String command) {
            return network.call(() -> Tool.run(command));
        }

        /** Connects a workload with an address of IPv4, as the plugin would. */
        Sandbox connect(String address) {
            return connect(address, List.of(IpAddress.parse(address)));
        }

        /** Connects a workload with an address of each version. */
        Sandbox connect(String address, String address6) {
            return connect(address, List.of(IpAddress.parse(address), IpAddress.parse(address6)))
                    .withIpv6(address6);
        }

        private Sandbox connect(String address, List<IpAddress> addresses) {
            String id = "w" + workloads++;
            EndpointKey key = new EndpointKey(name, "libnetwork", "libnetwork", id);
            MacAddress mac = MacAddress.of(0xeeeeee000000L + workloads);
            long revision = store.endpoints()
                    .put(
                            key,
                            WorkloadEndpoint.builder()
                                    .state(EndpointState.ACTIVE)
                                    .interfaceName("cali" + id)
                                    .mac(mac)
                                    .addProfileIds("WEB")
                                    .build()
                                    .withAddresses(addresses));
            agent.join(
                    key,
                    WorkloadInterface.builder()
                            .hostName("cali" + id)
                            .containerName("tmp" + id)
                            .containerMac(mac)
                            .addresses(addresses)
                            .mtuBytes(agent.workloadMtuBytes())
                            .build(),
                    revision,
                    LONG);
            hosts.values().forEach(host -> host.awaitEnforced(revision));
            Sandbox sandbox = network.call(() -> Sandbox.around("tmp" + id, address));
            sandboxes.add(sandbox);
            return sandbox;
        }

        /** Until then this host takes a workload of another one for a stranger. */
        private void awaitEnforced(long revision) {
            long end = System.nanoTime() + LONG.toNanos();
            while (agent != null && agent.isAlive() && agent.status().revision() < revision) {
                if (System.nanoTime() > end) {
                    throw new AssertionError(name + " has not enforced revision " + revision + ": " + agent.status());
                }
                LockSupport.parkNanos(1_000_000);
            }
        }

        private void close() {
            stop();
            sandboxes.forEach(Sandbox::close);
            network.close();
        }
    }

    private static IpAddress address(int number, int subnet) {
        return IpAddress.parse("172.30." + subnet + "." + number);
    }

    private static IpAddress address6(int number, int subnet) {
        return IpAddress.parse("fd30:" + subnet + "::" + number);
    }

    private void attach(FreshNetwork network, int number, int subnet) {
        router.run(() -> {
            Tool.run("ip link add up" + number + " type veth peer name eth0 netns " + network.threadId());
            Tool.run("ip link set up" + number + " master br" + subnet + " up");
        });
        network.run(() -> {
            Tool.run("ip link set lo up");
            Tool.run("ip addr add " + address(number, subnet) + "/24 dev eth0");
            Tool.run("ip addr add " + address6(number, subnet) + "/64 dev eth0 nodad");
            Tool.run("ip link set eth0 up");
            Tool.run("ip route add default via 172.30." + subnet + ".254");
            Tool.run("ip route add default via fd30:" + subnet + "::fe");
        });
    }

    /** A machine beside the hosts of which no record tells, with the address that a host of that number would have. */
    FreshNetwork stranger(int number, int subnet) {
        FreshNetwork network = FreshNetwork.open();
        strangers.add(network);
        attach(network, number, subnet);
        return network;
    }

    /** A new host, not started. */
    Host host(int number, int subnet) {
        Host host = new Host(number, subnet);
        hosts.put(host.name, host);
        return host;
    }

    /** Stores the pool with that option of VXLAN; empty: none. */
    void pool(String cidr, String vxlan) {
        IpPool.Builder pool = IpPool.builder().cidr(Cidr.parse(cidr));
        if (!vxlan.isEmpty()) {
            pool.vxlan(vxlan);
        }
        pool(pool.build());
    }

    void pool(IpPool pool) {
        put(new StoreKey.Pool(pool.cidr()), pool.toJson().toString());
    }

    /** The host has the block, confirmed. */
    void give(String block, Host host) {
        put(new StoreKey.Affinity(host.name, Cidr.parse(block)), "{\"state\":\"confirmed\"}");
    }

    /** Workloads accept only each other's packets. */
    void allowEachOther() {
        put(
                new StoreKey.ProfileRulesKey("WEB"),
                "{\"inbound_rules\":[{\"action\":\"allow\",\"src_tag\":\"WEB\"}],"
                        + "\"outbound_rules\":[{\"action\":\"allow\"}]}");
    }

    /** Workloads talk to everybody, not only to each other. */
    void allowAll() {
        put(
                new StoreKey.ProfileRulesKey("WEB"),
                "{\"inbound_rules\":[{\"action\":\"allow\"}],\"outbound_rules\":[{\"action\":\"allow\"}]}");
    }

    void put(StoreKey key, String value) {
        datastore.commit(Transaction.builder().put(key.path(), value).build());
    }

    void delete(StoreKey key) {
        datastore.commit(Transaction.builder().delete(key.path()).build());
    }

    @Override
    public void close() {
        hosts.values().forEach(Host::close);
        strangers.forEach(FreshNetwork::close);
        router.close();
        datastore.close();
    }
}
