package io.calico.libnetwork.http;

import com.fasterxml.jackson.databind.JsonNode;

/**
 * Answers one kind of call. Runs on a worker and may block, within the context's deadline; must be thread-safe.
 *
 * @param <Q> the request
 */
@FunctionalInterface
public interface CallHandler<Q> {
    /**
     * The answer, sent with status 200. Any exception is answered with its message and status 500, or with the
     * status of a {@link CallException}.
     */
    JsonNode handle(Q request, CallContext context);
}
