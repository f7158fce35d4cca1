package io.calico.dataplane;

import io.calico.model.EndpointKey;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;

/**
 * One caller that waits for its workload to be connected. Thread-safe.
 *
 * <pre>
 *   WAITING ─▶ RUNNING ─▶ DONE
 *      └──────────┴─────▶ ABANDONED    the caller's time is up; who connected it takes it away again
 * </pre>
 */
final class JoinRequest {
    private enum State {
        WAITING,
        RUNNING,
        DONE,
        ABANDONED
    }

    private final EndpointKey key;
    private final WorkloadInterface workload;
    private final long revision;
    private final AtomicReference<State> state = new AtomicReference<>(State.WAITING);
    private final CompletableFuture<Void> answer = new CompletableFuture<>();

    JoinRequest(EndpointKey key, WorkloadInterface workload, long revision) {
        this.key = key;
        this.workload = workload;
        this.revision = revision;
    }

    EndpointKey key() {
        return key;
    }

    WorkloadInterface workload() {
        return workload;
    }

    /** The policy must be that of this revision or a newer one. */
    long revision() {
        return revision;
    }

    boolean isAbandoned() {
        return state.get() == State.ABANDONED;
    }

    /** The caller cannot be helped. */
    void fail(DataplaneException reason) {
        if (state.compareAndSet(State.WAITING, State.DONE) || state.compareAndSet(State.RUNNING, State.DONE)) {
            answer.completeExceptionally(reason);
        }
    }

    /** Connects the workload and answers; false if that failed or nobody waits for it any more. */
    boolean run(Dataplane dataplane) {
        if (!state.compareAndSet(State.WAITING, State.RUNNING)) {
            return false;
        }
        try {
            dataplane.addWorkload(workload);
        } catch (DataplaneException e) {
            fail(e);
            return false;
        } catch (RuntimeException e) {
            fail(new DataplaneException.Refused("connect workload", workload.hostName(), 0, e.toString(), e));
            return false;
        }
        if (!state.compareAndSet(State.RUNNING, State.DONE)) {
            return false;
        }
        answer.complete(null);
        return true;
    }

    /**
     * Waits for the answer.
     *
     * @param whatIsMissing asked when the time is up
     */
    void await(Duration deadline, Supplier<String> whatIsMissing) {
        try {
            answer.get(deadline.toNanos(), TimeUnit.NANOSECONDS);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof DataplaneException reason) {
                throw reason;
            }
            throw new AssertionError("answers are dataplane exceptions", e);
        } catch (TimeoutException e) {
            if (abandon()) {
                throw new DataplaneException.TimedOut(
                        "connect workload",
                        workload.hostName(),
                        "not done after " + deadline.toMillis() + " ms: " + whatIsMissing.get());
            }
            // It was answered in the last moment.
            await(Duration.ofSeconds(1), whatIsMissing);
        } catch (InterruptedException e) {
            abandon();
            Thread.currentThread().interrupt();
            throw new DataplaneException.Unavailable("connect workload", workload.hostName(), "interrupted", e);
        }
    }

    private boolean abandon() {
        return state.compareAndSet(State.WAITING, State.ABANDONED)
                || state.compareAndSet(State.RUNNING, State.ABANDONED);
    }
}
