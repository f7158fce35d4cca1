package io.calico.ipam;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.calico.datastore.spi.Datastore;
import io.calico.ipam.internal.view.AllocationView;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Lets concurrent calls share transactions. Calls wait in the order in which they came; one of the waiting threads leads:
 * it does what the longest-waiting calls ask for to the blocks in memory, commits all of it at once, and answers them.
 *
 * <pre>
 * waiting   [assign 1][assign 1][release][assign 2][look up][assign 1]…
 *            └───────── one batch, one commit ─────┘   alone
 * </pre>
 *
 * <p>There is no thread and no timer: a call that finds nobody leading leads at once, so alone it is as fast as without
 * all this; while a commit is under way the next batch gathers. Who leads does so for one batch, then hands over to the
 * call that has waited longest. A call that cannot be decided by what is in memory is done alone, by its own thread, when
 * it is the first.
 *
 * <p>A refused batch stays where it is and is put together anew from what the store answered. A call whose time is over
 * leaves; if a batch with it is under way, what it was given is released by the next one.
 *
 * <p>Thread-safe. Who leads has the view to itself.
 */
final class Combiner {
    private static final Logger LOG = LoggerFactory.getLogger(Combiner.class);
    private static final int CALLS_PER_BATCH = 256;

    private final Datastore store;
    private final String host;
    private final AllocatorOptions options;
    private final AllocationView view;
    private final Counters counters;
    private final Object lock = new Object();

    @GuardedBy("lock")
    private final Deque<Call<?>> waiting = new ArrayDeque<>();

    @GuardedBy("lock")
    private boolean led;

    /** How often in a row a batch was refused; used by who leads. */
    private int refusals;

    Combiner(Datastore store, String host, AllocatorOptions options, AllocationView view, Counters counters) {
        this.store = store;
        this.host = host;
        this.options = options;
        this.view = view;
        this.counters = counters;
    }

    /** Does a call and returns its answer. */
    <T> T call(String doing, Work<T> work) {
        Call<T> call = new Call<>(work, new Retry(options, doing), Thread.currentThread());
        synchronized (lock) {
            waiting.add(call);
        }
        try {
            while (!mayLeave(call)) {
                if (mayLead(call)) {
                    lead(call);
                } else {
                    waitForTurn(call);
                }
            }
        } catch (RuntimeException | Error e) {
            forget(call);
            throw e;
        } finally {
            leadWhatNobodyWaitsFor();
        }
        return call.result();
    }

    /** An error that is nobody's to handle ends the call. */
    private void forget(Call<?> call) {
        synchronized (lock) {
            if (call.state == Call.State.WAITING) {
                waiting.remove(call);
                call.state = Call.State.GONE;
            }
        }
        wakeNext();
    }

    private boolean mayLeave(Call<?> call) {
        synchronized (lock) {
            return call.isAnswered();
        }
    }

    private boolean mayLead(Call<?> call) {
        synchronized (lock) {
            Call<?> first = waiting.peek();
            boolean may = !led && first != null && (!first.alone || first == call || first.caller == null);
            led |= may;
            return may;
        }
    }

    /** Calls without a caller are led by whoever is about to leave, if nobody else is there. */
    private void leadWhatNobodyWaitsFor() {
        while (true) {
            synchronized (lock) {
                if (led || waiting.isEmpty() || waiting.stream().anyMatch(c -> c.caller != null)) {
                    return;
                }
                led = true;
            }
            lead(null);
        }
    }

    private void waitForTurn(Call<?> call) {
        LockSupport.parkNanos(this, Math.max(1, call.retry.remaining().toNanos()));
        boolean interrupted = Thread.interrupted();
        if (interrupted || call.retry.remaining().toNanos() <= 0) {
            leave(call, interrupted);
        }
    }

    /** The caller waits no longer. */
    private void leave(Call<?> call, boolean interrupted) {
        synchronized (lock) {
            if (call.isAnswered()) {
                if (interrupted) {
                    Thread.currentThread().interrupt();
                }
                return;
            }
            boolean taken = call.state == Call.State.TAKEN;
            IpamException why = interrupted
                    ? call.retry.interrupted(new InterruptedException("while waiting"))
                    : call.retry.tooLate(
                            taken ? "it is not known whether it will be done" : "earlier calls are not done");
            if (taken) {
                call.state = Call.State.GONE;
                throw why;
            }
            waiting.remove(call);
            call.fail(why);
        }
        wakeNext();
    }

    private void wakeNext() {
        Thread next;
        synchronized (lock) {
            next = waiting.stream()
                    .map(c -> c.caller)
                    .filter(t -> t != null)
                    .findFirst()
                    .orElse(null);
        }
        if (next != null) {
            LockSupport.unpark(next);
        }
    }

    /** One batch, or one call alone. Afterwards somebody else leads. */
    private void lead(@Nullable Call<?> own) {
        // An interrupt is meant for one caller; the calls of others must not fail of it.
        boolean interrupted = Thread.interrupted();
        try {
            List<Call<?>> candidates = takeFirst();
            Call<?> first = candidates.isEmpty() ? null : candidates.get(0);
            if (first != null && first.alone) {
                runAlone(first, interrupted);
            } else if (first != null) {
                interrupted |= runBatch(own, candidates);
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
            synchronized (lock) {
                led = false;
            }
            wakeNext();
        }
    }

    /** The first call if it must be alone, else the first ones that need not be. */
    private List<Call<?>> takeFirst() {
        List<Call<?>> taken = new ArrayList<>();
        synchronized (lock) {
            for (Call<?> call : waiting) {
                if (call.alone && !taken.isEmpty() || taken.size() >= CALLS_PER_BATCH) {
                    break;
                }
                call.state = Call.State.TAKEN;
                taken.add(call);
                if (call.alone) {
                    break;
                }
            }
        }
        return taken;
    }

    private <T> void runAlone(Call<T> call, boolean interrupted) {
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        IpamException failure = null;
        T answer = null;
        try {
            answer = call.work.alone(session(call.retry, false));
        } catch (IpamException e) {
            failure = e;
        } finally {
            synchronized (lock) {
                waiting.remove(call);
                if (failure != null) {
                    call.fail(failure);
                } else if (answer != null) {
                    call.answer(answer);
                } else {
                    // An error that is nobody's to handle is on its way to the caller.
                    call.state = Call.State.GONE;
                }
            }
        }
        counters.alone();
    }

    private Session session(Retry retry, boolean forOthers) {
        return new Session(store, host, options, view, retry, counters, forOthers);
    }

    /** Returns whether the thread was interrupted. */
    private boolean runBatch(@Nullable Call<?> own, List<Call<?>> candidates) {
        Session session = session(candidates.get(0).retry, true);
        Batch batch = new Batch(session, refusals == 0);
        List<Call<?>> joined = new ArrayList<>();
        try {
            for (Call<?> call : candidates) {
                if (batch.isFull() || !call.work.join(batch)) {
                    break;
                }
                joined.add(call);
            }
            if (joined.isEmpty()) {
                candidates.get(0).alone = true;
                return false;
            }
            commit(session, batch, joined, own);
        } catch (RuntimeException e) {
            // Whosever fault it is: alone each call meets its own.
            LOG.debug("a batch of {} calls failed; they are done one by one", candidates.size(), e);
            candidates.forEach(call -> call.alone = true);
        } finally {
            putBack(candidates);
        }
        return session.wasInterrupted();
    }

    private void commit(Session session, Batch batch, List<Call<?>> joined, @Nullable Call<?> own) {
        try {
            switch (batch.commit()) {
                case COMMITTED -> {
                    refusals = 0;
                    counters.batch(joined.size());
                    joined.forEach(this::answer);
                }
                case REFUSED -> {
                    refusals++;
                    counters.refused();
                    batch.name(joined.get(0).retry);
                    pause(session, joined, own);
                }
                case LOST -> joined.forEach(call -> call.work.lost());
                case OTHERS_CHANGED -> throw new AssertionError("a batch holds no records of others");
            }
        } catch (IpamException e) {
            synchronized (lock) {
                joined.forEach(call -> {
                    waiting.remove(call);
                    call.fail(e.again());
                });
            }
            wake(joined);
        }
    }

    private <T> void answer(Call<T> call) {
        call.work.count(counters);
        synchronized (lock) {
            waiting.remove(call);
            if (call.state == Call.State.GONE) {
                List<ReleaseRequest> unclaimed = call.work.unclaimed();
                if (!unclaimed.isEmpty()) {
                    Retry retry = new Retry(options, "release what a caller did not wait for");
                    waiting.add(new Call<>(new ReleaseCall(unclaimed), retry, null));
                }
                return;
            }
            call.answer(call.work.joined());
        }
        wake(List.of(call));
    }

    private static void wake(List<Call<?>> calls) {
        calls.forEach(call -> {
            if (call.caller != Thread.currentThread()) {
                LockSupport.unpark(call.caller);
            }
        });
    }

    /** After a refusal: counts it for each call, pauses for the one that has waited longest. */
    private void pause(Session session, List<Call<?>> joined, @Nullable Call<?> own) {
        joined.subList(1, joined.size()).forEach(call -> call.retry.count());
        if (session.wasInterrupted() && own != null) {
            end(own, own.retry.interrupted(new InterruptedException("while committing")));
        }
        Call<?> first = joined.get(0);
        try {
            first.retry.failed();
        } catch (IpamException e) {
            boolean interrupted = Thread.interrupted();
            if (interrupted) {
                session.noteInterrupt();
            }
            end(interrupted && own != null ? own : first, e);
        }
    }

    private void end(Call<?> call, IpamException why) {
        synchronized (lock) {
            if (!call.isAnswered()) {
                waiting.remove(call);
                call.fail(why);
            }
        }
        wake(List.of(call));
    }

    /** Those without an answer wait again; those whose callers have gone do not. */
    private void putBack(List<Call<?>> candidates) {
        synchronized (lock) {
            for (Call<?> call : candidates) {
                if (call.state == Call.State.TAKEN) {
                    call.state = Call.State.WAITING;
                } else if (call.state == Call.State.GONE) {
                    waiting.remove(call);
                }
            }
        }
    }
}
