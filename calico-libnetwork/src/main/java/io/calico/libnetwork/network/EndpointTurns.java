package io.calico.libnetwork.network;

import io.calico.libnetwork.http.CallException;
import io.calico.libnetwork.http.Deadline;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;

/**
 * Lets only one call at a time work on an endpoint. An engine keeps to that by itself, unless a connection broke: then it
 * gives the call up and deletes the endpoint while we may still be at work for the lost call, and what that one makes
 * would stay. Thread-safe.
 */
final class EndpointTurns {
    private final ConcurrentHashMap<String, Turn> turns = new ConcurrentHashMap<>();

    private record Turn(ReentrantLock lock, int users) {
        Turn with(int change) {
            return new Turn(lock, users + change);
        }
    }

    /**
     * Does it when no other call is at work on the endpoint.
     *
     * @throws CallException if the deadline passes before that
     */
    <T> T inTurn(String endpointId, Deadline deadline, Supplier<T> action) {
        Turn turn = turns.compute(endpointId, (id, t) -> t == null ? new Turn(new ReentrantLock(), 1) : t.with(1));
        try {
            if (!turn.lock().tryLock(deadline.remaining().toNanos(), TimeUnit.NANOSECONDS)) {
                throw CallException.failed("an earlier call for endpoint " + endpointId + " is still at work");
            }
            try {
                return action.get();
            } finally {
                turn.lock().unlock();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw CallException.failed("calico is stopping");
        } finally {
            turns.computeIfPresent(endpointId, (id, t) -> t.users() == 1 ? null : t.with(-1));
        }
    }
}
