package io.calico.dataplane;

import io.calico.datastore.syncer.SyncStatus;
import io.calico.model.EndpointKey;
import io.calico.policy.CompiledEndpoint;
import io.calico.policy.CompiledPolicy;
import io.calico.policy.EndpointToHostAction;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What is wanted, what was done, and the way from one to the other. Confined to the agent's thread.
 *
 * <p>Three kinds of work wait until they succeed: the policy ({@code policyIsDue}), interfaces to remove, and endpoints whose
 * interface is to be made right. A failure of one is remembered with the time of the next attempt and does not keep the
 * others from being tried; only what makes an interface carry traffic depends on the policy. Routes to other hosts are a
 * work of their own, {@link RouteWork}: nothing waits for them, and a failure there delays nothing else.
 */
final class Convergence {
    private static final Logger LOG = LoggerFactory.getLogger(Convergence.class);

    private final HostRecords records;
    private final Dataplane dataplane;
    private final AgentOptions options;
    private final LongSupplier nanoTime;

    private final List<JoinRequest> joins = new ArrayList<>();
    private final Set<String> toRemove = new TreeSet<>();
    /** Connected for callers who did not wait; their endpoints may still be there. */
    private final Set<String> toUndo = new TreeSet<>();

    private final Set<EndpointKey> toRepair = new TreeSet<>();
    private boolean policyIsDue = true;
    private boolean linksAreDue = true;
    private boolean mendIsDue;
    private long nextRefresh;

    private long seenRevision;
    private CompiledPolicy enforced = CompiledPolicy.empty();
    private long enforcedRevision = -1;
    private @Nullable EndpointToHostAction enforcedToHost;
    private final RouteWork routes;

    private int failures;
    private long nextAttempt;
    private @Nullable String error;

    Convergence(HostRecords records, Dataplane dataplane, AgentOptions options, LongSupplier nanoTime) {
        this.records = records;
        this.dataplane = dataplane;
        this.options = options;
        this.nanoTime = nanoTime;
        this.routes = new RouteWork(records.routes(), dataplane, options, nanoTime);
        this.nextRefresh = nanoTime.getAsLong() + options.refreshInterval().toNanos();
    }

    void add(JoinRequest join) {
        joins.add(join);
    }

    /** Removes the interface now, whatever else is to be done. */
    void removeNow(String hostName) {
        dataplane.removeWorkload(hostName);
        toRemove.remove(hostName);
        toUndo.remove(hostName);
    }

    void mendSoon() {
        mendIsDue = true;
    }

    void refreshSoon() {
        nextRefresh = nanoTime.getAsLong();
    }

    /** When {@link #step} should be called although nothing has arrived. */
    OptionalLong deadline() {
        long own = failures > 0 ? nextAttempt : nextRefresh;
        OptionalLong ofRoutes = routes.deadline();
        return ofRoutes.isPresent() && ofRoutes.getAsLong() - own < 0 ? ofRoutes : OptionalLong.of(own);
    }

    /** Takes in a batch, whose work has been done, and comes as near to what is wanted as the host allows. */
    AgentStatus step(AgentInbox.Batch batch) {
        HostRecords.LinkChanges changes = records.fold(batch.updates());
        toRemove.addAll(changes.gone());
        toRemove.removeAll(records.interfaceNames());
        toRepair.addAll(changes.changed());
        policyIsDue |= !batch.updates().isEmpty();
        seenRevision = batch.revision();
        if (batch.wasInSync()) {
            if (failures == 0 || nanoTime.getAsLong() - nextAttempt >= 0) {
                converge();
            }
            if (!routes.isDone()) {
                // Once, since what a workload's interface is like depends on the tunnels. Later no join waits for
                // routes.
                routes.step();
            }
            answerJoins();
            if (failures == 0 && !toUndo.isEmpty()) {
                converge();
            }
            routes.step();
        }
        List<String> problems = new ArrayList<>(dataplane.problems());
        problems.addAll(routes.problems());
        return new AgentStatus(
                enforcedRevision >= 0 && failures == 0 && batch.status() == SyncStatus.IN_SYNC,
                Math.max(enforcedRevision, 0),
                enforced.endpoints().size(),
                failures,
                Optional.ofNullable(error),
                false,
                problems);
    }

    private void converge() {
        String errorBefore = error;
        error = null;
        attempt("list interfaces", this::listLinks);
        attempt("refresh", this::refresh);
        attempt("mend", this::mend);
        Set<String> unwanted = new TreeSet<>(toRemove);
        unwanted.addAll(toUndo);
        for (String name : unwanted) {
            attempt("remove " + name, () -> removeNow(name));
        }
        if (attempt("enforce policy", this::enforce)) {
            attempt("repair", this::repair);
            attempt("mend workloads", dataplane::mendWorkloads);
        }
        if (error == null) {
            if (failures > 0) {
                LOG.info("The host is as it should be, after {} failed attempts", failures);
            }
            failures = 0;
            return;
        }
        failures++;
        Duration delay = options.retryDelay(failures);
        nextAttempt = nanoTime.getAsLong() + delay.toNanos();
        if (!error.equals(errorBefore)) {
            LOG.warn("Trying again in {} ms: {}", delay.toMillis(), error);
        }
    }

    /** Runs a part; the first failure of an attempt is kept for the status. */
    private boolean attempt(String what, Runnable part) {
        try {
            part.run();
            return true;
        } catch (DataplaneException e) {
            LOG.debug("{}", what, e);
            error = error == null ? String.valueOf(e.getMessage()) : error;
        } catch (RuntimeException e) {
            LOG.error("{}", what, e);
            error = error == null ? what + ": " + e : error;
        }
        return false;
    }

    /** Once, with the first whole snapshot: interfaces that a former process left behind and no endpoint owns. */
    private void listLinks() {
        if (!linksAreDue) {
            return;
        }
        Set<String> strays = new HashSet<>(dataplane.workloads());
        strays.removeAll(records.interfaceNames());
        if (records.hasUnreadableEndpoints() && !strays.isEmpty()) {
            LOG.warn("Interfaces {} belong to no endpoint, but are kept: some endpoint's record is damaged", strays);
        } else {
            strays.forEach(name -> LOG.info("Interface {} belongs to no endpoint and is removed", name));
            toRemove.addAll(strays);
        }
        linksAreDue = false;
    }

    private void refresh() {
        if (nanoTime.getAsLong() - nextRefresh >= 0) {
            if (dataplane.refresh()) {
                losePolicy();
            }
            policyIsDue |= records.forgetUnused();
            nextRefresh = nanoTime.getAsLong() + options.refreshInterval().toNanos();
        }
    }

    private void mend() {
        if (mendIsDue) {
            if (dataplane.mend()) {
                losePolicy();
            }
            mendIsDue = false;
        }
    }

    /** Until it is written again, no policy counts as being in force: no link may come up on the strength of it. */
    private void losePolicy() {
        policyIsDue = true;
        enforced = CompiledPolicy.empty();
        enforcedToHost = null;
        enforcedRevision = -1;
    }

    /** The calculator gives the same object while nothing changed; to compare the contents of a cluster is dear. */
    @SuppressWarnings("ReferenceEquality")
    private void enforce() {
        if (policyIsDue) {
            CompiledPolicy policy = records.policy();
            EndpointToHostAction toHost = records.toHost();
            if (!policy.equals(enforced) || toHost != enforcedToHost) {
                enforcedToHost = null;
                dataplane.applyPolicy(policy, toHost);
                enforced = policy;
                enforcedToHost = toHost;
            }
            policyIsDue = false;
        }
        enforcedRevision = seenRevision;
    }

    private void repair() {
        Map<String, EndpointKey> keys = new TreeMap<>();
        List<WorkloadInterface> active = new ArrayList<>();
        for (EndpointKey key : List.copyOf(toRepair)) {
            Optional<WorkloadInterface> workload = records.workload(key);
            if (workload.isEmpty()) {
                toRepair.remove(key);
            } else if (isEnforced(key, workload.get().hostName())) {
                active.add(workload.get());
                keys.put(workload.get().hostName(), key);
            } else {
                attempt("suspend " + key, () -> {
                    dataplane.suspendWorkload(workload.get().hostName());
                    toRepair.remove(key);
                });
            }
        }
        Map<String, DataplaneException> failures = dataplane.repairWorkloads(active);
        keys.forEach((name, key) -> {
            if (!failures.containsKey(name)) {
                toRepair.remove(key);
            }
        });
        failures.forEach((name, failure) -> attempt("repair " + keys.get(name), () -> {
            throw failure;
        }));
    }

    private boolean isEnforced(EndpointKey key, String hostName) {
        CompiledEndpoint endpoint = enforced.endpoints().get(hostName);
        return endpoint != null && endpoint.key().equals(key);
    }

    private void answerJoins() {
        for (Iterator<JoinRequest> it = joins.iterator(); it.hasNext(); ) {
            JoinRequest join = it.next();
            if (join.isAbandoned()) {
                it.remove();
            } else if (enforcedRevision >= join.revision()) {
                it.remove();
                answer(join);
            }
        }
    }

    private void answer(JoinRequest join) {
        Optional<String> misfit = misfit(join);
        if (misfit.isPresent()) {
            join.fail(new DataplaneException.Refused(
                    "connect workload", join.workload().hostName(), 0, misfit.get(), null));
            return;
        }
        String name = join.workload().hostName();
        if (join.run(dataplane)) {
            toUndo.remove(name);
            LOG.info("Endpoint {} is connected by {}", join.key(), name);
        } else if (join.isAbandoned()) {
            toUndo.add(name);
        }
    }

    /** Why the policy that is enforced would not let the workload's own traffic pass. */
    private Optional<String> misfit(JoinRequest join) {
        CompiledEndpoint endpoint = enforced.endpoints().get(join.workload().hostName());
        if (endpoint == null || !endpoint.key().equals(join.key())) {
            String reason = records.whyUnusable(join.key()).orElse("it has no active one");
            return Optional.of(
                    "the datastore has no usable endpoint " + join.key() + " with this interface: " + reason);
        }
        if (!endpoint.mac().equals(join.workload().containerMac())
                || !Set.copyOf(endpoint.addresses())
                        .equals(Set.copyOf(join.workload().addresses()))) {
            return Optional.of("endpoint " + join.key() + " has " + endpoint.mac() + " and " + endpoint.addresses()
                    + " in the datastore, not " + join.workload().containerMac() + " and "
                    + join.workload().addresses());
        }
        return Optional.empty();
    }

    /** Nobody will be helped any more. */
    void failJoins(DataplaneException reason) {
        joins.forEach(join -> join.fail(reason));
        joins.clear();
    }
}
