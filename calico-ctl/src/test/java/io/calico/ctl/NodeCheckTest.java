package io.calico.ctl;

import static org.assertj.core.api.Assertions.assertThat;

import io.calico.libnetwork.reconcile.Finding;
import io.calico.libnetwork.reconcile.Report;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** What {@code node check} prints and ends with, whatever was found. */
class NodeCheckTest {
    private static final Finding YOUNG = new Finding(Finding.State.YOUNG, "address 192.168.0.7 is new");
    private static final Finding LEFT = new Finding(Finding.State.TO_MEND, "interface cali1 belongs to no endpoint");
    private static final Finding MENDED =
            new Finding(Finding.State.MENDED, "interface cali1 belongs to no endpoint: removed");
    private static final Finding PROBLEM = new Finding(Finding.State.REPORTED, "network web is not Docker's");

    private final Cli cli = new Cli();

    private void found(Report... reports) {
        cli.machine.reports.clear();
        cli.machine.reports.addAll(Arrays.asList(reports));
    }

    private static Report report(Finding... findings) {
        return new Report(List.of(findings), Optional.empty());
    }

    @Test
    void aCleanHostIsSuccess() {
        cli.transcript("""
                $ node check
                Nothing is wrong
                """);
        assertThat(cli.machine.checks).containsExactly("look");
    }

    @Test
    void whatIsLeftOverIsListedAndFails() {
        found(report(LEFT, PROBLEM, YOUNG));

        cli.transcript("""
                $ node check
                left over: interface cali1 belongs to no endpoint
                problem: network web is not Docker's
                young: address 192.168.0.7 is new
                => 1
                """);
    }

    @Test
    void whatIsYoungIsNotWrong() {
        found(report(YOUNG));

        cli.transcript("""
                $ node check
                young: address 192.168.0.7 is new
                """);
    }

    @Test
    void whatHasAllBeenMendedIsSuccess() {
        found(report(MENDED));

        cli.transcript("""
                $ node check --repair
                mended: interface cali1 belongs to no endpoint: removed
                """);
        assertThat(cli.machine.checks).containsExactly("mend");
    }

    @Test
    void aRepairWaitsForWhatIsYoung() {
        found(report(MENDED, YOUNG), report());

        cli.transcript("""
                $ node check --repair
                Some things have not looked wrong for a minute yet; waiting
                mended: interface cali1 belongs to no endpoint: removed
                Nothing is wrong
                """);
        assertThat(cli.machine.checks).containsExactly("mend", "mend");
    }

    @Test
    void withoutAnAnswerOfDockerTheCheckFails() {
        found(new Report(List.of(), Optional.of("no Docker engine runs")));

        Cli.Result result = cli.run("node check --repair");

        assertThat(result.code()).isEqualTo(1);
        assertThat(result.out()).contains("Docker was not asked (no Docker engine runs)");
    }

    @Test
    void onlyRootMayCheck() {
        cli.machine.root = false;

        assertThat(cli.run("node check").code()).isEqualTo(3);
    }
}
