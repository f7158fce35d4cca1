package io.calico.dataplane.linux.nft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

/** That the fake refuses what the kernel refuses; {@link NftProcessIT} asks the kernel the same. */
class FakeNftTest extends NftRefusals {
    private final FakeNft nft = new FakeNft();

    @Override
    protected NftWriter writer() {
        return nft;
    }

    @Override
    protected String list() {
        return nft.list();
    }

    @Test
    void injectedFailuresEndAfterTheirNumber() {
        nft.failNextWrites(2);

        for (int i = 0; i < 2; i++) {
            assertThatThrownBy(() -> write(NftTransaction.Builder::addTable)).hasMessageContaining("injected");
        }
        write(tx -> tx.addChain("afterwards"));
        assertThat(nft.list()).contains("chain afterwards\n");
    }
}
