package io.calico.policy;

import io.calico.model.EndpointKey;
import io.calico.model.net.IpAddress;
import io.calico.model.net.MacAddress;
import java.util.List;

/**
 * An endpoint of this host whose traffic is let through as far as its profiles allow. Inactive and unusable endpoints
 * have none, so their interfaces are unknown and everything from and to them is dropped.
 *
 * @param interfaceName name of the interface on the host's side
 * @param mac the only source MAC the workload may use
 * @param addresses the only source addresses the workload may use, ascending, without repetition
 * @param profiles what its packets are checked against
 */
public record CompiledEndpoint(
        EndpointKey key, String interfaceName, MacAddress mac, List<IpAddress> addresses, ProfileList profiles) {
    /** How the names of workload interfaces begin, and no others. */
    public static final String INTERFACE_PREFIX = "cali";

    public CompiledEndpoint {
        addresses = addresses.stream().distinct().sorted().toList();
    }

    /** Whether an interface of that name belongs to a workload, known or not. */
    public static boolean isWorkloadInterface(String interfaceName) {
        return interfaceName.startsWith(INTERFACE_PREFIX);
    }
}
