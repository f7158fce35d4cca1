package io.calico.ipam;

import io.calico.model.json.CalicoStyle;
import java.time.Clock;
import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;
import java.util.random.RandomGenerator;
import org.immutables.value.Value;

/** Settings of a {@link BlockAllocator}; the defaults are right for all but tests. */
@Value.Immutable
@CalicoStyle
public interface AllocatorOptions {
    /** How long a call may take, retries included. Default 30 s. */
    @Value.Default
    default Duration deadline() {
        return Duration.ofSeconds(30);
    }

    /** The wall clock: times of claims, first sequence numbers. Default: the system's. */
    @Value.Default
    default Clock clock() {
        return Clock.systemUTC();
    }

    /** Elapsed time and pauses between retries. Default: the system's. */
    @Value.Default
    default Pause pause() {
        return Pause.SYSTEM;
    }

    /** Write ids, jitter, order of single-address blocks. Default: one per thread. Must be thread-safe. */
    @Value.Default
    default RandomGenerator random() {
        return (RandomGenerator) () -> ThreadLocalRandom.current().nextLong();
    }

    @Value.Check
    default void check() {
        if (deadline().isNegative() || deadline().isZero()) {
            throw new IllegalArgumentException("deadline " + deadline() + " is not above zero");
        }
    }

    /** Elapsed time, and waiting for it to pass. */
    interface Pause {
        /** The running program's own. */
        Pause SYSTEM = new Pause() {
            @Override
            public long nanoTime() {
                return System.nanoTime();
            }

            @Override
            public void sleep(Duration time) throws InterruptedException {
                Thread.sleep(time.toMillis(), time.toNanosPart() % 1_000_000);
            }
        };

        /** As {@link System#nanoTime}: only differences mean something. */
        long nanoTime();

        /** Returns after that time has passed. */
        void sleep(Duration time) throws InterruptedException;
    }

    static AllocatorOptions defaults() {
        return builder().build();
    }

    static Builder builder() {
        return new Builder();
    }

    /** Collects options; confined to one thread. */
    final class Builder extends ImmutableAllocatorOptions.Builder {
        Builder() {}
    }
}
