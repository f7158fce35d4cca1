package io.calico.dataplane.linux.nft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.calico.dataplane.DataplaneException;
import io.calico.dataplane.testing.InFreshNetwork;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Against the real nft and kernel: what the fake refuses, they refuse. */
@InFreshNetwork
class NftProcessIT extends NftRefusals {
    private final NftProcess nft = NftProcess.ofThisMachine();

    @Override
    protected NftWriter writer() {
        return nft;
    }

    @Override
    protected String list() {
        return KernelTable.list();
    }

    @Test
    void refusalCarriesTheWordsOfNft() {
        assertThatThrownBy(() -> write(tx -> tx.deleteSet("nowhere")))
                .isInstanceOf(DataplaneException.Refused.class)
                .hasMessageStartingWith("write table inet calico: ")
                .hasMessageContaining("No such file or directory")
                .hasMessageContaining("delete set inet calico nowhere");
    }

    @Test
    void everyRuleOfTheGrammarIsTaken() {
        Policies policies = new Policies().profile("P", EveryRule.rules()).endpoint(1, "10.65.0.2 fd80::2", "P");

        nft.write(PolicyTable.replacement(policies.content()).transaction());

        assertThat(KernelTable.list())
                .contains(List.of(
                        "sctp sport 5 sctp dport 7 goto ok comment \"rule 1\"",
                        "sctp sport 5 sctp dport 9-11 goto ok comment \"rule 1\"",
                        "dccp dport 0-65534 goto ok comment \"rule 3\"",
                        "icmp type 255 goto ok comment \"rule 4\"",
                        "meta nfproto ipv6 meta l4proto gre goto ok comment \"rule 6\""));
    }
}
