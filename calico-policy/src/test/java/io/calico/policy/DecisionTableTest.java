package io.calico.policy;

import static org.assertj.core.api.Assertions.assertThat;

import io.calico.policy.testkit.Change;
import io.calico.policy.testkit.DecisionRow;
import io.calico.policy.testkit.DecisionTable;
import io.calico.policy.testkit.Fixture;
import io.calico.policy.testkit.PolicyState;
import io.calico.policy.testkit.Probe;
import io.calico.policy.testkit.RowKind;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class DecisionTableTest {
    private static final int ROWS = 72;

    /** Rows of which policy can decide at least one probe: all but those about later packets, tunnels and Docker. */
    static Stream<DecisionRow> rows() {
        return DecisionTable.rows().stream()
                .filter(row ->
                        row.probes().stream().anyMatch(probe -> probe.by().isPresent()));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("rows")
    void evaluatorDecidesAsTheTableSays(DecisionRow row) {
        List<Probe> probes =
                row.probes().stream().filter(probe -> probe.by().isPresent()).toList();

        assertThat(probes).allSatisfy(probe -> {
            Evaluator evaluator = new Evaluator(
                    policyAfterChanges(row, probe.host()), row.state().toHost());

            Decision decision = evaluator.evaluate(probe.packet(), probe.path());

            assertThat(decision)
                    .as("%s", probe)
                    .hasToString(probe.verdict() + ": " + probe.by().orElseThrow());
        });
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("rows")
    void changesOneByOneLeadToTheSamePolicyAsTheirOutcomeReadAfresh(DecisionRow row) {
        for (String host : List.of("h1", "h2")) {
            assertThat(policyAfterChanges(row, host)).isEqualTo(row.state().policyOf(host));
        }
    }

    /** Lives through the row on one calculator: the fixture first, then each change. */
    private static CompiledPolicy policyAfterChanges(DecisionRow row, String host) {
        PolicyCalculator calculator = new PolicyCalculator(host);
        PolicyState state = Fixture.state();
        state.feedChangesSince(PolicyState.empty(), calculator);
        calculator.compile();
        for (Change change : row.given()) {
            PolicyState next = change.applyTo(state);
            next.feedChangesSince(state, calculator);
            calculator.compile();
            state = next;
        }
        return calculator.compile();
    }

    @Test
    void tableHasEveryRowOnce() {
        assertThat(DecisionTable.rows())
                .extracting(DecisionRow::number)
                .containsExactlyElementsOf(
                        IntStream.rangeClosed(1, ROWS).boxed().toList());
    }

    @Test
    void everyRowOfPolicySaysWhatDecides() {
        assertThat(DecisionTable.rows())
                .filteredOn(row -> row.kind() == RowKind.POLICY)
                .hasSize(60)
                .allSatisfy(row -> assertThat(row.probes())
                        .isNotEmpty()
                        .allSatisfy(probe -> assertThat(probe.by()).isPresent()));
    }
}
