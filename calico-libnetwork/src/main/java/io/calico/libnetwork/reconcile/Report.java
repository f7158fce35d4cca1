package io.calico.libnetwork.reconcile;

import java.util.List;
import java.util.Optional;

/**
 * What one look found. Immutable.
 *
 * @param findings in a fixed order
 * @param incomplete why nothing could be mended: the engine did not answer; empty if it did
 */
public record Report(List<Finding> findings, Optional<String> incomplete) {
    public Report {
        findings = List.copyOf(findings);
    }

    /** Whether nothing is wrong, as far as could be seen; what is too young to be judged does not count. */
    public boolean isClean() {
        return incomplete.isEmpty() && findings.stream().allMatch(f -> isHarmless(f.state()));
    }

    /** Whether something is too young to be judged. */
    public boolean hasYoung() {
        return findings.stream().anyMatch(f -> f.state() == Finding.State.YOUNG);
    }

    /** What an operator must look at. */
    public List<String> problems() {
        return findings.stream()
                .filter(f -> !isHarmless(f.state()))
                .map(Finding::text)
                .toList();
    }

    private static boolean isHarmless(Finding.State state) {
        return state == Finding.State.MENDED || state == Finding.State.YOUNG;
    }
}
