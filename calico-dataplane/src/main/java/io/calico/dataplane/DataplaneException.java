package io.calico.dataplane;

import org.jspecify.annotations.Nullable;

/** The dataplane could not do what was asked. One subtype for each decision that a caller can take. */
public abstract sealed class DataplaneException extends RuntimeException {
    private static final long serialVersionUID = 1L;
    private final String operation;
    private final String object;

    private DataplaneException(String operation, String object, String reason, @Nullable Throwable cause) {
        super(operation + " " + object + ": " + reason, cause);
        this.operation = operation;
        this.object = object;
    }

    /** What was attempted, for instance {@code add link}. */
    public String operation() {
        return operation;
    }

    /** What it was attempted on, for instance an interface name. */
    public String object() {
        return object;
    }

    /** The kernel, or the tool that speaks to it, said no. Nothing was changed by the refused step; what was done before it was undone. */
    public static final class Refused extends DataplaneException {
        private static final long serialVersionUID = 1L;
        private final int errno;

        /**
         * @param errno the kernel's error number, or 0 if only a text is known
         * @param reason the kernel's or the tool's own words
         */
        public Refused(String operation, String object, int errno, String reason, @Nullable Throwable cause) {
            super(operation, object, reason, cause);
            this.errno = errno;
        }

        /** The kernel's error number ({@code errno.h}); 0 if there was only a text. */
        public int errno() {
            return errno;
        }
    }

    /** The time limit passed; the message says what had not happened by then. What was begun was undone. */
    public static final class TimedOut extends DataplaneException {
        private static final long serialVersionUID = 1L;

        public TimedOut(String operation, String object, String reason) {
            super(operation, object, reason, null);
        }
    }

    /** The dataplane cannot work at all now: closed, or something it needs is missing on this machine. Nothing was done. */
    public static final class Unavailable extends DataplaneException {
        private static final long serialVersionUID = 1L;

        public Unavailable(String operation, String object, String reason, @Nullable Throwable cause) {
            super(operation, object, reason, cause);
        }
    }
}
