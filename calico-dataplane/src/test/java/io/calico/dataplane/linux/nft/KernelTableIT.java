package io.calico.dataplane.linux.nft;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.calico.dataplane.testing.InFreshNetwork;
import io.calico.dataplane.testing.Tool;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The kernel's table is the same, whichever way it came about. */
@InFreshNetwork
class KernelTableIT {
    private final Policies policies = new Policies();
    private NftKernel kernel;
    private NftPolicyDriver driver;

    @BeforeEach
    void open() {
        kernel = NftKernel.open();
        driver = new NftPolicyDriver(kernel);
    }

    @AfterEach
    void close() {
        kernel.close();
    }

    private String madeAnew() {
        driver.removeTable();
        driver.apply(policies.content());
        return KernelTable.listByMeaning();
    }

    /** Every table gets a handle of its own: an equal one means that it was never deleted. */
    private static int handle() {
        for (JsonNode node : Tool.json("nft -j list tables inet").get("nftables")) {
            if (node.has("table")) {
                return node.get("table").get("handle").asInt();
            }
        }
        throw new AssertionError("no table");
    }

    @ParameterizedTest(name = "seed {0}")
    @ValueSource(longs = {1, 2, 3})
    void differencesEndWhereAReplacementEnds(long seed) {
        Random random = new Random(seed);
        for (int i = 0; i < 60; i++) {
            Step.random(random).applyTo(policies);
            driver.apply(policies.content());
        }
        String stepByStep = KernelTable.listByMeaning();

        assertThat(stepByStep).isEqualTo(madeAnew());
    }

    @ParameterizedTest(name = "seed {0}")
    @ValueSource(longs = {4, 5, 6})
    void takeoversEndWhereAReplacementEnds(long seed) {
        Random random = new Random(seed);
        policies.profile("P", EveryRule.rules()).endpoint(1, "10.65.0.2 fd80::2", "P");
        driver.apply(policies.content());
        int table = handle();
        for (int i = 0; i < 60; i++) {
            Step.random(random).applyTo(policies);
            if (i % 3 == 0) {
                new NftPolicyDriver(kernel).apply(policies.content());
            }
        }
        new NftPolicyDriver(kernel).apply(policies.content());

        assertThat(handle()).isEqualTo(table);
        String takenOver = KernelTable.listByMeaning();
        assertThat(takenOver).isEqualTo(madeAnew());
    }

    private void takenOverAfter(String... foreign) {
        policies.pool("10.65.0.0/16", true)
                .profile("WEB", "in allow tcp from tag WEB to ports 80,443,8000:8010", "out allow")
                .endpoint(1, "10.65.0.2 fd80::2", "WEB");
        driver.apply(policies.content());
        for (String command : foreign) {
            Tool.run("nft " + command);
        }
        new NftPolicyDriver(kernel).apply(policies.content());
    }

    @Test
    void whatOthersAddedOrTookAwayIsMendedInTheSameTable() {
        takenOverAfter(
                "add set inet calico theirs { type inet_service ; }",
                "add element inet calico uplinks { \"eth9\" }",
                "delete element inet calico policy_of { \"cali1\" }",
                "add chain inet calico a",
                "insert rule inet calico forward jump a",
                "add rule inet calico a accept",
                "flush chain inet calico spoof",
                "delete set inet calico theirs");

        int table = handle();
        String mended = KernelTable.listByMeaning();
        assertThat(mended).isEqualTo(madeAnew());
        assertThat(handle()).isNotEqualTo(table);
    }

    /** Each of these would leave a table that says something else than it seems to. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "add table inet calico { flags dormant ; }",
                "add chain inet calico forward { policy drop ; }",
                "add chain inet calico theirs { type filter hook forward priority 5 ; policy drop ; }",
                "add chain inet calico theirs { type route hook output priority 5 ; }",
                "add set inet calico theirs { type inet_service ; flags interval ; }",
                "add map inet calico theirs { type ipv4_addr : verdict ; flags timeout ; }",
                "add element inet calico from_policy { 7 : accept }",
                "add element inet calico from_policy { 7 : jump l-WEB-in }",
                "add element inet calico from_policy { * : goto ok }",
                "add element inet calico from_policy { 0 : goto ok }",
                "add element inet calico policy_of { * : 1 }"
            })
    void nothingForeignStays(String foreign) {
        takenOverAfter(foreign);

        String mended = KernelTable.list();
        madeAnew();
        assertThat(mended.lines().sorted())
                .isEqualTo(KernelTable.list().lines().sorted().toList());
        assertThat(List.of(mended)).isNotEmpty();
    }
}
