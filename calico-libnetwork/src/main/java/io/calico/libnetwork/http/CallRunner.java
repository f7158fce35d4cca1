package io.calico.libnetwork.http;

import java.time.Duration;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Consumer;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Hands parsed calls to the workers and turns what comes of them into answers. Every call gets exactly one answer,
 * whatever the handler throws. Thread-safe.
 */
final class CallRunner {
    private static final Logger LOG = LoggerFactory.getLogger(CallRunner.class);

    private final Executor workers;
    private final Function<RuntimeException, CallException> translation;
    private final CallObserver observer;

    /**
     * @param workers refuses with {@link RejectedExecutionException} when its queue is full
     * @param translation from what handlers throw to what engines are told
     * @param observer is told of every answer
     */
    CallRunner(Executor workers, Function<RuntimeException, CallException> translation, CallObserver observer) {
        this.workers = workers;
        this.translation = translation;
        this.observer = observer;
    }

    /**
     * Makes the call on a worker.
     *
     * @param whenDone gets the answer, on the worker, or on the caller's thread if the call is refused at once
     */
    void run(String path, Routes.Call call, Deadline deadline, Consumer<Answer> whenDone) {
        long arrival = System.nanoTime();
        try {
            workers.execute(() -> {
                Answer answer = answer(path, call, deadline);
                observer.answered(path, answer.status(), Duration.ofNanos(System.nanoTime() - arrival));
                whenDone.accept(answer);
            });
        } catch (RejectedExecutionException e) {
            LOG.warn("{} refused: all workers are busy and the queue is full, or the plugin is stopping", path);
            observer.answered(path, 503, Duration.ZERO);
            whenDone.accept(Answer.error(503, "calico has too many calls in flight, or is stopping; try again"));
        }
    }

    /** A request was answered without a call. */
    void refused(String path, int status) {
        observer.answered(path, status, Duration.ZERO);
    }

    private Answer answer(String path, Routes.Call call, Deadline deadline) {
        long start = System.nanoTime();
        Answer answer;
        if (deadline.hasPassed()) {
            // Nothing has been done for it, so the engine has nothing to undo.
            answer = Answer.error(503, "calico was too busy to begin this call in time; try again");
        } else {
            try {
                answer = new Answer(200, call.make(), false);
            } catch (RuntimeException e) {
                answer = failure(path, e);
            } catch (LinkageError | AssertionError | OutOfMemoryError | StackOverflowError e) {
                LOG.error("{} failed inside calico", path, e);
                answer = Answer.error(500, "calico failed inside: " + e);
            }
        }
        LOG.debug("{} {} in {} us", path, answer.status(), (System.nanoTime() - start) / 1000);
        return answer;
    }

    private Answer failure(String path, RuntimeException e) {
        CallException refusal = e instanceof CallException c ? c : translation.apply(e);
        if (refusal.getCause() == null) {
            LOG.warn("{} refused: {}", path, Answer.shortened(String.valueOf(refusal.getMessage())));
        } else {
            LOG.error("{} failed: {}", path, refusal.getMessage(), refusal.getCause());
        }
        return Answer.error(refusal.status(), String.valueOf(refusal.getMessage()));
    }
}
