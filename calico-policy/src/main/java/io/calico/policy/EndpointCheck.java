package io.calico.policy;

import io.calico.model.Names;
import io.calico.model.WorkloadEndpoint;
import java.util.Optional;

/** Whether an endpoint that could be read can also be used. */
final class EndpointCheck {
    /** Linux refuses longer ones (IFNAMSIZ of linux/if.h is 16 with the final zero). */
    private static final int LONGEST_INTERFACE_NAME = 15;

    private EndpointCheck() {}

    /** Why the endpoint counts as absent wherever it lives; empty if it is fine. */
    static Optional<String> anywhere(WorkloadEndpoint endpoint) {
        return endpoint.profileIds().stream()
                .filter(id -> !Names.isValidName(id))
                .findFirst()
                .map(id -> "profile '" + id
                        + "' is not a name: only numbers, letters, dots, dashes and underscores are allowed");
    }

    /** Why an endpoint of this host counts as absent; empty if it is fine. */
    static Optional<String> onThisHost(WorkloadEndpoint endpoint) {
        String name = endpoint.interfaceName();
        boolean isUsable = CompiledEndpoint.isWorkloadInterface(name)
                && name.length() <= LONGEST_INTERFACE_NAME
                && Names.isValidName(name);
        return isUsable
                ? Optional.empty()
                : Optional.of("interface '" + name + "' is not named " + CompiledEndpoint.INTERFACE_PREFIX
                        + "… with at most " + LONGEST_INTERFACE_NAME + " characters");
    }
}
