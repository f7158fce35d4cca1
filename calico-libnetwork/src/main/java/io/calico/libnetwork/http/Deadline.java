package io.calico.libnetwork.http;

import java.time.Duration;
import java.util.function.LongSupplier;

/** A moment by which a call must be answered, on the process's monotonic clock. Immutable. */
public final class Deadline {
    private final long at;
    private final LongSupplier nanoTime;

    private Deadline(long at, LongSupplier nanoTime) {
        this.at = at;
        this.nanoTime = nanoTime;
    }

    /**
     * The moment that is so far from now.
     *
     * @param nanoTime the clock, normally {@link System#nanoTime}
     */
    public static Deadline after(Duration time, LongSupplier nanoTime) {
        return new Deadline(nanoTime.getAsLong() + time.toNanos(), nanoTime);
    }

    /** The time left; zero, never negative, once it has passed. */
    public Duration remaining() {
        return Duration.ofNanos(Math.max(0, at - nanoTime.getAsLong()));
    }

    /** Whether no time is left. */
    public boolean hasPassed() {
        return at - nanoTime.getAsLong() <= 0;
    }
}
