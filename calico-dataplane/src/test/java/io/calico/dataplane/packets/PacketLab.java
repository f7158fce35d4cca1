package io.calico.dataplane.packets;

import io.calico.dataplane.WorkloadInterface;
import io.calico.dataplane.linux.iptables.ForwardAcceptRule;
import io.calico.dataplane.linux.nft.NftKernel;
import io.calico.dataplane.linux.nft.NftPolicyDriver;
import io.calico.dataplane.linux.nft.TableContent;
import io.calico.dataplane.testing.FreshNetwork;
import io.calico.dataplane.testing.Tool;
import io.calico.model.net.IpAddress;
import io.calico.model.net.MacAddress;
import io.calico.policy.testkit.Fixture;
import io.calico.policy.testkit.Place;
import io.calico.policy.testkit.PolicyState;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;

/**
 * The host of the {@link Fixture} in a network namespace of its own, with every interface that the fixture names and our
 * table on it.
 *
 * <pre>
 *   far ends     f-cali1 … f-cali99      f-eth0        f-docker0 (behind the bridge)
 *                   │         │             │               │
 *   host          cali1 …  cali99         eth0           docker0
 *              /32 routes, neighbours  172.30.0.10/24   172.17.0.1/16
 * </pre>
 *
 * The far ends have no addresses, and the host's neighbours have MACs that are not theirs: what comes there is seen by the
 * sniffer and answered by nobody. Reverse path filters are off, so that only our table knows who may send what.
 */
final class PacketLab implements AutoCloseable {
    static final MacAddress UPLINK_MAC = MacAddress.parse("02:00:00:00:00:10");
    static final MacAddress BRIDGE_MAC = MacAddress.parse("02:00:00:00:00:17");

    /** Of whatever is behind the uplink or the bridge. */
    static final MacAddress FAR_MAC = MacAddress.parse("02:00:00:00:00:fa");

    private static final String BRIDGE = "docker0";
    private static final String BRIDGE_PORT = "vdocker";

    private final FreshNetwork network = FreshNetwork.open();
    private final Map<String, Integer> farEnds = new HashMap<>();
    private final Queue<Arrival> arrivals = new ConcurrentLinkedQueue<>();
    private final NftKernel nft = network.call(NftKernel::open);
    private final NftPolicyDriver driver = new NftPolicyDriver(nft);
    private final PacketSocket socket;
    private final Thread sniffer = new Thread(this::sniff, "calico-test-sniffer-1");
    private volatile boolean closed;

    /**
     * A frame that left the host.
     *
     * @param from the interface through which it left
     */
    @SuppressWarnings("ArrayRecordComponent") // Never compared.
    record Arrival(String from, byte[] frame) {
        boolean holds(byte[] part) {
            // Both as one character a byte.
            return new String(frame, StandardCharsets.ISO_8859_1)
                    .contains(new String(part, StandardCharsets.ISO_8859_1));
        }
    }

    /** What else filters forwarded packets on the host. */
    enum Filter {
        NONE,
        /** Docker's rules, written by iptables-nft. */
        DOCKER_NFT,
        /** Docker's rules, written by iptables-legacy. */
        DOCKER_LEGACY
    }

    PacketLab(Filter filter) {
        network.run(() -> {
            setUpLinks();
            setUpFilter(filter);
            List<String> problems = ForwardAcceptRule.ensure().problems();
            if (!problems.isEmpty()) {
                throw new AssertionError(problems);
            }
            findFarEnds();
        });
        socket = network.call(PacketSocket::open);
        sniffer.setDaemon(true);
        sniffer.start();
    }

    private static void setUpLinks() {
        Tool.run("sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0"
                + " net.ipv6.conf.all.forwarding=1 net.ipv6.conf.default.accept_dad=0");
        List<String> commands = new ArrayList<>(List.of("link set lo up"));
        for (Place place : Fixture.places()) {
            if (place.interfaceName().startsWith(WorkloadInterface.PREFIX)) {
                addLink(commands, place.interfaceName(), WorkloadInterface.HOST_MAC);
                commands.add("addr add 169.254.1.1/32 dev " + place.interfaceName() + " scope link");
            }
        }
        addLink(commands, Fixture.UPLINK, UPLINK_MAC);
        addLink(commands, BRIDGE_PORT, MacAddress.parse("02:00:00:00:00:18"));
        commands.addAll(List.of(
                "link add " + BRIDGE + " type bridge",
                "link set " + BRIDGE + " address " + BRIDGE_MAC + " up",
                "link set " + BRIDGE_PORT + " master " + BRIDGE,
                "addr add 172.30.0.10/24 dev eth0",
                "addr add fd00:30::10/64 dev eth0 nodad",
                "addr add 172.17.0.1/16 dev docker0",
                "neigh replace 172.30.0.11 lladdr " + FAR_MAC + " dev eth0 nud permanent",
                "neigh replace 172.17.0.2 lladdr " + FAR_MAC + " dev docker0 nud permanent",
                "route add default via 172.30.0.11",
                "route add 10.65.1.0/26 via 172.30.0.11"));
        Fixture.places().stream()
                .filter(place -> place.interfaceName().startsWith(WorkloadInterface.PREFIX)
                        && place.host().equals(Fixture.HOST))
                .forEach(place -> addWorkload(commands, place));
        ip(commands);
    }

    private static void addLink(List<String> commands, String name, MacAddress mac) {
        commands.add("link add " + name + " type veth peer name f-" + name);
        commands.add("link set f-" + name + " arp off up");
        commands.add("link set " + name + " address " + mac + " up");
    }

    private static void addWorkload(List<String> commands, Place place) {
        String name = place.interfaceName();
        for (IpAddress address : place.addresses()) {
            MacAddress mac = Fixture.mac(place.name());
            commands.add("neigh replace " + address + " lladdr " + mac + " dev " + name + " nud permanent");
            commands.add(
                    address.isV4()
                            ? "route replace " + address + "/32 dev " + name + " src 172.30.0.10"
                            : "route replace " + address + "/128 dev " + name);
        }
    }

    private static void ip(List<String> commands) {
        try {
            Path file = Files.createTempFile("calico-lab", ".batch");
            Files.writeString(file, String.join("\n", commands) + "\n");
            Tool.run("ip -batch " + file);
            Files.delete(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void setUpFilter(Filter filter) {
        if (filter == Filter.NONE) {
            return;
        }
        String variant = filter == Filter.DOCKER_LEGACY ? "-legacy" : "";
        Tool.run("ip6tables" + variant + " -P FORWARD DROP");
        for (String rule : List.of(
                "-P FORWARD DROP",
                "-N DOCKER-USER",
                "-A DOCKER-USER -j RETURN",
                "-N DOCKER",
                "-A FORWARD -j DOCKER-USER",
                "-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
                "-A FORWARD -o docker0 -j DOCKER",
                "-A FORWARD -i docker0 ! -o docker0 -j ACCEPT",
                "-A FORWARD -i docker0 -o docker0 -j ACCEPT")) {
            Tool.run("iptables" + variant + " " + rule);
        }
    }

    private void findFarEnds() {
        for (var node : Tool.json("ip -j link show")) {
            String name = node.get("ifname").asText();
            if (name.startsWith("f-")) {
                String host = name.substring(2);
                farEnds.put(
                        host.equals(BRIDGE_PORT) ? BRIDGE : host,
                        node.get("ifindex").asInt());
            }
        }
    }

    /** Runs something in the host's namespace. */
    <T> T onHost(Callable<T> task) {
        return network.call(task);
    }

    /** The host enforces what one of the fixture's hosts must, in that state. */
    void enforce(PolicyState state, String host, Set<String> uplinks) {
        network.run(() -> driver.apply(TableContent.of(state.policyOf(host), state.toHost(), uplinks)));
    }

    /** The host enforces the same state again, as an agent does that has just started. */
    void startAgain(PolicyState state) {
        network.run(driver::forget);
        enforce(state, Fixture.HOST, Set.of(Fixture.UPLINK));
    }

    /** Puts a frame on the far end of an interface: the host receives it on that interface. */
    void send(String interfaceName, byte[] frame) {
        Integer index = farEnds.get(interfaceName);
        if (index == null) {
            throw new IllegalArgumentException("no interface " + interfaceName + " among " + farEnds.keySet());
        }
        socket.send(index, frame);
    }

    private void sniff() {
        Map<Integer, String> names = new HashMap<>();
        farEnds.forEach((name, index) -> names.put(index, name));
        while (!closed) {
            socket.receive().ifPresent(received -> {
                String name = names.get(received.interfaceIndex());
                if (name != null) {
                    arrivals.add(new Arrival(name, received.bytes()));
                }
            });
        }
        socket.close();
    }

    /** The first frame of that kind that has left the host since it was made, as soon as there is one, or by the limit. */
    Optional<Arrival> await(Duration limit, Predicate<Arrival> kind) {
        long end = System.nanoTime() + limit.toNanos();
        while (true) {
            Optional<Arrival> found = arrivals.stream().filter(kind).findFirst();
            if (found.isPresent() || System.nanoTime() - end >= 0) {
                return found;
            }
            rest();
        }
    }

    /** How many frames of that kind have left the host, as soon as there are as many as that, or by the limit. */
    long awaitCount(Duration limit, Predicate<Arrival> kind, long count) {
        long end = System.nanoTime() + limit.toNanos();
        while (true) {
            long found = arrivals.stream().filter(kind).count();
            if (found >= count || System.nanoTime() - end >= 0) {
                return found;
            }
            rest();
        }
    }

    /** The machine may have one CPU, and the frames need it more. */
    private static void rest() {
        LockSupport.parkNanos(1_000_000);
    }

    @Override
    public void close() {
        closed = true;
        nft.close();
        network.close();
    }
}
