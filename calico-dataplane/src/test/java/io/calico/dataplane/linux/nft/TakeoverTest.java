package io.calico.dataplane.linux.nft;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.From;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** What a driver that has just come does with a table that is there. */
class TakeoverTest {
    private final FakeNft nft = new FakeNft();
    private final Policies policies = new Policies();

    private static void apply(FakeNft nft, Policies policies) {
        new NftPolicyDriver(nft).apply(policies.content());
    }

    private static String atOnce(Policies policies) {
        FakeNft fresh = new FakeNft();
        apply(fresh, policies);
        return fresh.listByMeaning();
    }

    @Provide
    Arbitrary<Step> step() {
        return Arbitraries.integers().between(0, Integer.MAX_VALUE - 1).map(Step::new);
    }

    /** Packets on their way must find in the sets and maps what they would have found before. */
    @Property(tries = 200)
    void endsWhereAReplacementEndsAndTouchesNoElementThatStays(
            @ForAll @Size(max = 20) List<@From("step") Step> before,
            @ForAll @Size(max = 20) List<@From("step") Step> meanwhile) {
        FakeNft there = new FakeNft();
        Policies world = new Policies();
        NftPolicyDriver former = new NftPolicyDriver(there);
        for (Step step : before) {
            step.applyTo(world);
            former.apply(world.content());
        }
        former.apply(world.content());
        TableListing left = there.read().orElseThrow();
        meanwhile.forEach(step -> step.applyTo(world));

        apply(there, world);

        assertThat(there.listByMeaning()).isEqualTo(atOnce(world));
        assertThat(there.lastTransaction()).doesNotContain("delete table");
        TableListing now = there.read().orElseThrow();
        for (NftCommand command :
                there.transactions().get(there.transactions().size() - 1).commands()) {
            if (command instanceof NftCommand.DeleteElements delete) {
                assertThat(keys(left, delete.set())).containsAll(delete.elements());
                assertThat(delete.elements()).noneMatch(e -> staysIn(left, now, delete.set(), e));
            } else if (command instanceof NftCommand.AddElements add) {
                assertThat(elements(left, add.set())).doesNotContainAnyElementsOf(add.elements());
            }
        }
    }

    private static Set<Element> elements(TableListing listing, String set) {
        return listing.sets().containsKey(set) ? listing.sets().get(set).elements() : Set.of();
    }

    private static Set<Element> keys(TableListing listing, String set) {
        Set<Element> keys = new HashSet<>();
        elements(listing, set).forEach(e -> keys.add(new Element(e.key(), Optional.empty())));
        return keys;
    }

    private static boolean staysIn(TableListing before, TableListing after, String set, Element key) {
        return elements(before, set).stream()
                .filter(e -> e.key().equals(key.key()))
                .anyMatch(e -> elements(after, set).contains(e));
    }

    @Nested
    class OfATableOfOurs {
        @BeforeEach
        void formerDriver() {
            policies.profile("WEB", "in allow tcp to ports 80", "out allow")
                    .profile("APP", "in allow from tag WEB")
                    .endpoint(1, "10.65.0.2", "WEB")
                    .endpoint(2, "10.65.0.3", "APP");
            apply(nft, policies);
        }

        private void foreign(Consumer<NftTransaction.Builder> commands) {
            NftTransaction.Builder tx = NftTransaction.builder();
            commands.accept(tx);
            nft.write(tx.build());
        }

        @Test
        void whatIsRightStaysButRulesAreWrittenAnew() {
            String before = nft.list();

            apply(nft, policies);

            assertThat(nft.list()).isEqualTo(before);
            assertThat(nft.lastTransaction().lines().map(line -> line.split(" ", 3)[0] + " " + line.split(" ", 3)[1]))
                    .containsOnly("flush chain", "add rule");
        }

        @Test
        void listsKeepTheirNumbersAndNewOnesGetNewNumbers() {
            policies.profile("NEW", "in allow").endpoint(1, "10.65.0.2", "NEW").endpoint(3, "10.65.0.4", "WEB");

            apply(nft, policies);

            assertThat(nft.list())
                    .contains("\"cali2\" : 1\n", "\"cali1\" : 3\n", "\"cali3\" : 2\n")
                    .contains("1 : goto l-APP-in\n", "2 : goto l-WEB-in\n", "3 : goto l-NEW-in\n");
        }

        @Test
        void aNumberThatLeadsToOtherChainsInEachDirectionIsNotUsed() {
            foreign(tx -> {
                tx.deleteElements(Layout.TO_POLICY, List.of(Element.of(Datum.number(1))));
                tx.addElements(
                        Layout.TO_POLICY, List.of(Element.mapping(Datum.number(1), NftVerdict.goTo("l-WEB-in"))));
            });

            apply(nft, policies);

            assertThat(nft.listByMeaning()).isEqualTo(atOnce(policies));
            assertThat(nft.list()).contains("\"cali2\" : 3\n");
        }

        @Test
        void ofTwoNumbersOfAListOneIsKept() {
            foreign(tx -> {
                tx.addElements(
                        Layout.FROM_POLICY, List.of(Element.mapping(Datum.number(9), NftVerdict.goTo("l-APP-out"))));
                tx.addElements(
                        Layout.TO_POLICY, List.of(Element.mapping(Datum.number(9), NftVerdict.goTo("l-APP-in"))));
            });
            policies.profile("NEW", "in allow").endpoint(3, "10.65.0.4", "NEW");

            apply(nft, policies);

            assertThat(nft.listByMeaning()).isEqualTo(atOnce(policies));
            assertThat(nft.list())
                    .contains("\"cali2\" : 1\n", "\"cali3\" : 10\n")
                    .doesNotContain("9 : goto");
        }

        @Test
        void whenTheLastNumberIsTakenATableIsMadeAnew() {
            Consumer<NftTransaction.Builder> lastNumber = tx -> tx.addElements(
                    Layout.POLICY_OF, List.of(Element.mapping(Datum.name("cali9"), Datum.number(0xffff_ffffL))));
            foreign(lastNumber);
            apply(nft, policies);
            assertThat(nft.lastTransaction()).doesNotContain("delete table");
            foreign(lastNumber);
            policies.profile("NEW", "in allow").endpoint(3, "10.65.0.4", "NEW");

            apply(nft, policies);

            assertThat(nft.listByMeaning()).isEqualTo(atOnce(policies));
            assertThat(nft.lastTransaction()).contains("delete table");
        }

        @Test
        void whatOthersAddedOrTookAwayIsMended() {
            foreign(tx -> {
                tx.addSet("theirs", SetType.setOf(SetType.Part.IPV4_ADDRESS));
                tx.addChain("a");
                tx.addChain("b");
                tx.addRules("a", List.of(Rule.when().then(NftVerdict.jump("b"))));
                tx.addRules(
                        "b",
                        List.of(Rule.when().in("theirs", Field.Plain.SOURCE4).then(NftVerdict.ACCEPT)));
                tx.addRules("forward", List.of(Rule.when().then(NftVerdict.jump("a"))));
                tx.addSet("theirmap", SetType.map(SetType.Part.MARK, SetType.Part.VERDICT));
                tx.addElements("theirmap", List.of(Element.mapping(Datum.number(1), NftVerdict.goTo("b"))));
                tx.addBaseChain("hooked", new Hook(Hook.Point.FORWARD, 7));
                tx.addElements(Layout.UPLINKS, List.of(Element.of(Datum.name("eth9"))));
                tx.addElements(Layout.POLICY_OF, List.of(Element.mapping(Datum.name("cali9"), Datum.number(9))));
                tx.deleteElements(
                        Layout.SOURCE_MACS,
                        List.copyOf(nft.read()
                                .orElseThrow()
                                .sets()
                                .get(Layout.SOURCE_MACS)
                                .elements()));
                tx.flushChain("spoof");
            });

            apply(nft, policies);

            assertThat(nft.listByMeaning()).isEqualTo(atOnce(policies));
            assertThat(nft.lastTransaction()).doesNotContain("delete table");
        }

        @Test
        void ourNamesOnThingsOfAnotherKindMakeANewTable() {
            for (Consumer<NftTransaction.Builder> other : List.<Consumer<NftTransaction.Builder>>of(
                    tx -> tx.addSet("hosts4", SetType.setOf(SetType.Part.MARK)),
                    tx -> tx.addChain("forward"),
                    tx -> tx.addBaseChain("to", new Hook(Hook.Point.FORWARD, 7)))) {
                foreign(tx -> {
                    tx.deleteTable();
                    tx.addTable();
                    other.accept(tx);
                });

                apply(nft, policies);

                assertThat(nft.listByMeaning()).isEqualTo(atOnce(policies));
                assertThat(nft.lastTransaction()).contains("delete table");
            }
        }

        @Test
        void whereItIsRefusedATableIsMadeAnew() {
            nft.failNextWrites(1);

            apply(nft, policies);

            assertThat(nft.lastTransaction()).contains("delete table");
            assertThat(nft.listByMeaning()).isEqualTo(atOnce(policies));
        }
    }
}
