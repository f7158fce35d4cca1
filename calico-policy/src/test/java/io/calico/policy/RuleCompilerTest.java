package io.calico.policy;

import static org.assertj.core.api.Assertions.assertThat;

import io.calico.model.net.IpVersion;
import io.calico.model.net.PortRange;
import io.calico.model.rule.Protocol;
import io.calico.model.rule.Rule;
import io.calico.model.rule.RuleParser;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

class RuleCompilerTest {
    private static String compiled(String... rules) {
        return compiled(Arrays.stream(rules).map(RuleCompilerTest::rule).toList());
    }

    private static String compiled(List<Rule> rules) {
        return RuleCompiler.compile("APP", Direction.INBOUND, rules).stream()
                .map(rule -> rule + "\n")
                .collect(Collectors.joining());
    }

    private static Rule rule(String text) {
        return RuleParser.parse(List.of(text.split(" ")));
    }

    @Test
    void everyCriterionBecomesAMatchInOneFixedOrder() {
        assertThat(compiled("deny tcp from ports 1:1023,8080 tag guests cidr 10.9.4.0/22"
                        + " to ports 22,3306:3310 tag core cidr 10.8.0.1"))
                .isEqualTo("IPv4 deny tcp from 10.9.4.0/22 to 10.8.0.1/32 from tag guests to tag core"
                        + " from ports 1:1023,8080 to ports 22,3306:3310 (APP inbound 1)\n");
    }

    @Test
    void matchesCarryTheirValues() {
        CompiledRule compiled = RuleCompiler.compile(
                        "APP", Direction.OUTBOUND, List.of(rule("allow icmpv6 type 128 code 0 to tag probes")))
                .get(0);

        assertThat(compiled.version()).contains(IpVersion.V6);
        assertThat(compiled.source()).isEqualTo(new RuleSource("APP", Direction.OUTBOUND, 1));
        assertThat(compiled.matches())
                .containsExactly(
                        new Match.ProtocolIs(Protocol.ICMPV6),
                        new Match.DestinationHasTag(new TagSet("probes", IpVersion.V6)),
                        new Match.IcmpTypeIs(128),
                        new Match.IcmpCodeIs(0));
    }

    @Test
    void icmpType255IsANumberLikeOthers() {
        Rule rule = Rule.builder().protocol(Protocol.ICMP).icmpType(255).build();

        assertThat(compiled(List.of(rule))).isEqualTo("IPv4 allow icmp type 255 (APP inbound 1)\n");
    }

    @Test
    void portsAreMergedWhateverTheirOrder() {
        assertThat(compiled("allow tcp to ports 81,443,80,440:442")).isEqualTo("""
                allow tcp to ports 80:81,440:443 (APP inbound 1)
                """);
    }

    @Nested
    class Versions {
        @Test
        void ruleWithoutAddressesIsOneForBoth() {
            assertThat(compiled("deny udp")).isEqualTo("deny udp (APP inbound 1)\n");
        }

        @Test
        void ruleWithATagBecomesOneForEach() {
            assertThat(compiled("allow tcp from tag APP to ports 7890")).isEqualTo("""
                    IPv4 allow tcp from tag APP to ports 7890 (APP inbound 1)
                    IPv6 allow tcp from tag APP to ports 7890 (APP inbound 1)
                    """);
        }

        @Test
        void ruleWithANetworkExistsInThatNetworksVersionOnly() {
            assertThat(compiled("allow from cidr 10.0.0.0/8", "deny to cidr fd00::/8"))
                    .isEqualTo("""
                    IPv4 allow from 10.0.0.0/8 (APP inbound 1)
                    IPv6 deny to fd00::/8 (APP inbound 2)
                    """);
        }

        @Test
        void networkIsReducedToItsPrefix() {
            assertThat(compiled("allow from cidr 10.1.2.3/8"))
                    .isEqualTo("IPv4 allow from 10.0.0.0/8 (APP inbound 1)\n");
        }

        @Test
        void icmpIsIpv4AndIcmpv6IsIpv6() {
            assertThat(compiled("allow icmp type 8", "allow icmpv6 type 128", "deny icmp from tag A"))
                    .isEqualTo("""
                    IPv4 allow icmp type 8 (APP inbound 1)
                    IPv6 allow icmpv6 type 128 (APP inbound 2)
                    IPv4 deny icmp from tag A (APP inbound 3)
                    """);
        }

        @Test
        void ruleThatNoPacketCanMeetIsLeftOut() {
            Rule mixed = Rule.builder()
                    .srcNet(rule("allow from cidr 10.0.0.0/8").srcNet())
                    .dstNet(rule("allow to cidr fd00::/8").dstNet())
                    .build();

            assertThat(compiled(List.of(mixed, rule("deny udp")))).isEqualTo("deny udp (APP inbound 2)\n");
        }

        @Test
        void explicitVersionHolds() {
            Rule only6 = rule("allow tcp from tag A").withIpVersion(IpVersion.V6);

            assertThat(compiled(List.of(
                            only6, Rule.builder().ipVersion(IpVersion.V4).build())))
                    .isEqualTo("""
                    IPv6 allow tcp from tag A (APP inbound 1)
                    IPv4 allow (APP inbound 2)
                    """);
        }
    }

    @Nested
    class WhatTestsNothing {
        @Test
        void networkOfAllAddressesOnlyFixesTheVersion() {
            assertThat(compiled("allow tcp from cidr 0.0.0.0/0", "allow udp to cidr ::/0"))
                    .isEqualTo("""
                    IPv4 allow tcp (APP inbound 1)
                    IPv6 allow udp (APP inbound 2)
                    """);
        }

        @Test
        void allPortsOnlyFixTheProtocol() {
            assertThat(compiled("allow tcp from ports 0:1000,1001:65535 to ports 80"))
                    .isEqualTo("allow tcp to ports 80 (APP inbound 1)\n");
        }
    }

    @Nested
    class WhatIsNeverReached {
        @Test
        void rulesAfterAnUnconditionalOneAreLeftOut() {
            assertThat(compiled("allow tcp", "deny", "allow udp", "allow")).isEqualTo("""
                    allow tcp (APP inbound 1)
                    deny (APP inbound 2)
                    """);
        }

        @Test
        void ruleThatDecidesAllOfOneVersionLeavesTheOtherToTheNext() {
            assertThat(compiled("deny from cidr 0.0.0.0/0", "allow tcp", "allow from tag A", "allow", "deny udp"))
                    .isEqualTo("""
                    IPv4 deny (APP inbound 1)
                    IPv6 allow tcp (APP inbound 2)
                    IPv6 allow from tag A (APP inbound 3)
                    IPv6 allow (APP inbound 4)
                    """);
        }

        @Test
        void bothVersionsDecidedOneAfterTheOtherEndTheList() {
            assertThat(compiled("deny from cidr 0.0.0.0/0", "allow from cidr ::/0", "allow tcp"))
                    .isEqualTo("""
                    IPv4 deny (APP inbound 1)
                    IPv6 allow (APP inbound 2)
                    """);
        }
    }

    @Test
    void portMatchMergesWhatItIsGiven() {
        assertThat(new Match.SourcePorts(List.of(PortRange.of(2), PortRange.of(1))))
                .isEqualTo(new Match.SourcePorts(List.of(new PortRange(1, 2))));
    }
}
