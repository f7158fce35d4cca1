package io.calico.dataplane.packets;

import static org.assertj.core.api.Assertions.assertThat;

import io.calico.dataplane.WorkloadInterface;
import io.calico.dataplane.packets.PacketLab.Arrival;
import io.calico.dataplane.packets.PacketLab.Filter;
import io.calico.dataplane.testing.Tool;
import io.calico.model.net.IpAddress;
import io.calico.model.net.MacAddress;
import io.calico.policy.Packet;
import io.calico.policy.Path;
import io.calico.policy.Verdict;
import io.calico.policy.testkit.DecisionRow;
import io.calico.policy.testkit.DecisionTable;
import io.calico.policy.testkit.Fixture;
import io.calico.policy.testkit.Place;
import io.calico.policy.testkit.Probe;
import io.calico.policy.testkit.RowKind;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashSet;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The rows of the decision table beside one kind of other filter. Policy goes from row to row by differences. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class Rows {
    /** Long for a packet through one host, also where the machine is busy. */
    private static final Duration LONG = Duration.ofSeconds(5);

    /** What has not come by then will not; whether it came later is looked at in the end. */
    private static final Duration SHORT = Duration.ofMillis(60);

    private static final MacAddress BROADCAST = MacAddress.parse("ff:ff:ff:ff:ff:ff");
    private static final IpAddress HOST_ADDRESS = IpAddress.parse("172.30.0.10");

    private final Filter filter;
    private final Set<String> dropped = new HashSet<>();
    private PacketLab lab;
    private int probes;

    Rows(Filter filter) {
        this.filter = filter;
    }

    @BeforeAll
    void open() {
        lab = new PacketLab(filter);
        lab.onHost(() -> Tool.run("nft add table inet witness"));
        // After all other chains of the hook: what is counted here has been let in.
        lab.onHost(() ->
                Tool.run("nft add chain inet witness input { type filter hook input priority 200 ; policy accept ; }"));
        lab.onHost(() -> Tool.run(
                "nft add chain inet witness forward { type filter hook forward priority -5 ; policy accept ; }"));
        lab.onHost(
                () -> Tool.run("nft add rule inet witness forward iifname cali* meta mark != { 0, 0x10000 } counter"));
    }

    @AfterAll
    void nothingCameLateAndNoPacketKeptAnotherMarkThanTheAcceptBit() {
        try {
            assertThat(lab.await(Duration.ZERO, a -> dropped.stream().anyMatch(t -> a.holds(bytes(t)))))
                    .isEmpty();
            assertThat(lab.onHost(() -> Tool.run("nft list chain inet witness forward")))
                    .contains("counter packets 0 bytes 0");
        } finally {
            lab.close();
        }
    }

    Stream<DecisionRow> rows() {
        return DecisionTable.rows().stream()
                .filter(row -> !row.probes().isEmpty() && row.kind() != RowKind.TUNNELS)
                // Nobody protects what is behind the bridge then.
                .filter(row -> filter != Filter.NONE || row.number() != 72);
    }

    @ParameterizedTest(name = "row {0}")
    @MethodSource("rows")
    void isDecidedByTheKernelAsTheTableSays(DecisionRow row) {
        for (Probe probe : row.probes()) {
            lab.enforce(row.state(), probe.host(), Set.of(Fixture.UPLINK));
            boolean onAnotherHost = !probe.host().equals(Fixture.HOST);
            if (onAnotherHost) {
                moveWorkload(probe.to(), "add");
            }
            String token = "calico-probe-%06d.".formatted(++probes);
            Packet packet = withOwnPort(probe.packet());
            boolean arrived = probe.path() instanceof Path.ToHost toHost
                    ? reachesHost(toHost.in(), probe, packet, token)
                    : isForwarded(probe, packet, token);

            assertThat(arrived ? Verdict.ALLOW : Verdict.DENY).as("%s", probe).isEqualTo(probe.verdict());
            if (onAnotherHost) {
                moveWorkload(probe.to(), "del");
            }
        }
    }

    private void moveWorkload(String place, String verb) {
        Place moved = Fixture.place(place);
        for (IpAddress address : moved.addresses()) {
            String device = moved.interfaceName();
            lab.onHost(() -> Tool.run("ip route " + verb + " " + address + "/32 dev " + device));
        }
    }

    /** No two probes are of one flow, or the second would be known. */
    private Packet withOwnPort(Packet packet) {
        if (packet.sourcePort().equals(OptionalInt.of(40000))) {
            return Packet.withPorts(
                    packet.protocol(),
                    packet.source(),
                    40000 + probes,
                    packet.destination(),
                    packet.destinationPort().orElseThrow());
        }
        return packet;
    }

    private static byte[] bytes(String token) {
        return token.getBytes(StandardCharsets.US_ASCII);
    }

    private void send(String in, Probe probe, Packet packet, String token) {
        MacAddress usual = in.startsWith(WorkloadInterface.PREFIX) ? Fixture.mac(probe.from()) : PacketLab.FAR_MAC;
        MacAddress from = probe.packet().sourceMac().orElse(usual);
        lab.send(in, Frame.of(hostMac(in, packet), from, packet, bytes(token)));
    }

    private static MacAddress hostMac(String in, Packet packet) {
        if (packet.destination().equals(IpAddress.parse("255.255.255.255"))) {
            return BROADCAST;
        }
        return switch (in) {
            case "eth0" -> PacketLab.UPLINK_MAC;
            case "docker0" -> PacketLab.BRIDGE_MAC;
            default -> WorkloadInterface.HOST_MAC;
        };
    }

    private boolean isForwarded(Probe probe, Packet packet, String token) {
        String out;
        Predicate<Arrival> kind;
        if (probe.path() instanceof Path.Forwarded forwarded) {
            out = forwarded.out();
            kind = a -> a.holds(bytes(token));
            send(forwarded.in(), probe, packet, token);
        } else {
            out = ((Path.FromHost) probe.path()).out();
            kind = a -> Frame.packet(a.frame())
                    .filter(p -> p.destinationPort().equals(packet.destinationPort())
                            && p.source().equals(packet.source())
                            && p.destination().equals(packet.destination()))
                    .isPresent();
            connect(packet);
        }
        Optional<Arrival> arrival = lab.await(probe.verdict() == Verdict.ALLOW ? LONG : SHORT, kind);
        if (arrival.isEmpty()) {
            dropped.add(token);
            return false;
        }
        Packet seen = Frame.packet(arrival.get().frame()).orElseThrow();
        assertThat(arrival.get().from()).as("%s leaves through", probe).isEqualTo(out);
        assertThat(seen.source()).as("source of %s", probe).isEqualTo(sourceOutside(packet, out));
        assertThat(seen.destination()).as("destination of %s", probe).isEqualTo(packet.destination());
        return true;
    }

    /** Of the fixture's pool, towards what is in no pool: the host's. */
    private static IpAddress sourceOutside(Packet packet, String out) {
        boolean masqueraded = Fixture.POOL.contains(packet.source()) && !Fixture.POOL.contains(packet.destination());
        if (!masqueraded) {
            return packet.source();
        }
        return out.equals("docker0") ? IpAddress.parse("172.17.0.1") : HOST_ADDRESS;
    }

    /** A process of the host begins to connect, and does not wait. */
    private void connect(Packet packet) {
        lab.onHost(() -> {
            try (SocketChannel channel = SocketChannel.open()) {
                channel.configureBlocking(false);
                channel.bind(new InetSocketAddress(
                        InetAddress.getByAddress(packet.source().toBytes()), 0));
                return channel.connect(new InetSocketAddress(
                        InetAddress.getByAddress(packet.destination().toBytes()),
                        packet.destinationPort().orElseThrow()));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
    }

    /** Whether the packet passes all input chains; a counter behind them is asked. */
    private boolean reachesHost(String in, Probe probe, Packet packet, String token) {
        String version = packet.source().isV4() ? "ip" : "ip6";
        StringBuilder rule = new StringBuilder("nft add rule inet witness input iifname " + in);
        rule.append(" %s saddr %s %s daddr %s".formatted(version, packet.source(), version, packet.destination()));
        rule.append(" meta l4proto ").append(packet.protocol().number());
        packet.sourcePort().ifPresent(port -> rule.append(" th sport ").append(port));
        packet.destinationPort().ifPresent(port -> rule.append(" th dport ").append(port));
        packet.icmpType()
                .ifPresent(type -> rule.append(packet.source().isV4() ? " icmp" : " icmpv6")
                        .append(" type ")
                        .append(type));
        rule.append(" counter");
        lab.onHost(() -> Tool.run("nft flush chain inet witness input"));
        lab.onHost(() -> Tool.run(rule.toString()));

        send(in, probe, packet, token);

        long end = System.nanoTime() + (probe.verdict() == Verdict.ALLOW ? LONG : SHORT).toNanos();
        while (true) {
            boolean counted = !lab.onHost(() -> Tool.run("nft list chain inet witness input"))
                    .contains("packets 0 bytes 0");
            if (counted || System.nanoTime() - end >= 0) {
                return counted;
            }
        }
    }
}
