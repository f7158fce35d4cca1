package io.calico.dataplane.packets;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.calico.dataplane.WorkloadInterface;
import io.calico.dataplane.packets.Frame.Tcp;
import io.calico.dataplane.packets.PacketLab.Arrival;
import io.calico.dataplane.packets.PacketLab.Filter;
import io.calico.dataplane.testing.RequiresNetworks;
import io.calico.dataplane.testing.Tool;
import io.calico.model.ProfileRules;
import io.calico.model.net.IpAddress;
import io.calico.model.net.MacAddress;
import io.calico.model.rule.Protocol;
import io.calico.model.rule.RuleParser;
import io.calico.policy.Packet;
import io.calico.policy.testkit.DecisionTable;
import io.calico.policy.testkit.Fixture;
import io.calico.policy.testkit.PolicyState;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Rows of the decision table that take several packets, and what else only flows can show; beside Docker's filter. */
@RequiresNetworks
class FlowsIT {
    private static final Duration LONG = Duration.ofSeconds(5);
    private static final Duration SHORT = Duration.ofMillis(80);
    private static final Set<String> UPLINKS = Set.of(Fixture.UPLINK);
    private static final IpAddress HOST = IpAddress.parse("172.30.0.10");
    private static final IpAddress X = Fixture.place("X").addresses().get(0);

    private PacketLab lab;
    private int tokens;

    @BeforeEach
    void open() {
        lab = new PacketLab(Filter.DOCKER_NFT);
        lab.enforce(Fixture.state(), Fixture.HOST, UPLINKS);
    }

    @AfterEach
    void close() {
        lab.close();
    }

    private static IpAddress address(String place) {
        return Fixture.place(place).addresses().get(0);
    }

    private static Packet tcp(String from, int fromPort, String to, int toPort) {
        return Packet.withPorts(Protocol.TCP, address(from), fromPort, address(to), toPort);
    }

    private byte[] token() {
        return "calico-flow-%06d.".formatted(++tokens).getBytes(StandardCharsets.US_ASCII);
    }

    private void sendFrom(String place, Packet packet, Tcp tcp, byte[] payload) {
        lab.send(
                Fixture.place(place).interfaceName(),
                Frame.of(WorkloadInterface.HOST_MAC, Fixture.mac(place), packet, tcp, payload));
    }

    private void sendFromUplink(Packet packet, byte[] payload) {
        lab.send(Fixture.UPLINK, Frame.of(PacketLab.UPLINK_MAC, PacketLab.FAR_MAC, packet, payload));
    }

    /** Sends it with a payload of its own; where it came out. */
    private Optional<Arrival> sent(String place, Packet packet, Tcp tcp, Duration limit) {
        byte[] token = token();
        sendFrom(place, packet, tcp, token);
        return lab.await(limit, a -> a.holds(token));
    }

    private static Packet reply(Packet packet) {
        IpAddress from = packet.destination();
        IpAddress to = packet.source();
        int fromPort = packet.destinationPort().orElseThrow();
        int toPort = packet.sourcePort().orElseThrow();
        return Packet.withPorts(packet.protocol(), from, fromPort, to, toPort);
    }

    /** Opens a flow between two workloads with the three packets that this takes. */
    private Packet openFlow(String from, int fromPort, String to, int toPort) {
        Packet packet = tcp(from, fromPort, to, toPort);
        sendFrom(from, packet, new Tcp(Frame.SYN, 1000, 0), new byte[0]);
        sendFrom(to, reply(packet), new Tcp(Frame.SYN | Frame.ACK, 5000, 1001), new byte[0]);
        sendFrom(from, packet, new Tcp(Frame.ACK, 1001, 5001), new byte[0]);
        return packet;
    }

    private static Tcp data(int sequence) {
        return new Tcp(Frame.ACK | Frame.PSH, sequence, 5001);
    }

    @Test
    void row46ReplyOfAnAllowedFlowPassesThoughNoRuleAllowsIt() {
        Packet packet = tcp("A", 40001, "L", 22);
        assertThat(sent("A", packet, Tcp.SYN_ONLY, LONG)).isPresent();

        assertThat(sent("L", reply(packet), new Tcp(Frame.SYN | Frame.ACK, 5000, 1018), LONG))
                .hasValueSatisfying(a -> assertThat(a.from()).isEqualTo("cali1"));
    }

    @Test
    void row56RoutersWordAboutAFlowReachesTheWorkload() {
        Optional<Arrival> outside = sent("A", tcp("A", 40001, "X", 80), Tcp.SYN_ONLY, LONG);
        byte[] quoted = Arrays.copyOf(Frame.ipBytes(outside.orElseThrow().frame()), 28);
        Packet word = Packet.icmp(IpAddress.parse("172.30.0.11"), HOST, 3, 4);

        sendFromUplink(word, quoted);

        Packet translated = Packet.icmp(IpAddress.parse("172.30.0.11"), address("A"), 3, 4);
        assertThat(lab.await(
                        LONG,
                        a -> a.from().equals("cali1") && Frame.packet(a.frame()).equals(Optional.of(translated))))
                .isPresent();
    }

    @Test
    void row57ResetWithoutAFlowIsDropped() {
        assertThat(sent("A", tcp("A", 40001, "C", 80), new Tcp(Frame.RST, 1000, 0), SHORT))
                .isEmpty();
    }

    @Test
    void row57PacketWithABadChecksumIsDropped() {
        byte[] token = token();
        byte[] frame = Frame.of(WorkloadInterface.HOST_MAC, Fixture.mac("A"), tcp("A", 40001, "C", 80), token);
        // The TCP checksum is 16 bytes into the header, which is 34 bytes into the frame.
        frame[50] ^= 0x55;

        lab.send("cali1", frame);

        assertThat(lab.await(SHORT, a -> a.holds(token))).isEmpty();
    }

    @Test
    void row57AcknowledgementOutsideTheWindowIsDropped() {
        Packet packet = openFlow("B", 40001, "A", 80);
        assertThat(sent("B", packet, data(1001), LONG)).isPresent();

        assertThat(sent("B", packet, data(1001 + 1_000_000_000), SHORT)).isEmpty();
    }

    @Test
    void row58OpenFlowGoesOnWithoutItsRuleUntilItIsForgotten() {
        Packet packet = openFlow("B", 40001, "A", 80);
        PolicyState without = DecisionTable.rows().stream()
                .filter(row -> row.number() == 58)
                .findFirst()
                .orElseThrow()
                .state();
        lab.enforce(without, Fixture.HOST, UPLINKS);

        assertThat(sent("B", packet, data(1001), LONG)).isPresent();
        assertThat(sent("B", tcp("B", 40002, "A", 80), Tcp.SYN_ONLY, SHORT)).isEmpty();

        lab.onHost(() -> {
            PacketSocket.forgetFlows();
            return "";
        });
        assertThat(sent("B", packet, data(1018), SHORT)).isEmpty();
    }

    @Test
    void rows59And60RulesSeeThePublishedWorkloadsOwnPort() {
        lab.onHost(() -> Tool.run("nft add table ip publisher"));
        lab.onHost(() -> Tool.run(
                "nft add chain ip publisher pre { type nat hook prerouting priority -100 ; policy accept ; }"));
        lab.onHost(() -> Tool.run("nft add rule ip publisher pre tcp dport 8080 dnat to 10.65.0.2:80"));
        lab.onHost(() -> Tool.run("nft add rule ip publisher pre tcp dport 8022 dnat to 10.65.0.2:22"));

        byte[] web = token();
        sendFromUplink(Packet.withPorts(Protocol.TCP, X, 40001, HOST, 8080), web);
        Optional<Arrival> arrival = lab.await(LONG, a -> a.holds(web));
        assertThat(Frame.packet(arrival.orElseThrow().frame()))
                .contains(Packet.withPorts(Protocol.TCP, X, 40001, address("A"), 80));

        byte[] ssh = token();
        sendFromUplink(Packet.withPorts(Protocol.TCP, X, 40002, HOST, 8022), ssh);
        assertThat(lab.await(SHORT, a -> a.holds(ssh))).isEmpty();
    }

    @Test
    void endpointThatGoesCannotSendOnItsOpenFlows() {
        Packet packet = openFlow("B", 40001, "A", 80);

        lab.enforce(Fixture.state().withEndpoint(Fixture.key("B"), Optional.empty()), Fixture.HOST, UPLINKS);

        assertThat(sent("B", packet, data(1001), SHORT)).isEmpty();
    }

    @Test
    void flowTowardsAContainerBehindABridgeIsNotMarkedButItsRepliesAre() {
        byte[] token = token();
        Packet fromBridge = Packet.withPorts(Protocol.TCP, address("R"), 40001, address("A"), 80);
        lab.send("docker0", Frame.of(PacketLab.BRIDGE_MAC, PacketLab.FAR_MAC, fromBridge, token));
        assertThat(lab.await(LONG, a -> a.holds(token))).isPresent();

        assertThat(sent("A", reply(fromBridge), new Tcp(Frame.SYN | Frame.ACK, 5000, 1018), LONG))
                .hasValueSatisfying(a -> assertThat(a.from()).isEqualTo("docker0"));
        assertThat(sent("A", tcp("A", 40002, "R", 80), Tcp.SYN_ONLY, SHORT)).isEmpty();
    }

    @Test
    void bridgeThatIsAnUplinkIsAnUplink() {
        Packet packet = tcp("A", 40001, "R", 80);
        assertThat(sent("A", packet, Tcp.SYN_ONLY, SHORT)).isEmpty();

        lab.enforce(Fixture.state(), Fixture.HOST, Set.of("docker0"));

        assertThat(sent("A", packet, Tcp.SYN_ONLY, LONG))
                .hasValueSatisfying(a -> assertThat(a.from()).isEqualTo("docker0"));
    }

    @Test
    void markThatSomebodyElseGaveOpensNothing() {
        lab.onHost(() -> Tool.run("nft add table inet marker"));
        lab.onHost(() -> Tool.run(
                "nft add chain inet marker pre { type filter hook prerouting priority -150 ; policy accept ; }"));
        lab.onHost(() -> Tool.run("nft add rule inet marker pre meta mark set 0x10001"));

        assertThat(sent("A", tcp("A", 40001, "R", 80), Tcp.SYN_ONLY, SHORT)).isEmpty();
        assertThat(sent("C", tcp("C", 40001, "B", 7890), Tcp.SYN_ONLY, SHORT)).isEmpty();
        assertThat(sent("A", tcp("A", 40002, "C", 80), Tcp.SYN_ONLY, LONG)).isPresent();
    }

    @Test
    void whileAnAgentStartsNothingIsLostAndNothingPassesThatMustNot() throws InterruptedException {
        Packet open = openFlow("B", 40001, "A", 80);
        byte[] allowed = token();
        byte[] forbidden = token();
        Thread starter = new Thread(() -> {
            for (int i = 0; i < 20; i++) {
                lab.startAgain(Fixture.state());
            }
        });
        starter.start();
        int sent = 0;
        while (starter.isAlive()) {
            sendFrom("B", open, data(1001), allowed);
            sendFrom("C", tcp("C", 41000 + sent % 20000, "B", 7890), Tcp.SYN_ONLY, forbidden);
            sent++;
            // Paced: faster than it is read, the capture itself loses packets.
            LockSupport.parkNanos(500_000);
        }
        starter.join();

        long wanted = sent;
        assertThat(sent).isGreaterThan(20);
        assertThat(lab.awaitCount(LONG, a -> a.holds(allowed), wanted)).isEqualTo(wanted);
        assertThat(lab.await(SHORT, a -> a.holds(forbidden))).isEmpty();
    }

    @Test
    void severalRangesOnBothSidesMustBothBeMet() {
        ProfileRules rules = ProfileRules.builder()
                .addInbound(RuleParser.parse(List.of(
                        "deny", "tcp", "from", "ports", "40001,40010:40019,40030:40039", "to", "ports", "81,90:99")))
                .addInbound(RuleParser.parse(
                        List.of("allow", "tcp", "from", "ports", "40000:40019,40040:40049", "to", "ports", "80:91,99")))
                .addOutbound(RuleParser.parse(List.of("allow")))
                .build();
        lab.startAgain(Fixture.state().withRules("WEB", Optional.of(rules)));

        for (int[] passes : new int[][] {{40000, 81}, {40001, 80}, {40040, 99}, {40049, 91}, {40019, 80}}) {
            assertThat(sent("A", tcp("A", passes[0], "C", passes[1]), Tcp.SYN_ONLY, LONG))
                    .isPresent();
        }
        for (int[] stops :
                new int[][] {{40001, 81}, {40015, 90}, {40019, 99}, {40035, 80}, {40000, 92}, {40049, 98}, {39999, 80}
                }) {
            assertThat(sent("A", tcp("A", stops[0], "C", stops[1]), Tcp.SYN_ONLY, SHORT))
                    .isEmpty();
        }
    }

    /** A new flow's packet looks into every map there is; so many come that one is always on its way. */
    @Test
    void whileAgentsStartNoPacketOfANewFlowIsLost() throws InterruptedException {
        floodWhileAgentsStart(Fixture.state());

        // Not at once: some may be on their way.
        await().atMost(LONG).untilAsserted(() -> assertThat(counted("after")).isEqualTo(counted("before")));
    }

    @Test
    void whileAgentsStartNoForbiddenPacketOfANewFlowPasses() throws InterruptedException {
        ProfileRules rules = ProfileRules.builder()
                .addInbound(RuleParser.parse(List.of("deny", "tcp", "to", "ports", "80,443,8000:8010")))
                .addInbound(RuleParser.parse(List.of("allow")))
                .addOutbound(RuleParser.parse(List.of("allow")))
                .build();

        floodWhileAgentsStart(Fixture.state().withRules("WEB", Optional.of(rules)));

        assertThat(counted("after")).isZero();
    }

    /** The same packet from A to C again and again, never answered, so that it begins a new flow each time. */
    private void floodWhileAgentsStart(PolicyState state) throws InterruptedException {
        lab.startAgain(state);
        lab.onHost(() -> Tool.run("nft add table inet witness"));
        countAt("before", "prerouting", -400);
        countAt("after", "postrouting", 400);
        byte[] frame =
                Frame.of(WorkloadInterface.HOST_MAC, Fixture.mac("A"), tcp("A", 40009, "C", 80), Tcp.SYN_ONLY, token());
        AtomicBoolean isEnough = new AtomicBoolean();
        Thread flood = new Thread(() -> {
            while (!isEnough.get()) {
                lab.send(Fixture.place("A").interfaceName(), frame);
            }
        });
        flood.start();
        try {
            for (int i = 0; i < 60; i++) {
                lab.startAgain(state);
            }
        } finally {
            isEnough.set(true);
        }
        flood.join();
        assertThat(counted("before")).isGreaterThan(10_000);
    }

    private void countAt(String name, String hook, int priority) {
        lab.onHost(() -> Tool.run(
                "nft add chain inet witness %s { type filter hook %s priority %d ; }".formatted(name, hook, priority)));
        lab.onHost(() -> Tool.run("nft add rule inet witness %s tcp sport 40009 counter".formatted(name)));
    }

    private long counted(String name) {
        return lab.onHost(() -> Tool.json("nft -j list chain inet witness " + name))
                .findValue("counter")
                .get("packets")
                .asLong();
    }

    @Test
    void neighbourDiscoveryOfAWorkloadPassesWithoutAnAddressOfItsOwn() {
        MacAddress mac = Fixture.mac("L");
        IpAddress linkLocal = IpAddress.parse("fe80::eeee:eeff:fe00:9");
        IpAddress host = IpAddress.parse("fe80::ca:11ff:fec0:1");
        byte[] option = ByteBuffer.allocate(24)
                .put(host.toBytes())
                .put((byte) 1)
                .put((byte) 1)
                .put(mac.toBytes())
                .array();
        Packet solicitation = Packet.icmp(linkLocal, host, 135, 0);

        lab.send("cali9", Frame.of(WorkloadInterface.HOST_MAC, mac, solicitation, option));

        Optional<Arrival> answer = lab.await(
                LONG,
                a -> a.from().equals("cali9")
                        && Frame.packet(a.frame()).equals(Optional.of(Packet.icmp(host, linkLocal, 136, 0))));
        assertThat(answer).isPresent();
    }
}
