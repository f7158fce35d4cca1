package io.calico.datastore.syncer;

import java.time.Duration;
import java.util.random.RandomGenerator;

/** Waits before the store is tried again. */
@FunctionalInterface
public interface Backoff {
    /**
     * Waits.
     *
     * @param failures how often in a row it failed, 1 or more
     * @throws InterruptedException if the syncer is being closed
     */
    void pause(int failures) throws InterruptedException;

    /**
     * Sleeps 50 ms after the first failure, twice as long after each further one up to the most, each shortened by up to a
     * half so that many processes do not come back at once.
     *
     * @param most 50 ms or more
     */
    static Backoff exponential(Duration most, RandomGenerator random) {
        return failures -> {
            long upTo = Math.min(most.toMillis(), 50L << Math.min(failures - 1, 20));
            Thread.sleep(upTo - random.nextLong(upTo / 2 + 1));
        };
    }
}
