package io.calico.ipam;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.concurrent.atomic.AtomicLong;

/** A clock that moves only when told to, or when somebody sleeps. Thread-safe. */
final class ManualTime extends Clock implements AllocatorOptions.Pause {
    static final Instant START = Instant.parse("2026-08-22T10:00:00Z");

    private final AtomicLong wallNanos = new AtomicLong();
    private final AtomicLong elapsedNanos = new AtomicLong();

    /** Moves the wall clock, also back. */
    void advance(Duration by) {
        wallNanos.addAndGet(by.toNanos());
    }

    @Override
    public Instant instant() {
        return START.plusNanos(wallNanos.get());
    }

    @Override
    public ZoneId getZone() {
        return ZoneOffset.UTC;
    }

    @Override
    public Clock withZone(ZoneId zone) {
        throw new UnsupportedOperationException("always UTC");
    }

    @Override
    public long nanoTime() {
        return elapsedNanos.get();
    }

    @Override
    public void sleep(Duration time) {
        elapsedNanos.addAndGet(time.toNanos());
        wallNanos.addAndGet(time.toNanos());
    }
}
