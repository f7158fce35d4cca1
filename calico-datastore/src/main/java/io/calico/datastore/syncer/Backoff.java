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
     * Waits before everything is read again although the store is there: all who follow it learn at the same time that they
     * must. Does nothing unless an implementation says otherwise.
     *
     * @throws InterruptedException if the syncer is being closed
     */
    default void spread() throws InterruptedException {}

    /**
     * Sleeps 50 ms after the first failure, twice as long after each further one up to the most, each shortened by up to a
     * half so that many processes do not come back at once. {@link #spread} sleeps any time up to the most.
     *
     * @param most 50 ms or more
     */
    static Backoff exponential(Duration most, RandomGenerator random) {
        return new Backoff() {
            @Override
            public void pause(int failures) throws InterruptedException {
                long upTo = Math.min(most.toMillis(), 50L << Math.min(failures - 1, 20));
                Thread.sleep(upTo - random.nextLong(upTo / 2 + 1));
            }

            @Override
            public void spread() throws InterruptedException {
                Thread.sleep(random.nextLong(most.toMillis() + 1));
            }
        };
    }
}
