package io.calico.dataplane;

import io.calico.dataplane.routes.RouteChanges;
import io.calico.policy.CompiledPolicy;
import io.calico.policy.EndpointToHostAction;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What a host does for its workloads: enforce policy, and connect them. Confined to one thread, the agent's; only
 * {@link #isConnected}, {@link #problems()} and {@link #close()} may be called from others. All calls block.
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
     * <p>Returns only when no flow of a former owner of its addresses is left that could pass as one of this workload's.
     *
     * @throws DataplaneException.Refused if the host refused a step
     * @throws DataplaneException.TimedOut if a former owner's flows could not be ended in time
     */
    void addWorkload(WorkloadInterface workload);

    /**
     * Makes the host sides of existing pairs right again: addresses, neighbours, settings, up, routes. What is right is left
     * alone. Never makes a pair and never touches the container side, which belongs to the running workload. A failure of
     * one does not keep the others from it. A thousand at once cost hardly more than a few.
     *
     * @return why interfaces could not be made right, by host-side name; not for those that do not exist, for which nothing
     *     is done
     * @throws DataplaneException if the host could not even be looked at
     */
    Map<String, DataplaneException> repairWorkloads(Collection<WorkloadInterface> workloads);

    /**
     * Takes the traffic from a workload whose endpoint is not active: the interface stays, but is down and without routes,
     * until {@link #repairWorkloads}. Nothing happens if there is no such interface.
     *
     * @param hostName the host-side name
     * @throws DataplaneException.Refused if the host refused a step
     */
    void suspendWorkload(String hostName);

    /**
     * Cuts a workload off: when this returns, its interface carries no traffic and its routes are gone. The pair itself
     * may be deleted a little later, in the background, and the flows of its addresses end there, too. Nothing happens if
     * there is no such interface.
     *
     * @param hostName the host-side name
     * @throws DataplaneException.Refused if the host refused a step
     */
    void removeWorkload(String hostName);

    /**
     * Has the host route as wanted from now on: adds, changes and removes what differs, and makes right again what other
     * programs have changed, as far as the host told of it or {@link #refresh} asked for it. The first call also removes
     * routes that a former process left behind and that are not wanted. What cannot be reached, or not in the way that is
     * wanted, gets no route and is one of {@link #problems()}; that changes by itself with the host's own addresses and
     * networks. Takes no time if nothing was told and nothing is to be changed.
     *
     * @param changes against what the calls before wanted; the first call's are everything
     * @throws DataplaneException if the host refused something; all else is done. Call again, with any changes
     */
    void applyRoutes(RouteChanges changes);

    /** The host-side names of all workload interfaces that exist on the host, whoever made them. */
    Set<String> workloads();

    /**
     * Whether a workload's interface of that name exists; one that was removed does not, even if it is deleted only a little
     * later. May be called from any thread; takes some microseconds.
     *
     * @throws DataplaneException.Refused if the host does not say
     */
    boolean isConnected(String hostName);

    /** MTU that a new workload's interface should have, in bytes: what leaves this host whole. */
    int workloadMtuBytes();

    /**
     * Has somebody told, from now on and on a thread of this object's, that another program may have changed what this
     * object wrote: {@link #mend()} and {@link #mendWorkloads()} should be called soon. The listener must not block. What
     * follows each other fast is told together.
     *
     * @param listener takes the place of the one before
     */
    void onDrift(Runnable listener);

    /**
     * Looks at what other programs have changed on the host as a whole since the last call, as far as the host tells of it,
     * and mends it at once or with the next {@link #applyPolicy}. Takes no time if nothing was told.
     *
     * @return whether {@link #applyPolicy} must be called although the policy has not changed; until then it may not be in
     *     force
     * @throws DataplaneException if the host refused; what was told is looked at again with the next call
     */
    boolean mend();

    /**
     * Makes those workload interfaces right again that other programs have changed, as far as the host told of it or {@link
     * #refresh} asked for it. To be called while policy is in force. One that was deleted is not made again, but is one of
     * {@link #problems()} until it is removed or added. Takes no time if nothing was told.
     *
     * @throws DataplaneException if the host refused; what is left is looked at again with the next call
     */
    void mendWorkloads();

    /**
     * Looks at everything that other programs may have changed since this object wrote it, whether or not the host told of
     * it: as {@link #mend()}, and has the next {@link #mendWorkloads()} look at all workloads. Cheap enough to be called once
     * a minute and after another program, for instance Docker's daemon, was started.
     *
     * @return as {@link #mend()}
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
