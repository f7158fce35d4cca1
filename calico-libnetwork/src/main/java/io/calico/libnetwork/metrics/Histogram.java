package io.calico.libnetwork.metrics;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.atomic.LongAdder;

/** How often something took how long. Thread-safe, without locks; a reader may see an observation counted in part. */
final class Histogram {
    /** Upper bounds of the buckets in milliseconds, ascending; from a fast call to the deadline of one. */
    private static final long[] BOUNDS_MILLIS = {1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000};

    /** One for each bound, and one for what took longer. */
    private final AtomicLongArray counts = new AtomicLongArray(BOUNDS_MILLIS.length + 1);

    private final LongAdder nanos = new LongAdder();

    void observe(Duration time) {
        long observed = time.toNanos();
        int bucket = 0;
        while (bucket < BOUNDS_MILLIS.length && observed > BOUNDS_MILLIS[bucket] * 1_000_000) {
            bucket++;
        }
        counts.incrementAndGet(bucket);
        nanos.add(observed);
    }

    /** Writes the samples of a histogram: cumulative buckets, sum in seconds, count. */
    void write(Exposition out, String name, String label, String value) {
        long below = 0;
        for (int bucket = 0; bucket < BOUNDS_MILLIS.length; bucket++) {
            below += counts.get(bucket);
            out.sample(name + "_bucket", below, label, value, "le", Exposition.number(BOUNDS_MILLIS[bucket] / 1000.0));
        }
        below += counts.get(BOUNDS_MILLIS.length);
        out.sample(name + "_bucket", below, label, value, "le", "+Inf");
        out.sample(name + "_sum", nanos.sum() / 1e9, label, value);
        out.sample(name + "_count", below, label, value);
    }
}
