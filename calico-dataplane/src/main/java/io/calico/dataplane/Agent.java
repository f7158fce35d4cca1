package io.calico.dataplane;

import io.calico.datastore.spi.Datastore;
import io.calico.datastore.syncer.Syncer;
import io.calico.model.EndpointKey;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps one host's dataplane equal to the datastore. One thread, {@code calico-agent-1}, owns the dataplane; everybody else
 * hands it work.
 *
 * <pre>
 *   Datastore ─▶ Syncers ─▶ AgentInbox ─▶ HostRecords (PolicyCalculator) ─▶ Dataplane.applyPolicy
 *        join, leave, refresh ──┤            │                          └▶ removeWorkload, repairWorkloads, addWorkload
 *   Dataplane.onDrift ──────────┘            └▶ (RouteCalculator) ─▶ applyRoutes      mend, mendWorkloads
 * </pre>
 *
 * <p>What a batch does, in this order: interfaces whose endpoints are gone are cut off; the policy is enforced; interfaces of
 * changed endpoints are made right; joins whose endpoint's policy is enforced are connected. So nothing goes up before its
 * policy is there. Routes to other hosts come last: no join waits for them.
 *
 * <p>What goes wrong in the field and what happens then. The process restarts: nothing is touched until a whole snapshot was
 * read, so running workloads go on with what the former process left; then the policy is brought up to date in one step, interfaces
 * without an endpoint are removed and the others made right. The host refuses a change: what was enforced stays, the attempt
 * is repeated with growing pauses, and joins wait. The datastore goes away: what was enforced stays. A caller's time is up:
 * what was done for it is undone. Another program changes the host: it is mended at once, and no link comes up while policy
 * is lost. An error that nobody foresaw ends the agent: {@link #status()} says so, callers are refused, and {@link
 * #awaitEnd()} returns, so that the process can end and be started again.
 *
 * <p>Thread-safe.
 */
public final class Agent implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Agent.class);

    private final AgentOptions options;
    private final Dataplane dataplane;
    private final List<Syncer> syncers = new ArrayList<>();
    private final AgentInbox inbox = new AgentInbox(HostRecords.SOURCES.size());
    private final Thread thread = new Thread(this::run, "calico-agent-1");
    /** Opened when the agent was in sync for the first time, and when it ends. */
    private final CountDownLatch inSyncOrEnded = new CountDownLatch(1);

    private volatile boolean wasInSync;
    private volatile Instant inSyncChangedAt = Instant.now();
    /** Opened when the agent ends, for whatever reason. */
    private final CountDownLatch ended = new CountDownLatch(1);

    private volatile AgentStatus status = new AgentStatus(false, 0, 0, 0, Optional.empty(), false, List.of());

    /** Confined to the agent's thread. */
    private final Convergence convergence;

    /**
     * An agent that has not started.
     *
     * @param store that is followed; stays open when the agent is closed
     * @param host name of this host in endpoint keys
     * @param dataplane from {@link #start} on used by the agent's thread only; stays open when the agent is closed
     */
    public Agent(Datastore store, String host, Dataplane dataplane, AgentOptions options) {
        this.options = options;
        this.dataplane = dataplane;
        this.convergence = new Convergence(new HostRecords(host), dataplane, options, System::nanoTime);
        for (List<String> prefixes : HostRecords.SOURCES) {
            syncers.add(new Syncer(store, prefixes, inbox.source(syncers.size())));
        }
        this.thread.setDaemon(true);
    }

    /**
     * Begins to follow the datastore; returns at once.
     *
     * @throws IllegalStateException if it was started or closed before
     */
    public void start() {
        dataplane.onDrift(() -> inbox.submit(convergence::mendSoon));
        syncers.forEach(Syncer::start);
        thread.start();
    }

    /**
     * Ends the agent's thread. The host keeps working as it is; callers that wait are refused. Idempotent; takes at most
     * {@link AgentOptions#closeTimeout()}.
     */
    @Override
    public void close() {
        inbox.close();
        syncers.forEach(Syncer::close);
        try {
            thread.join(options.closeTimeout().toMillis());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /**
     * Waits until the agent has ended: closed, or by an error that nobody foresaw.
     *
     * @return that error, in words; empty if the agent was closed
     */
    public Optional<String> awaitEnd() throws InterruptedException {
        ended.await();
        AgentStatus last = status;
        return last.failed() ? last.lastError() : Optional.empty();
    }

    /** How the agent is doing. Does not block. */
    public AgentStatus status() {
        return status;
    }

    /** Whether a whole snapshot of the datastore is enforced, and nothing newer failed. */
    public boolean isInSync() {
        return status.inSync();
    }

    /** When {@link #isInSync} last changed; when the agent was made, if it never has. */
    public Instant inSyncChangedAt() {
        return inSyncChangedAt;
    }

    /** Whether the agent follows the datastore; false before the start, after the end, and after an unforeseen error. */
    public boolean isAlive() {
        return thread.isAlive();
    }

    /**
     * Waits until a whole snapshot of the datastore was enforced for the first time, or the agent has ended.
     *
     * @return whether one was enforced in time
     */
    public boolean awaitInSync(Duration limit) throws InterruptedException {
        return inSyncOrEnded.await(limit.toNanos(), TimeUnit.NANOSECONDS) && wasInSync;
    }

    /**
     * Whether a workload's interface of that name exists; one that was removed does not, even if it is deleted only a little
     * later. Does not wait for the agent's thread.
     *
     * @throws DataplaneException.Refused if the host does not say
     */
    public boolean isConnected(String hostName) {
        return dataplane.isConnected(hostName);
    }

    /** MTU that a new workload's interface should have, in bytes. */
    public int workloadMtuBytes() {
        return dataplane.workloadMtuBytes();
    }

    /**
     * Connects a workload: returns when the policy of its endpoint is enforced, its interface is up and its routes are
     * there.
     *
     * @param endpointRevision the datastore revision of the endpoint's record; this or a newer one is what counts
     * @throws DataplaneException.TimedOut if that took longer; the message says what was missing
     * @throws DataplaneException.Refused if the host refused, or the datastore has no usable endpoint of that key that fits
     *     the interface
     * @throws DataplaneException.Unavailable if the agent was closed or has ended. After any exception nothing is left of the interface
     */
    public void join(EndpointKey key, WorkloadInterface workload, long endpointRevision, Duration deadline) {
        JoinRequest request = new JoinRequest(key, workload, endpointRevision);
        if (!inbox.submit(() -> convergence.add(request))) {
            throw closed("connect workload", workload.hostName());
        }
        request.await(deadline, this::whatIsMissing);
    }

    private String whatIsMissing() {
        AgentStatus now = status;
        return now.lastError()
                .map(error -> "the last attempt to enforce policy failed: " + error)
                .orElse(
                        now.revision() == 0
                                ? "no whole snapshot of the datastore was read yet"
                                : "policy is enforced up to revision " + now.revision() + " of the datastore");
    }

    /**
     * Cuts a workload off: returns when its interface is down and its routes are gone; the interface itself is deleted a
     * little later. Nothing happens if there is none of that name.
     *
     * @param hostName the host-side name
     * @throws DataplaneException.Refused if the host refused
     * @throws DataplaneException.TimedOut if the agent did not get to it in time; it will
     * @throws DataplaneException.Unavailable if the agent was closed or has ended
     */
    public void leave(String hostName) {
        CompletableFuture<Void> done = new CompletableFuture<>();
        if (!inbox.submit(() -> remove(hostName, done))) {
            throw closed("disconnect workload", hostName);
        }
        try {
            done.get(options.leaveTimeout().toNanos(), TimeUnit.NANOSECONDS);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof DataplaneException reason) {
                throw reason;
            }
            throw new DataplaneException.Refused(
                    "disconnect workload", hostName, 0, String.valueOf(e.getCause()), e.getCause());
        } catch (TimeoutException e) {
            throw new DataplaneException.TimedOut(
                    "disconnect workload",
                    hostName,
                    "not done after " + options.leaveTimeout().toMillis() + " ms, but will be");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new DataplaneException.Unavailable("disconnect workload", hostName, "interrupted", e);
        }
    }

    /**
     * The host-side names of all workload interfaces that exist on the host, whoever made them.
     *
     * @throws DataplaneException if the host refused, the agent did not get to it in time, or was closed
     */
    public Set<String> workloads() {
        CompletableFuture<Set<String>> names = new CompletableFuture<>();
        if (!inbox.submit(() -> list(names))) {
            throw closed("list", "workloads");
        }
        try {
            return names.get(options.leaveTimeout().toNanos(), TimeUnit.NANOSECONDS);
        } catch (ExecutionException e) {
            throw e.getCause() instanceof DataplaneException reason
                    ? reason
                    : new DataplaneException.Refused(
                            "list", "workloads", 0, String.valueOf(e.getCause()), e.getCause());
        } catch (TimeoutException e) {
            throw new DataplaneException.TimedOut("list", "workloads", "the agent is busy");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new DataplaneException.Unavailable("list", "workloads", "interrupted", e);
        }
    }

    private void list(CompletableFuture<Set<String>> names) {
        try {
            names.complete(Set.copyOf(dataplane.workloads()));
        } catch (RuntimeException e) {
            names.completeExceptionally(e);
        }
    }

    private void remove(String hostName, CompletableFuture<Void> done) {
        try {
            convergence.removeNow(hostName);
            done.complete(null);
        } catch (RuntimeException e) {
            done.completeExceptionally(e);
        }
    }

    /** Asks for a look at what other programs may have changed on this host, soon; does not wait for it. */
    public void refresh() {
        inbox.submit(convergence::refreshSoon);
    }

    private DataplaneException closed(String operation, String object) {
        AgentStatus last = status;
        String reason = last.failed() ? last.lastError().orElse("the agent has ended") : "the agent is closed";
        return new DataplaneException.Unavailable(operation, object, reason, null);
    }

    private void run() {
        try {
            while (true) {
                AgentInbox.Batch batch = inbox.take(convergence.deadline());
                batch.work().forEach(Runnable::run);
                if (batch.closed()) {
                    return;
                }
                AgentStatus now = convergence.step(batch);
                if (now.inSync() != status.inSync()) {
                    inSyncChangedAt = Instant.now();
                }
                status = now;
                if (status.inSync()) {
                    wasInSync = true;
                    inSyncOrEnded.countDown();
                }
            }
        } catch (InterruptedException e) {
            LOG.debug("The agent's thread was interrupted", e);
        } catch (RuntimeException | Error e) {
            fail(e);
        } finally {
            inbox.close();
            convergence.failJoins(closed("connect workload", "of a waiting caller"));
            inSyncOrEnded.countDown();
            ended.countDown();
        }
    }

    private void fail(Throwable error) {
        AgentStatus last = status;
        if (last.inSync()) {
            inSyncChangedAt = Instant.now();
        }
        status = new AgentStatus(
                false,
                last.revision(),
                last.endpoints(),
                last.applyFailures() + 1,
                Optional.of("the agent has ended because of an unforeseen error (" + error
                        + "); the node daemon must be restarted"),
                true,
                last.problems());
        LOG.error("The agent ends; the host stays as it is until the node daemon is restarted", error);
    }
}
