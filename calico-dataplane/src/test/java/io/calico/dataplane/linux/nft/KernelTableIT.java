package io.calico.dataplane.linux.nft;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.calico.dataplane.testing.InFreshNetwork;
import io.calico.dataplane.testing.Tool;
import io.calico.model.net.IpAddress;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
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
        takenOverAfter();
        int table = handle();

        takenOverAfter(
                "add set inet calico theirs { type ipv4_addr ; }",
                "add element inet calico theirs { 10.0.0.1 }",
                "add element inet calico uplinks { \"eth9\" }",
                "delete element inet calico policy_of { \"cali1\" }",
                "add chain inet calico a",
                "add chain inet calico b",
                "add map inet calico theirmap { type mark : verdict ; }",
                "add element inet calico theirmap { 1 : goto a }",
                "add rule inet calico a ip saddr @theirs jump b",
                "add rule inet calico b accept",
                "insert rule inet calico forward meta mark vmap @theirmap",
                "add chain inet calico hooked { type filter hook forward priority 5 ; policy accept ; }",
                "flush chain inet calico spoof");

        assertThat(handle()).isEqualTo(table);
        assertThatNothingForeignIsThere();
    }

    private void assertThatNothingForeignIsThere() {
        List<String> elements = KernelTable.list().lines().sorted().toList();
        String meaning = KernelTable.listByMeaning();
        assertThat(meaning).isEqualTo(madeAnew());
        // Numbers too: there is one list, and its number is the first.
        assertThat(elements).isEqualTo(KernelTable.list().lines().sorted().toList());
    }

    /** Each of these would leave a table that says something else than it seems to, or refuses the next change. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "add table inet calico { flags dormant ; }",
                "add chain inet calico forward { policy drop ; }",
                "add chain inet calico theirs { type filter hook forward priority 5 ; policy drop ; }",
                "add chain inet calico theirs { type route hook output priority 5 ; }",
                "insert rule inet calico forward jump { accept ; }",
                "add set inet calico theirs { type inet_service ; flags interval ; }",
                "add set inet calico hosts4 { type ipv4_addr ; size 1 ; }",
                "add map inet calico theirs { type ipv4_addr : verdict ; flags timeout ; }",
                "add element inet calico from_policy { 7 : accept }",
                "add element inet calico from_policy { 7 : jump l-WEB-in }",
                "add element inet calico from_policy { * : goto ok }",
                "add element inet calico from_policy { 0 : goto ok }",
                "add element inet calico policy_of { * : 1 }",
                "add counter inet calico theirs",
                "add limit inet calico theirs { rate 1/second ; }"
            })
    void nothingForeignStays(String foreign) {
        takenOverAfter(foreign);

        assertThatNothingForeignIsThere();
    }

    /** The kernel hands out a set of this size in several parts. */
    @Test
    void aListingIsOfOneMoment() throws InterruptedException, ExecutionException {
        Element token = Element.of(Datum.address(IpAddress.parse("192.0.2.1")));
        NftTransaction.Builder tx = NftTransaction.builder();
        tx.addTable();
        for (String set : List.of("a", "b")) {
            tx.addSet(set, SetType.setOf(SetType.Part.IPV4_ADDRESS));
            tx.addElements(set, addresses(3000));
        }
        tx.addElements("a", List.of(token));
        kernel.write(tx.build());
        assertThat(elementsIn(kernel.read().orElseThrow())).isEqualTo(2 * 3000 + 1);
        AtomicBoolean isEnough = new AtomicBoolean();
        FutureTask<Integer> mover = new FutureTask<>(() -> {
            int moves = 0;
            while (!isEnough.get()) {
                NftTransaction.Builder move = NftTransaction.builder();
                move.deleteElements(moves % 2 == 0 ? "a" : "b", List.of(token));
                move.addElements(moves % 2 == 0 ? "b" : "a", List.of(token));
                kernel.write(move.build());
                moves++;
                TimeUnit.MILLISECONDS.sleep(20);
            }
            return moves;
        });
        new Thread(mover).start();
        int listings = 0;
        for (int i = 0; i < 50; i++) {
            // Empty where the machine is too slow to read it between two moves.
            Optional<TableListing> listing = kernel.read();
            listings += listing.isPresent() ? 1 : 0;
            listing.ifPresent(found -> assertThat(elementsIn(found)).isEqualTo(2 * 3000 + 1));
        }
        isEnough.set(true);

        assertThat(mover.get()).as("moves").isGreaterThan(5);
        assertThat(listings).isGreaterThan(5);
    }

    private static int elementsIn(TableListing listing) {
        return listing.sets().values().stream()
                .mapToInt(set -> set.elements().size())
                .sum();
    }

    private static List<Element> addresses(int count) {
        return IntStream.range(0, count)
                .mapToObj(i -> Element.of(Datum.address(IpAddress.v4(0x0a00_0000 + i))))
                .toList();
    }
}
