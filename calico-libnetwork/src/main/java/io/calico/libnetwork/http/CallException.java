package io.calico.libnetwork.http;

import org.jspecify.annotations.Nullable;

/** A call is refused: its message goes to the user's terminal and into the engine's log. */
public final class CallException extends RuntimeException {
    private static final long serialVersionUID = 1L;
    private final int status;

    private CallException(int status, String message, @Nullable Throwable cause) {
        super(message, cause);
        this.status = status;
    }

    /** The request itself cannot be understood: 400. */
    public static CallException badRequest(String message) {
        return new CallException(400, message, null);
    }

    /** What was asked cannot be done: 500, the only status that every engine reads well for a failure. */
    public static CallException failed(String message) {
        return new CallException(500, message, null);
    }

    /** As {@link #failed(String)}, because of something that an operator will find in the log. */
    public static CallException failed(String message, Throwable cause) {
        return new CallException(500, message, cause);
    }

    static CallException of(int status, String message) {
        return new CallException(status, message, null);
    }

    /** The HTTP status of the answer. */
    public int status() {
        return status;
    }
}
