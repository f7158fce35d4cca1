package io.calico.ipam;

import java.util.concurrent.atomic.LongAdder;

/** What an allocator has done since it was made. Thread-safe. */
final class Counters {
    private final LongAdder assigned = new LongAdder();
    private final LongAdder borrowed = new LongAdder();
    private final LongAdder released = new LongAdder();
    private final LongAdder claimed = new LongAdder();
    private final LongAdder commits = new LongAdder();
    private final LongAdder refused = new LongAdder();
    private final LongAdder unknown = new LongAdder();
    private final LongAdder lost = new LongAdder();
    private final LongAdder batches = new LongAdder();
    private final LongAdder joined = new LongAdder();
    private final LongAdder alone = new LongAdder();

    void assigned(int addresses) {
        assigned.add(addresses);
    }

    void borrowed(int addresses) {
        borrowed.add(addresses);
    }

    void released(int addresses) {
        released.add(addresses);
    }

    void claimed() {
        claimed.increment();
    }

    void commit() {
        commits.increment();
    }

    void refused() {
        refused.increment();
    }

    void unknown() {
        unknown.increment();
    }

    void lost() {
        lost.increment();
    }

    void batch(int calls) {
        batches.increment();
        joined.add(calls);
    }

    void alone() {
        alone.increment();
    }

    AllocatorStatistics snapshot() {
        return new AllocatorStatistics(
                assigned.sum(),
                borrowed.sum(),
                released.sum(),
                claimed.sum(),
                commits.sum(),
                refused.sum(),
                unknown.sum(),
                lost.sum(),
                batches.sum(),
                joined.sum(),
                alone.sum());
    }
}
