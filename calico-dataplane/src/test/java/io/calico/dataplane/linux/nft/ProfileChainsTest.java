package io.calico.dataplane.linux.nft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.calico.model.net.Cidr;
import io.calico.model.net.PortRange;
import io.calico.policy.CompiledProfile;
import io.calico.policy.Direction;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Rules of profiles as nftables rules. */
class ProfileChainsTest {
    private static List<String> inbound(String rule) {
        CompiledProfile profile = new Policies()
                .profile("P", rule)
                .endpoint(1, "10.65.0.2", "P")
                .compile()
                .profiles()
                .get("P");
        return ProfileChains.rulesOf(profile, Direction.INBOUND).stream()
                .map(NftText::of)
                .toList();
    }

    @Test
    void singlePortsShareARuleAndEveryRangeHasOneOfItsOwn() {
        assertThat(inbound("in allow tcp to ports 80,443,8000:8010,9000:9001"))
                .containsExactly(
                        "tcp dport { 80, 443 } goto ok comment \"rule 1\"",
                        "tcp dport 8000-8010 goto ok comment \"rule 1\"",
                        "tcp dport 9000-9001 goto ok comment \"rule 1\"");
    }

    @Test
    void withSeveralRangesOnBothSidesTheMarkTellsThatTheFirstSideIsMet() {
        assertThat(inbound("in deny udp from ports 5,10:11 cidr 10.0.0.0/8 to ports 53,60:69"))
                .containsExactly(
                        "meta mark set 0x00000000 comment \"rule 1\"",
                        "ip saddr 10.0.0.0/8 udp sport 5 meta mark set 0x00000001 comment \"rule 1\"",
                        "ip saddr 10.0.0.0/8 udp sport 10-11 meta mark set 0x00000001 comment \"rule 1\"",
                        "meta mark 1 udp dport 53 counter drop comment \"rule 1\"",
                        "meta mark 1 udp dport 60-69 counter drop comment \"rule 1\"");
    }

    @Test
    void severalRangesOnOneSideStandBesideOneOnTheOther() {
        assertThat(inbound("in allow tcp from ports 1024:65535 to ports 1:2,4:5"))
                .containsExactly(
                        "tcp sport 1024-65535 tcp dport 1-2 goto ok comment \"rule 1\"",
                        "tcp sport 1024-65535 tcp dport 4-5 goto ok comment \"rule 1\"");
    }

    @Test
    void noRuleComparesWithSeveralRangesOrNetworks() {
        Datum range = new Datum.Ports(PortRange.parse("1:2"));
        Datum port = new Datum.Ports(PortRange.of(5));
        Datum network = new Datum.Network(Cidr.parse("10.0.0.0/8"));
        Datum address = new Datum.Network(Cidr.parse("10.0.0.1/32"));

        for (List<Datum> several : List.of(List.of(port, range), List.of(address, network))) {
            assertThatThrownBy(() -> new Statement.Compare(Field.Plain.SOURCE4, false, several))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("several ranges");
        }
        new Statement.Compare(Field.Plain.SOURCE4, false, List.of(address, address));
        new Statement.Compare(Field.Plain.SOURCE4, false, List.of(network));
    }
}
