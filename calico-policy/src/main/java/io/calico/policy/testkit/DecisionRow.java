package io.calico.policy.testkit;

import java.util.List;

/**
 * One row of the decision table.
 *
 * @param number its number in the table, from 1; in texts and test names
 * @param title what is sent and what must happen, for people
 * @param given what happens to the fixture first, in this order; most rows: nothing
 * @param probes what is sent then; empty where the title describes more than single first packets
 */
public record DecisionRow(int number, RowKind kind, String title, List<Change> given, List<Probe> probes) {
    public DecisionRow {
        given = List.copyOf(given);
        probes = List.copyOf(probes);
    }

    /** The records when the packets are sent. */
    public PolicyState state() {
        PolicyState state = Fixture.state();
        for (Change change : given) {
            state = change.applyTo(state);
        }
        return state;
    }

    /** For example {@code 41 anti-spoofing: A sends with B's address}. */
    @Override
    public String toString() {
        return number + " " + title;
    }
}
