package io.calico.dataplane.linux.nft;

import static org.assertj.core.api.Assertions.assertThat;

import io.calico.dataplane.testing.InFreshNetwork;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The kernel's table after many differences is the one that a replacement makes. */
@InFreshNetwork
class KernelTableIT {
    @ParameterizedTest(name = "seed {0}")
    @ValueSource(longs = {1, 2, 3})
    void differencesEndWhereAReplacementEnds(long seed) {
        Random random = new Random(seed);
        Policies policies = new Policies();
        NftPolicyDriver driver = new NftPolicyDriver(NftKernel.open());
        for (int i = 0; i < 60; i++) {
            Step.random(random).applyTo(policies);
            driver.apply(policies.content());
        }
        String stepByStep = KernelTable.listByMeaning();

        driver.forget();
        driver.apply(policies.content());

        assertThat(stepByStep).isEqualTo(KernelTable.listByMeaning());
    }
}
