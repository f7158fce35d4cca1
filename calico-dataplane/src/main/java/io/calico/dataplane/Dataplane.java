package io.calico.dataplane;

import io.calico.policy.CompiledPolicy;
import io.calico.policy.EndpointToHostAction;
import java.util.List;
import java.util.Set;

/**
 * What a host does for its workloads: enforce policy, and connect them. Confined to one thread, the agent's; only
 * {@link #problems()} and {@link #close()} may be called from others. All calls block.
 *
 * <p>Every implementation drops what policy does not know: an interface that was added without a policy for it carries
 * no traffic.
 */
public interface Dataplane extends AutoCloseable {

    /**
     * Enforces this policy, and nothing else, from now on: atomically, so that a packet meets the old policy or the new
     * one. The first call replaces whatever was enforced before this object was made, later ones change what differs.
     * Flows that exist go on.
     *
     * @param toHost what happens to packets from workloads to this host
     * @throws DataplaneException if the host refused; then the old policy is still enforced, or if the answer was lost, the
     *     new one. Call again
     */
    void applyPolicy(CompiledPolicy policy, EndpointToHostAction toHost);

    /**
     * Connects a workload: makes the pair, gives the host side its addresses and settings, sets it up, adds the routes.
     * If the pair is there already, only what differs is changed. All or nothing: on an exception nothing is left of a
     * pair that this call made.
     *
     * @throws DataplaneException.Refused if the host refused a step
     */
    void addWorkload(WorkloadInterface workload);

    /**
     * Makes the host side of an existing pair right again: addresses, neighbour, settings, up, routes. Never makes a
     * pair and never touches the container side, which belongs to the running workload.
     *
     * @return whether the interface exists
     * @throws DataplaneException.Refused if the host refused a step
     */
    boolean repairWorkload(WorkloadInterface workload);

    /**
     * Takes the traffic from a workload whose endpoint is not active: the interface stays, but is down and without routes,
     * until {@link #repairWorkload}. Nothing happens if there is no such interface.
     *
     * @param hostName the host-side name
     * @throws DataplaneException.Refused if the host refused a step
     */
    void suspendWorkload(String hostName);

    /**
     * Cuts a workload off: when this returns, its interface carries no traffic and its routes are gone. The pair itself
     * may be deleted a little later, in the background. Nothing happens if there is no such interface.
     *
     * @param hostName the host-side name
     * @throws DataplaneException.Refused if the host refused a step
     */
    void removeWorkload(String hostName);

    /** The host-side names of all workload interfaces that exist on the host, whoever made them. */
    Set<String> workloads();

    /** MTU that a new workload's interface should have, in bytes: what leaves this host whole. */
    int workloadMtuBytes();

    /**
     * Looks at what other programs may have changed since this object wrote it, and mends it at once or with the next
     * {@link #applyPolicy}. Cheap enough to be called once a minute and after another program, for instance Docker's
     * daemon, was started.
     *
     * @return whether {@link #applyPolicy} must be called although the policy has not changed
     * @throws DataplaneException if the host refused
     */
    boolean refresh();

    /**
     * What keeps traffic from flowing as policy says, in words for an operator; empty if nothing is known. May be called
     * from any thread and does not touch the host.
     */
    List<String> problems();

    /** Lets go of what this object holds. The host keeps working as it is. Idempotent. */
    @Override
    void close();
}
