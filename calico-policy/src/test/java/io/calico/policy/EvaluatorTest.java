package io.calico.policy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.calico.model.net.IpAddress;
import io.calico.model.rule.Protocol;
import io.calico.policy.testkit.Fixture;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class EvaluatorTest {
    private static final IpAddress LINK_LOCAL = IpAddress.parse("fe80::2");
    private static final IpAddress UNSPECIFIED = IpAddress.parse("::");
    private static final IpAddress ALL_NODES = IpAddress.parse("ff02::1");
    private static final IpAddress HOST = IpAddress.parse("fd00:30::10");
    private static final Path L_TO_HOST = Path.toHost("cali9");

    private final Evaluator evaluator =
            new Evaluator(Fixture.state().policyOf(Fixture.HOST), EndpointToHostAction.RETURN);

    private String decide(Packet packet, Path path) {
        return evaluator.evaluate(packet, path).toString();
    }

    @ParameterizedTest
    @ValueSource(ints = {130, 131, 132, 133, 135, 136})
    void neighbourDiscoveryToTheHostIsAllowedFromLinkLocalSources(int type) {
        assertThat(decide(Packet.icmp(LINK_LOCAL, HOST, type, 0), L_TO_HOST))
                .isEqualTo("allow: fixed exception for packets to the host");
    }

    @ParameterizedTest
    @ValueSource(ints = {134, 137, 143})
    void otherIcmpv6ToTheHostIsUpToTheRules(int type) {
        assertThat(decide(Packet.icmp(LINK_LOCAL, HOST, type, 0), L_TO_HOST))
                .isEqualTo("deny: STRICT outbound no match");
    }

    @Test
    void unspecifiedSourceMayOnlyAskForItsAddress() {
        assertThat(decide(Packet.icmp(UNSPECIFIED, ALL_NODES, 135, 0), L_TO_HOST))
                .isEqualTo("allow: fixed exception for packets to the host");
        assertThat(decide(Packet.icmp(UNSPECIFIED, ALL_NODES, 128, 0), L_TO_HOST))
                .isEqualTo("deny: source address is not the endpoint's");
        assertThat(decide(Packet.withPorts(Protocol.UDP, UNSPECIFIED, 40000, HOST, 53), L_TO_HOST))
                .isEqualTo("deny: source address is not the endpoint's");
    }

    @Test
    void dhcpOfBothVersionsIsAllowed() {
        assertThat(decide(
                        Packet.withPorts(Protocol.UDP, LINK_LOCAL, 546, IpAddress.parse("ff02::1:2"), 547), L_TO_HOST))
                .isEqualTo("allow: fixed exception for packets to the host");
        assertThat(decide(Packet.withPorts(Protocol.UDP, LINK_LOCAL, 547, HOST, 546), L_TO_HOST))
                .isEqualTo("deny: STRICT outbound no match");
    }

    @Test
    void onlyUdpToTheVxlanPortIsATunnel() {
        IpAddress source = IpAddress.parse("10.65.0.2");
        IpAddress outside = IpAddress.parse("203.0.113.9");

        assertThat(decide(
                        Packet.withPorts(Protocol.TCP, source, 40000, outside, 4789), Path.forwarded("cali1", "eth0")))
                .isEqualTo("allow: WEB outbound 1");
        assertThat(decide(Packet.bare(Protocol.of(41), source, outside), Path.forwarded("cali1", "eth0")))
                .isEqualTo("allow: WEB outbound 1");
    }

    @Test
    void emptyPolicyDropsWhateverConcernsWorkloads() {
        Evaluator empty = new Evaluator(CompiledPolicy.empty(), EndpointToHostAction.ACCEPT);
        Packet packet = Packet.icmp(IpAddress.parse("10.65.0.2"), IpAddress.parse("10.65.0.3"), 8, 0);

        assertThat(empty.evaluate(packet, Path.forwarded("cali1", "eth0"))).hasToString("deny: from unknown endpoint");
        assertThat(empty.evaluate(packet, Path.forwarded("eth0", "cali1"))).hasToString("deny: to unknown endpoint");
        assertThat(empty.evaluate(packet, Path.toHost("cali1"))).hasToString("deny: from unknown endpoint");
        assertThat(empty.evaluate(packet, Path.toHost("eth0"))).hasToString("allow: no workload interface involved");
    }

    @Test
    void packetBetweenVersionsIsRefused() {
        assertThatThrownBy(() -> Packet.icmp(HOST, IpAddress.parse("10.65.0.2"), 8, 0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("fd00:30::10 and 10.65.0.2 are of different IP versions");
    }

    @Test
    void numbersThatNoPacketHoldsAreRefused() {
        IpAddress address = IpAddress.parse("10.65.0.2");

        assertThatThrownBy(() -> Packet.withPorts(Protocol.TCP, address, 65536, address, 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("source port 65536 is not in 0-65535");
        assertThatThrownBy(() -> Packet.icmp(address, address, 8, 256))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("ICMP code 256 is not in 0-255");
    }

    @Test
    void decisionNeedsAReason() {
        assertThatThrownBy(() -> new Decision(Verdict.DENY, List.of())).isInstanceOf(IllegalArgumentException.class);
    }
}
