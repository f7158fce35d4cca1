package io.calico.policy;

import java.util.List;
import java.util.stream.Collectors;

/**
 * A verdict and what led to it.
 *
 * @param reasons in the order in which they were met. Of a drop only the last one decided; a packet between two
 *     workloads of one host is allowed by two, the sender's side first
 */
public record Decision(Verdict verdict, List<Reason> reasons) {
    public Decision {
        reasons = List.copyOf(reasons);
        if (reasons.isEmpty()) {
            throw new IllegalArgumentException("a decision has a reason");
        }
    }

    /** The reasons with a comma between them; for example {@code APP outbound 2, WEB inbound 1}. */
    public String by() {
        return reasons.stream().map(Reason::toString).collect(Collectors.joining(", "));
    }

    /** For example {@code allow: APP outbound 2, WEB inbound 1}. */
    @Override
    public String toString() {
        return verdict + ": " + by();
    }
}
