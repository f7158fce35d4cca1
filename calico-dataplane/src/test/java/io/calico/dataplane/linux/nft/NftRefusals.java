package io.calico.dataplane.linux.nft;

import static io.calico.dataplane.linux.nft.Rule.when;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.calico.dataplane.DataplaneException;
import io.calico.dataplane.linux.nft.Field.Plain;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What every {@link NftWriter} refuses, leaving the table as it was. The table starts with a set, a map and four chains. */
abstract class NftRefusals {
    private static final Element ETH0 = Element.of(Datum.name("eth0"));
    private static final Rule USES_ALL = when().in("names", Plain.IN_INTERFACE).then(NftVerdict.goTo("target"));

    protected abstract NftWriter writer();

    /** All that is in the table, in any form that differs when the table differs. */
    protected abstract String list();

    protected void write(Consumer<NftTransaction.Builder> commands) {
        NftTransaction.Builder tx = NftTransaction.builder();
        commands.accept(tx);
        writer().write(tx.build());
    }

    private void assertRefused(Consumer<NftTransaction.Builder> commands) {
        String before = list();

        assertThatThrownBy(() -> write(tx -> {
                    tx.addChain("never-seen");
                    commands.accept(tx);
                }))
                .isInstanceOf(DataplaneException.Refused.class);

        assertThat(list()).isEqualTo(before);
    }

    @BeforeEach
    void makeTable() {
        write(tx -> {
            tx.addTable();
            tx.addSet("names", SetType.setOf(SetType.Part.INTERFACE_NAME));
            tx.addSet("dispatch", SetType.map(SetType.Part.MARK, SetType.Part.VERDICT));
            tx.addBaseChain("entry", new Hook(Hook.Point.FORWARD, Hook.BEFORE_FILTERS));
            tx.addChain("start");
            tx.addChain("target");
            tx.addChain("empty");
            tx.addRules("entry", List.of(when().then(NftVerdict.jump("start"))));
            tx.addRules("start", List.of(USES_ALL));
            tx.addElements("dispatch", List.of(Element.mapping(Datum.number(1), NftVerdict.goTo("target"))));
        });
    }

    @Test
    void ruleInAMissingChain() {
        assertRefused(tx -> tx.addRules("nowhere", List.of(when().then(NftVerdict.ACCEPT))));
    }

    @Test
    void ruleThatLooksInAMissingSet() {
        assertRefused(tx -> tx.addRules(
                "empty", List.of(when().in("nowhere", Plain.IN_INTERFACE).then(NftVerdict.ACCEPT))));
    }

    @Test
    void ruleThatLeadsToAMissingChain() {
        assertRefused(tx -> tx.addRules("empty", List.of(when().then(NftVerdict.jump("nowhere")))));
    }

    @Test
    void jumpsInACircle() {
        assertRefused(tx -> tx.addRules("target", List.of(when().then(NftVerdict.jump("start")))));
    }

    @Test
    void deletionOfAChainThatARuleLeadsTo() {
        assertRefused(tx -> {
            tx.deleteElements("dispatch", List.of(Element.of(Datum.number(1))));
            tx.removeChain("target");
        });
    }

    @Test
    void deletionOfAChainThatAnElementLeadsTo() {
        assertRefused(tx -> {
            tx.flushChain("start");
            tx.removeChain("target");
        });
    }

    @Test
    void deletionOfASetThatARuleLooksIn() {
        assertRefused(tx -> tx.deleteSet("names"));
    }

    @Test
    void deletionOfWhatIsNotThere() {
        assertRefused(tx -> tx.deleteSet("nowhere"));
        assertRefused(tx -> tx.removeChain("nowhere"));
        assertRefused(tx -> tx.deleteElements("names", List.of(ETH0)));
    }

    @Test
    void elementInAMissingSet() {
        assertRefused(tx -> tx.addElements("nowhere", List.of(ETH0)));
    }

    @Test
    void elementWithAnotherValueThanItHas() {
        assertRefused(
                tx -> tx.addElements("dispatch", List.of(Element.mapping(Datum.number(1), NftVerdict.goTo("empty")))));
    }

    @Test
    void elementThatLeadsToAMissingChain() {
        assertRefused(tx ->
                tx.addElements("dispatch", List.of(Element.mapping(Datum.number(2), NftVerdict.goTo("nowhere")))));
    }

    @Test
    void setWithAnotherTypeThanItHas() {
        assertRefused(tx -> tx.addSet("names", SetType.setOf(SetType.Part.IPV4_ADDRESS)));
    }

    @Test
    void whatIsThereAlreadyMayBeAddedAgain() {
        write(tx -> tx.addElements("names", List.of(ETH0)));
        String before = list();

        write(tx -> {
            tx.addTable();
            tx.addSet("names", SetType.setOf(SetType.Part.INTERFACE_NAME));
            tx.addChain("start");
            tx.addElements("names", List.of(ETH0));
            tx.addElements("dispatch", List.of(Element.mapping(Datum.number(1), NftVerdict.goTo("target"))));
        });

        assertThat(list()).isEqualTo(before);
    }

    @Test
    void elementMayGetAnotherValueWhenItIsDeletedFirst() {
        write(tx -> {
            tx.deleteElements("dispatch", List.of(Element.of(Datum.number(1))));
            tx.addElements("dispatch", List.of(Element.mapping(Datum.number(1), NftVerdict.goTo("empty"))));
        });

        assertThat(list()).contains("goto empty");
    }
}
