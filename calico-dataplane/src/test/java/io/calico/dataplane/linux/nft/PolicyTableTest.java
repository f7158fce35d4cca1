package io.calico.dataplane.linux.nft;

import static org.assertj.core.api.Assertions.assertThat;

import io.calico.model.net.IpAddress;
import io.calico.policy.AddressSet;
import io.calico.policy.EndpointToHostAction;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** What is sent to nft, whole. */
class PolicyTableTest {
    private static final String REMOVAL_OF_APP = """
            delete element inet calico from_policy { 1 }
            delete element inet calico to_policy { 1 }
            flush chain inet calico l-APP-in
            delete chain inet calico l-APP-in
            flush chain inet calico l-APP-out
            delete chain inet calico l-APP-out
            flush chain inet calico p-APP-in
            delete chain inet calico p-APP-in
            flush chain inet calico p-APP-out
            delete chain inet calico p-APP-out
            delete set inet calico t4_WEB
            delete set inet calico t6_WEB
            """;

    private final FakeNft nft = new FakeNft();
    private final NftPolicyDriver driver = new NftPolicyDriver(nft);
    private final Policies policies = new Policies();

    private String sentFor(TableContent content) {
        int before = nft.transactions().size();
        driver.apply(content);
        return nft.transactions().size() == before ? "" : nft.lastTransaction();
    }

    private String sent() {
        return sentFor(policies.content());
    }

    @Test
    void firstTransactionReplacesWhateverTableThereIs() {
        policies.pool("10.65.0.0/16", true)
                .pool("10.99.0.0/16", false)
                .pool("fd80::/64", true)
                .profile("WEB", "in allow tcp to ports 80,443,8000:8010", "in allow icmp type 8", "out allow")
                .profile("APP", "in deny udp", "in allow tcp from tag WEB to ports 7890", "out allow")
                .endpoint(1, "10.65.0.2 fd80::2", "WEB")
                .endpoint(2, "10.65.0.3", "WEB", "APP");

        assertThat(sent()).isEqualTo("""
                        add table inet calico
                        delete table inet calico
                        add table inet calico
                        add set inet calico src4 { type ifname . ipv4_addr; }
                        add set inet calico src6 { type ifname . ipv6_addr; }
                        add set inet calico mac { type ifname . ether_addr; }
                        add set inet calico uplinks { type ifname; }
                        add set inet calico hosts4 { type ipv4_addr; }
                        add set inet calico hosts6 { type ipv6_addr; }
                        add map inet calico policy_of { type ifname : mark; }
                        add map inet calico from_policy { type mark : verdict; }
                        add map inet calico to_policy { type mark : verdict; }
                        add chain inet calico raw-pre { type filter hook prerouting priority -300; policy accept; }
                        add chain inet calico raw-out { type filter hook output priority -300; policy accept; }
                        add chain inet calico forward { type filter hook forward priority -10; policy accept; }
                        add chain inet calico input { type filter hook input priority -10; policy accept; }
                        add chain inet calico nat-post { type nat hook postrouting priority 100; policy accept; }
                        add chain inet calico spoof
                        add chain inet calico from
                        add chain inet calico to
                        add chain inet calico out-ok
                        add chain inet calico out-ok-fwd
                        add chain inet calico ok
                        add chain inet calico unmarked
                        add chain inet calico wl-input
                        add chain inet calico to-host
                        add rule inet calico raw-pre iifname "cali*" goto spoof
                        add rule inet calico raw-pre udp dport 4789 @th,96,24 4096 fib daddr type local notrack
                        add rule inet calico raw-out udp dport 4789 @th,96,24 4096 notrack
                        add rule inet calico spoof meta mark set meta mark & 0xfffeffff
                        add rule inet calico spoof iifname . ether saddr != @mac counter drop comment "source MAC"
                        add rule inet calico spoof meta l4proto 4 counter drop comment "IPIP from a workload"
                        add rule inet calico spoof udp dport 4789 counter drop comment "VXLAN from a workload"
                        add rule inet calico spoof iifname . ip saddr @src4 accept
                        add rule inet calico spoof iifname . ip6 saddr @src6 accept
                        add rule inet calico spoof ip6 saddr fe80::/10 accept
                        add rule inet calico spoof ip6 saddr :: icmpv6 type { 131, 135, 143 } accept
                        add rule inet calico spoof ip saddr 0.0.0.0 udp sport 68 udp dport 67 accept
                        add rule inet calico spoof counter drop comment "source address"
                        add rule inet calico forward iifname != "cali*" oifname != "cali*" accept
                        add rule inet calico forward ct state established goto ok
                        add rule inet calico forward ct state related goto ok
                        add rule inet calico forward ct state invalid drop
                        add rule inet calico forward iifname "cali*" goto from
                        add rule inet calico forward goto to
                        add rule inet calico from meta mark set 0x00000000
                        add rule inet calico from meta mark set iifname map @policy_of
                        add rule inet calico from meta mark vmap @from_policy
                        add rule inet calico from counter drop comment "from unknown endpoint"
                        add rule inet calico to meta mark set 0x00000000
                        add rule inet calico to meta mark set oifname map @policy_of
                        add rule inet calico to meta mark vmap @to_policy
                        add rule inet calico to counter drop comment "to unknown endpoint"
                        add rule inet calico out-ok oif != 0 goto out-ok-fwd
                        add rule inet calico out-ok goto to-host
                        add rule inet calico out-ok-fwd oifname "cali*" goto to
                        add rule inet calico out-ok-fwd meta oifkind "bridge" oifname != @uplinks goto unmarked
                        add rule inet calico out-ok-fwd goto ok
                        add rule inet calico ok meta mark set 0x00010000 accept
                        add rule inet calico unmarked meta mark set 0x00000000 accept
                        add rule inet calico to-host meta mark set 0x00000000 accept
                        add rule inet calico input udp dport 4789 @th,96,24 4096 ip saddr != @hosts4 counter drop comment "VXLAN from a stranger"
                        add rule inet calico input udp dport 4789 @th,96,24 4096 ip6 saddr != @hosts6 counter drop comment "VXLAN from a stranger"
                        add rule inet calico input iifname "cali*" goto wl-input
                        add rule inet calico wl-input ct state established accept
                        add rule inet calico wl-input ct state related accept
                        add rule inet calico wl-input ct state invalid drop
                        add rule inet calico wl-input icmpv6 type { 130, 131, 132, 133, 135, 136 } accept
                        add rule inet calico wl-input meta nfproto ipv4 udp sport 68 udp dport 67 accept
                        add rule inet calico wl-input meta nfproto ipv6 udp sport 546 udp dport 547 accept
                        add rule inet calico wl-input udp dport 53 accept
                        add rule inet calico wl-input goto from
                        add rule inet calico nat-post oifname "cali*" return
                        add rule inet calico nat-post ip daddr 10.65.0.0/16 return
                        add rule inet calico nat-post ip daddr 10.99.0.0/16 return
                        add rule inet calico nat-post ip saddr 10.65.0.0/16 masquerade
                        add rule inet calico nat-post ip6 daddr fd80::/64 return
                        add rule inet calico nat-post ip6 saddr fd80::/64 masquerade
                        add set inet calico t4_WEB { type ipv4_addr; }
                        add element inet calico t4_WEB { 10.65.0.2, 10.65.0.3 }
                        add set inet calico t6_WEB { type ipv6_addr; }
                        add element inet calico t6_WEB { fd80::2 }
                        add chain inet calico p-APP-in
                        add chain inet calico p-APP-out
                        add chain inet calico p-WEB-in
                        add chain inet calico p-WEB-out
                        add chain inet calico l-WEB-in
                        add chain inet calico l-WEB-out
                        add chain inet calico l-_821c0cb5d009fd22dca403adc31d9a80-in
                        add chain inet calico l-_821c0cb5d009fd22dca403adc31d9a80-out
                        add rule inet calico p-APP-in meta l4proto 17 counter drop comment "rule 1"
                        add rule inet calico p-APP-in ip saddr @t4_WEB tcp dport 7890 goto ok comment "rule 2"
                        add rule inet calico p-APP-in ip6 saddr @t6_WEB tcp dport 7890 goto ok comment "rule 2"
                        add rule inet calico p-APP-out goto out-ok comment "rule 1"
                        add rule inet calico p-WEB-in tcp dport { 80, 443 } goto ok comment "rule 1"
                        add rule inet calico p-WEB-in tcp dport 8000-8010 goto ok comment "rule 1"
                        add rule inet calico p-WEB-in icmp type 8 goto ok comment "rule 2"
                        add rule inet calico p-WEB-out goto out-ok comment "rule 1"
                        add rule inet calico l-WEB-in jump p-WEB-in
                        add rule inet calico l-WEB-in counter drop comment "no profile matched"
                        add rule inet calico l-WEB-out jump p-WEB-out
                        add rule inet calico l-WEB-out counter drop comment "no profile matched"
                        add rule inet calico l-_821c0cb5d009fd22dca403adc31d9a80-in jump p-WEB-in
                        add rule inet calico l-_821c0cb5d009fd22dca403adc31d9a80-in jump p-APP-in
                        add rule inet calico l-_821c0cb5d009fd22dca403adc31d9a80-in counter drop comment "no profile matched"
                        add rule inet calico l-_821c0cb5d009fd22dca403adc31d9a80-out jump p-WEB-out
                        add rule inet calico l-_821c0cb5d009fd22dca403adc31d9a80-out jump p-APP-out
                        add rule inet calico l-_821c0cb5d009fd22dca403adc31d9a80-out counter drop comment "no profile matched"
                        add element inet calico from_policy { 1 : goto l-WEB-out, 2 : goto l-_821c0cb5d009fd22dca403adc31d9a80-out }
                        add element inet calico mac { "cali1" . ee:ee:ee:00:00:01, "cali2" . ee:ee:ee:00:00:02 }
                        add element inet calico policy_of { "cali1" : 1, "cali2" : 2 }
                        add element inet calico src4 { "cali1" . 10.65.0.2, "cali2" . 10.65.0.3 }
                        add element inet calico src6 { "cali1" . fd80::2 }
                        add element inet calico to_policy { 1 : goto l-WEB-in, 2 : goto l-_821c0cb5d009fd22dca403adc31d9a80-in }
                        """);
    }

    @Nested
    class AfterTheFirst {
        @BeforeEach
        void apply() {
            policies.profile("WEB", "in allow tcp to ports 80", "out allow")
                    .profile("APP", "in allow tcp from tag WEB to ports 7890", "out allow")
                    .endpoint(1, "10.65.0.2", "WEB")
                    .endpoint(2, "10.65.0.3", "APP");
            driver.apply(policies.content());
        }

        @Test
        void sameContentSendsNothing() {
            assertThat(sent()).isEmpty();
        }

        @Test
        void equalContentFromAnotherCalculationSendsNothing() {
            Policies same = new Policies()
                    .endpoint(2, "10.65.0.3", "APP")
                    .endpoint(1, "10.65.0.2", "WEB")
                    .profile("APP", "in allow tcp from tag WEB to ports 7890", "out allow")
                    .profile("WEB", "in allow tcp to ports 80", "out allow");

            assertThat(sentFor(same.content())).isEmpty();
        }

        @Test
        void endpointWithAKnownListIsElementsOnly() {
            policies.endpoint(3, "10.65.0.4 fd80::4", "APP");

            assertThat(sent()).isEqualTo("""
                            add element inet calico mac { "cali3" . ee:ee:ee:00:00:03 }
                            add element inet calico policy_of { "cali3" : 1 }
                            add element inet calico src4 { "cali3" . 10.65.0.4 }
                            add element inet calico src6 { "cali3" . fd80::4 }
                            """);
        }

        @Test
        void firstEndpointWithAListMakesItsChainsBeforeWhatLeadsToThem() {
            policies.endpoint(3, "10.65.0.4", "APP", "WEB");

            assertThat(sent()).isEqualTo("""
                            add element inet calico t4_WEB { 10.65.0.4 }
                            add chain inet calico l-_335983ad3218d28252f760e2ae68e55d-in
                            add chain inet calico l-_335983ad3218d28252f760e2ae68e55d-out
                            add rule inet calico l-_335983ad3218d28252f760e2ae68e55d-in jump p-APP-in
                            add rule inet calico l-_335983ad3218d28252f760e2ae68e55d-in jump p-WEB-in
                            add rule inet calico l-_335983ad3218d28252f760e2ae68e55d-in counter drop comment "no profile matched"
                            add rule inet calico l-_335983ad3218d28252f760e2ae68e55d-out jump p-APP-out
                            add rule inet calico l-_335983ad3218d28252f760e2ae68e55d-out jump p-WEB-out
                            add rule inet calico l-_335983ad3218d28252f760e2ae68e55d-out counter drop comment "no profile matched"
                            add element inet calico from_policy { 3 : goto l-_335983ad3218d28252f760e2ae68e55d-out }
                            add element inet calico mac { "cali3" . ee:ee:ee:00:00:03 }
                            add element inet calico policy_of { "cali3" : 3 }
                            add element inet calico src4 { "cali3" . 10.65.0.4 }
                            add element inet calico to_policy { 3 : goto l-_335983ad3218d28252f760e2ae68e55d-in }
                            """);
        }

        @Test
        void lastEndpointOfAListLeavesItsChainsForTheNextOne() {
            policies.withoutEndpoint("h1", 2);
            assertThat(sent()).isEqualTo("""
                            delete element inet calico mac { "cali2" . ee:ee:ee:00:00:02 }
                            delete element inet calico policy_of { "cali2" }
                            delete element inet calico src4 { "cali2" . 10.65.0.3 }
                            """);

            policies.endpoint(3, "10.65.0.4", "APP");

            assertThat(sent()).isEqualTo("""
                            add element inet calico mac { "cali3" . ee:ee:ee:00:00:03 }
                            add element inet calico policy_of { "cali3" : 1 }
                            add element inet calico src4 { "cali3" . 10.65.0.4 }
                            """);
        }

        @Test
        void whatNobodyUsesIsKeptExact() {
            policies.withoutEndpoint("h1", 2);
            driver.apply(policies.content());

            policies.endpoint("h2", 9, "10.65.1.9", "WEB");
            assertThat(sent()).isEqualTo("add element inet calico t4_WEB { 10.65.1.9 }\n");

            policies.withoutEndpoint("h1", 1);
            assertThat(sent()).startsWith("delete element inet calico t4_WEB { 10.65.0.2 }\n");

            policies.profile("APP", "in deny", "out allow");
            assertThat(sent()).isEqualTo("""
                            flush chain inet calico p-APP-in
                            add rule inet calico p-APP-in counter drop comment "rule 1"
                            delete set inet calico t4_WEB
                            delete set inet calico t6_WEB
                            """);
        }

        @Test
        void whatIsUnusedGoesWhenItIsForgotten() {
            policies.withoutEndpoint("h1", 2);
            driver.apply(policies.content());

            policies.withoutUnused();

            assertThat(sent()).isEqualTo(REMOVAL_OF_APP);
            policies.withoutUnused();
            assertThat(sent()).isEmpty();
        }

        @Test
        void unusedListsAreFew() {
            for (int i = 0; i < 40; i++) {
                policies.endpoint(3, "10.65.0.4", "P" + i);
                driver.apply(policies.content());
            }

            assertThat(nft.list().lines().filter(line -> line.contains("chain l-P") && line.contains("-in")))
                    .hasSizeBetween(1, 17);
        }

        @Test
        void numberOfAListThatIsGoneIsNotGivenToAnother() {
            policies.withoutEndpoint("h1", 2).endpoint(4, "10.65.0.5", "OTHER");

            assertThat(sent()).contains("add element inet calico policy_of { \"cali4\" : 3 }\n");
        }

        @Test
        void memberElsewhereIsOneElement() {
            policies.endpoint("h2", 9, "10.65.1.9", "WEB");

            assertThat(sent()).isEqualTo("add element inet calico t4_WEB { 10.65.1.9 }\n");
        }

        @Test
        void memberThatLeavesIsOneElement() {
            policies.endpoint("h2", 9, "10.65.1.9", "WEB").endpoint("h2", 8, "10.65.1.8", "WEB");
            driver.apply(policies.content());

            policies.withoutEndpoint("h2", 9);

            assertThat(sent()).isEqualTo("delete element inet calico t4_WEB { 10.65.1.9 }\n");
        }

        @Test
        void endpointWithOtherProfilesKeepsItsAddresses() {
            policies.endpoint(1, "10.65.0.2", "APP");

            assertThat(sent()).isEqualTo("""
                            delete element inet calico t4_WEB { 10.65.0.2 }
                            delete element inet calico policy_of { "cali1" }
                            add element inet calico policy_of { "cali1" : 1 }
                            """);
        }

        @Test
        void endpointWithAnotherAddressAndMacIsTheDifference() {
            policies.endpoint(2, "10.65.0.3 10.65.0.33", "APP");

            assertThat(sent()).isEqualTo("add element inet calico src4 { \"cali2\" . 10.65.0.33 }\n");
        }

        @Test
        void changedProfileRewritesTheChangedDirectionOnly() {
            policies.profile("WEB", "in deny icmp", "in allow tcp to ports 80,443", "out allow");

            assertThat(sent()).isEqualTo("""
                            flush chain inet calico p-WEB-in
                            add rule inet calico p-WEB-in meta nfproto ipv4 meta l4proto 1 counter drop comment "rule 1"
                            add rule inet calico p-WEB-in tcp dport { 80, 443 } goto ok comment "rule 2"
                            """);
        }

        @Test
        void profileThatGoesMissingDrops() {
            policies.withoutProfile("APP");

            assertThat(sent()).isEqualTo("""
                            flush chain inet calico p-APP-in
                            add rule inet calico p-APP-in counter drop comment "missing profile"
                            flush chain inet calico p-APP-out
                            add rule inet calico p-APP-out counter drop comment "missing profile"
                            delete set inet calico t4_WEB
                            delete set inet calico t6_WEB
                            """);
        }

        @Test
        void tagArrivesWithItsMembersBeforeTheRuleAndLeavesAfterIt() {
            policies.profile("APP", "in allow from tag APP", "out allow");

            assertThat(sent()).isEqualTo("""
                            add set inet calico t4_APP { type ipv4_addr; }
                            add element inet calico t4_APP { 10.65.0.3 }
                            add set inet calico t6_APP { type ipv6_addr; }
                            flush chain inet calico p-APP-in
                            add rule inet calico p-APP-in ip saddr @t4_APP goto ok comment "rule 1"
                            add rule inet calico p-APP-in ip6 saddr @t6_APP goto ok comment "rule 1"
                            delete set inet calico t4_WEB
                            delete set inet calico t6_WEB
                            """);
        }

        @Test
        void poolWithMasqueradeRewritesTheNatChain() {
            policies.pool("10.65.0.0/16", true);

            assertThat(sent()).isEqualTo("""
                            flush chain inet calico nat-post
                            add rule inet calico nat-post oifname "cali*" return
                            add rule inet calico nat-post ip daddr 10.65.0.0/16 return
                            add rule inet calico nat-post ip saddr 10.65.0.0/16 masquerade
                            """);
        }

        @Test
        void actionDropClosesTheHostToWorkloads() {
            assertThat(sentFor(TableContent.of(policies.compile(), EndpointToHostAction.DROP, Set.of())))
                    .isEqualTo("""
                            flush chain inet calico wl-input
                            add rule inet calico wl-input ct state established accept
                            add rule inet calico wl-input ct state related accept
                            add rule inet calico wl-input ct state invalid drop
                            add rule inet calico wl-input icmpv6 type { 130, 131, 132, 133, 135, 136 } accept
                            add rule inet calico wl-input meta nfproto ipv4 udp sport 68 udp dport 67 accept
                            add rule inet calico wl-input meta nfproto ipv6 udp sport 546 udp dport 547 accept
                            add rule inet calico wl-input udp dport 53 accept
                            add rule inet calico wl-input counter drop comment "workload to host"
                            """);
        }

        @Test
        void uplinksAreElements() {
            driver.apply(TableContent.of(policies.compile(), EndpointToHostAction.RETURN, Set.of("br0", "eth0")));

            assertThat(sentFor(TableContent.of(
                            policies.compile(), EndpointToHostAction.RETURN, Set.of("eth0", "wlan0.7"))))
                    .isEqualTo("""
                            delete element inet calico uplinks { "br0" }
                            add element inet calico uplinks { "wlan0.7" }
                            """);
        }

        @Test
        void hostsWithATunnelAreElements() {
            driver.apply(policies.content().withTunnelHosts(hosts("172.30.0.2", "172.30.0.3", "fd30::2")));

            assertThat(sentFor(policies.content()
                            .withTunnelHosts(hosts("172.30.0.2", "172.30.0.3", "172.30.0.4", "fd30::2"))))
                    .isEqualTo("add element inet calico hosts4 { 172.30.0.4 }\n");
            assertThat(sentFor(policies.content().withTunnelHosts(hosts("172.30.0.2", "172.30.0.4", "fd30::2"))))
                    .isEqualTo("delete element inet calico hosts4 { 172.30.0.3 }\n");
            assertThat(sentFor(policies.content().withTunnelHosts(hosts("172.30.0.2", "172.30.0.4", "fd30::5"))))
                    .isEqualTo("""
                            delete element inet calico hosts6 { fd30::2 }
                            add element inet calico hosts6 { fd30::5 }
                            """);
        }

        @Test
        void aNewTableHasTheHostsWithATunnelFromTheBeginning() {
            nft.flushRuleset();
            driver.forget();

            assertThat(sentFor(policies.content().withTunnelHosts(hosts("172.30.0.2"))))
                    .startsWith("add table inet calico\ndelete table inet calico\n")
                    .contains("add element inet calico hosts4 { 172.30.0.2 }\n");
        }

        private AddressSet hosts(String... addresses) {
            return AddressSet.copyOf(Stream.of(addresses).map(IpAddress::parse).toList());
        }

        @Test
        void afterAFailureTheTableIsReadAndMendedInOneTransaction() {
            policies.endpoint(3, "10.65.0.4", "APP");
            nft.failNextWrites(1);
            org.assertj.core.api.Assertions.assertThatThrownBy(() -> driver.apply(policies.content()))
                    .hasMessage("write table inet calico: injected failure");

            assertThat(sent())
                    .contains("flush chain inet calico forward\n", "\"cali3\" . 10.65.0.4")
                    .doesNotContain("delete table", "\"cali1\"");
        }

        @Test
        void lostTableIsMadeAnew() {
            nft.flushRuleset();
            driver.forget();

            assertThat(sent()).startsWith("add table inet calico\ndelete table inet calico\n");
        }

        @Test
        void removedTableIsGone() {
            driver.removeTable();

            assertThat(nft.list()).isEmpty();
            assertThat(nft.lastTransaction()).isEqualTo("add table inet calico\ndelete table inet calico\n");
        }
    }
}
