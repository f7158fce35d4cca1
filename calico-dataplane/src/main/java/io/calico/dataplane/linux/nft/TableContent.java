package io.calico.dataplane.linux.nft;

import io.calico.policy.AddressSet;
import io.calico.policy.CompiledPolicy;
import io.calico.policy.EndpointToHostAction;
import java.util.Collections;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * All that the table is made of. Immutable.
 *
 * @param policy of this host
 * @param toHost what happens to packets from workloads to this host
 * @param uplinks interfaces that lead out of this host; only bridges among them matter
 * @param tunnelHosts addresses of the hosts whose VXLAN packets are accepted
 */
public record TableContent(
        CompiledPolicy policy, EndpointToHostAction toHost, SortedSet<String> uplinks, AddressSet tunnelHosts) {
    public TableContent {
        uplinks = Collections.unmodifiableSortedSet(new TreeSet<>(uplinks));
    }

    /** The content with these parts, which accepts VXLAN from nobody. */
    public static TableContent of(CompiledPolicy policy, EndpointToHostAction toHost, Set<String> uplinks) {
        return new TableContent(policy, toHost, new TreeSet<>(uplinks), AddressSet.empty());
    }

    /** This content with other hosts whose VXLAN packets are accepted. */
    public TableContent withTunnelHosts(AddressSet hosts) {
        return new TableContent(policy, toHost, uplinks, hosts);
    }
}
