package io.calico.ipam;

import org.jspecify.annotations.Nullable;

/**
 * One call, from its arrival to its answer. The state belongs to the {@link Combiner} and is guarded by its lock.
 *
 * <pre>
 * WAITING ──▶ TAKEN ──▶ ANSWERED          TAKEN: a batch with this call is under way
 *    ▲          │ ├───▶ WAITING           refused: again with the next batch
 *    └──────────┘ └───▶ GONE              the caller's time was over before the batch's
 * </pre>
 */
final class Call<T> {
    enum State {
        WAITING,
        TAKEN,
        ANSWERED,
        GONE
    }

    final Work<T> work;
    final Retry retry;
    /** Who waits for the answer; null: nobody does. */
    final @Nullable Thread caller;

    State state = State.WAITING;
    /** It turned out that it cannot join a batch. */
    boolean alone;

    private @Nullable T answer;
    private @Nullable IpamException failure;

    Call(Work<T> work, Retry retry, @Nullable Thread caller) {
        this.work = work;
        this.retry = retry;
        this.caller = caller;
    }

    void answer(T value) {
        answer = value;
        state = State.ANSWERED;
    }

    void fail(IpamException why) {
        failure = why;
        state = State.ANSWERED;
    }

    boolean isAnswered() {
        return state == State.ANSWERED;
    }

    /** The answer of a call that has one. */
    T result() {
        if (failure != null) {
            throw failure;
        }
        if (answer == null) {
            throw new AssertionError("the call has no answer yet");
        }
        return answer;
    }
}
