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
 * @param addresses its own addresses, ascending, without repetition
 * @param sourceAddresses the only source addresses its workload may use on this interface, ascending: its own and those of
 *     the other endpoints in the same sandbox. A container on two networks answers on the interface that has its default
 *     route, whichever of its addresses it was asked at
 * @param profiles what its packets are checked against
 */
public record CompiledEndpoint(
        EndpointKey key,
        String interfaceName,
        MacAddress mac,
        List<IpAddress> addresses,
        List<IpAddress> sourceAddresses,
        ProfileList profiles) {
    /** How the names of workload interfaces begin, and no others. */
    public static final String INTERFACE_PREFIX = "cali";

    public CompiledEndpoint {
        addresses = addresses.stream().distinct().sorted().toList();
        sourceAddresses = sourceAddresses.stream().distinct().sorted().toList();
    }

    /** An endpoint that is alone in its sandbox. */
    public static CompiledEndpoint alone(
            EndpointKey key, String interfaceName, MacAddress mac, List<IpAddress> addresses, ProfileList profiles) {
        return new CompiledEndpoint(key, interfaceName, mac, addresses, addresses, profiles);
    }

    CompiledEndpoint withSourceAddresses(List<IpAddress> sources) {
        return new CompiledEndpoint(key, interfaceName, mac, addresses, sources, profiles);
    }

    /** Whether an interface of that name belongs to a workload, known or not. */
    public static boolean isWorkloadInterface(String interfaceName) {
        return interfaceName.startsWith(INTERFACE_PREFIX);
    }
}
