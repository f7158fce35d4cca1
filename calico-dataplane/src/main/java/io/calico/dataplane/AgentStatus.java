package io.calico.dataplane;

import java.util.List;
import java.util.Optional;

/**
 * How the agent is doing, at one moment. Immutable.
 *
 * @param inSync whether a whole snapshot of the datastore has been enforced and nothing newer waits for longer than one
 *     batch takes
 * @param revision the newest datastore revision that is enforced; 0 before the first
 * @param endpoints how many local endpoints the enforced policy holds
 * @param applyFailures how many attempts to enforce have failed in a row; 0 when all is well
 * @param lastError why the last attempt failed; empty when all is well
 * @param failed whether the agent has ended because of an unforeseen error: nothing will be enforced any more, and the
 *     process must be restarted
 * @param problems what keeps traffic from flowing as policy says, in words for an operator
 */
public record AgentStatus(
        boolean inSync,
        long revision,
        int endpoints,
        int applyFailures,
        Optional<String> lastError,
        boolean failed,
        List<String> problems) {

    /** Copies the list. */
    public AgentStatus {
        problems = List.copyOf(problems);
    }
}
