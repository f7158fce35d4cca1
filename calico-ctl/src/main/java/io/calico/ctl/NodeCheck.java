package io.calico.ctl;

import io.calico.libnetwork.reconcile.Finding;
import io.calico.libnetwork.reconcile.Report;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/**
 * {@code calicoctl node check}: what is left over on this machine, line by line. With {@code --repair} it looks again
 * until what is too young to be judged is old enough, or gone.
 */
final class NodeCheck {
    private static final Duration LONGEST_WAIT = Duration.ofSeconds(90);
    private static final Duration POLL = Duration.ofSeconds(2);

    private final Session session;

    NodeCheck(Session session) {
        this.session = session;
    }

    ExitStatus run(boolean repair) {
        Report report;
        try {
            report = repair ? repair() : session.machine().checkNode(session.store(), false);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw CommandFailure.error("interrupted");
        }
        report.findings().forEach(this::print);
        report.incomplete()
                .ifPresent(reason -> session.console()
                        .line("Docker was not asked (" + reason + "), so nothing can be mended and endpoints were not"
                                + " judged"));
        if (report.findings().isEmpty() && report.isClean()) {
            session.console().line("Nothing is wrong");
        }
        return report.isClean() ? ExitStatus.DONE : ExitStatus.FAILED;
    }

    private Report repair() throws InterruptedException {
        long deadline = System.nanoTime() + LONGEST_WAIT.toNanos();
        Report report = session.machine().checkNode(session.store(), true);
        boolean told = false;
        while (report.hasYoung() && report.incomplete().isEmpty() && System.nanoTime() < deadline) {
            if (!told) {
                session.console().line("Some things have not looked wrong for a minute yet; waiting");
                told = true;
            }
            report.findings().stream()
                    .filter(finding -> finding.state() == Finding.State.MENDED)
                    .forEach(this::print);
            TimeUnit.MILLISECONDS.sleep(POLL.toMillis());
            report = session.machine().checkNode(session.store(), true);
        }
        return report;
    }

    private void print(Finding finding) {
        session.console().line(label(finding.state()) + ": " + finding.text());
    }

    private static String label(Finding.State state) {
        return switch (state) {
            case MENDED -> "mended";
            case TO_MEND -> "left over";
            case YOUNG -> "young";
            case REPORTED -> "problem";
        };
    }
}
