package io.calico.libnetwork.http;

import java.util.OptionalInt;

/**
 * What a handler may know of its call beside the parsed request.
 *
 * @param body the request's body as it was sent; empty if the call has none
 * @param deadline when the answer is due; counted from the arrival of the request, so time spent in the queue is included
 * @param callerPid process at the other end of the socket (the engine), as the kernel tells it; empty if it is outside
 *     our process namespace
 */
public record CallContext(String body, Deadline deadline, OptionalInt callerPid) {}
