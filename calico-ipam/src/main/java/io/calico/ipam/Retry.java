package io.calico.ipam;

import io.calico.model.net.Cidr;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * The patience of one call: retries are unlimited until the deadline; from the third failure in a row on, every second
 * one is preceded by a random pause of up to 2, 4, … 64 ms, so that writers who met do not meet again.
 *
 * <p>Only every second one: a failure brings what is stored now, and a try at once competes on equal terms. What was known
 * before a pause is outdated where somebody writes all the time, and a writer who pauses before each try never comes first.
 * Confined to one thread.
 */
final class Retry {
    private static final int FIRST_PAUSE = 3;
    private static final int LONGEST_PAUSE_MILLIS = 64;

    private final AllocatorOptions options;
    private final String doing;
    private final long start;
    private int failures;
    private String where = "";

    /**
     * Starts the time of a call.
     *
     * @param doing what the call does, for the message
     */
    Retry(AllocatorOptions options, String doing) {
        this.options = options;
        this.doing = doing;
        this.start = options.pause().nanoTime();
    }

    /** How long the call may go on; zero or less: it is over. */
    Duration remaining() {
        return options.deadline().minusNanos(options.pause().nanoTime() - start);
    }

    /** The next failure is about that block; for the message. */
    Retry on(@Nullable Cidr pool, Cidr block, String host) {
        where = (pool == null ? "" : " in pool " + pool) + " on block " + block + " for host " + host;
        return this;
    }

    /** A failure that another call pauses for. */
    void count() {
        failures++;
    }

    /** The call waited for its turn until its time was over. */
    IpamException.DeadlineExceeded tooLate(String because) {
        return new IpamException.DeadlineExceeded(
                "gave up to " + doing + " after " + options.deadline() + ": " + because, null);
    }

    /** The call got one step further. */
    void succeeded() {
        failures = 0;
    }

    /**
     * A step failed and is to be tried again; may pause if it is not the first.
     *
     * @throws IpamException.DeadlineExceeded if there is no time for that
     */
    void failed() {
        check(null);
        failures++;
        int since = failures - FIRST_PAUSE;
        if (since >= 0 && since % 2 == 0) {
            int most = Math.min(LONGEST_PAUSE_MILLIS, 1 << Math.min(since / 2 + 1, 6));
            Duration pause = Duration.ofNanos(options.random().nextLong(most * 1_000_000L));
            sleep(pause.compareTo(remaining()) < 0 ? pause : remaining());
        }
    }

    /**
     * Goes on if there is time.
     *
     * @throws IpamException.DeadlineExceeded if there is none
     */
    void check(@Nullable Throwable cause) {
        if (remaining().compareTo(Duration.ZERO) <= 0) {
            throw new IpamException.DeadlineExceeded(
                    "gave up to " + doing + where + " after " + options.deadline() + ": other writers came first "
                            + failures + " times in a row",
                    cause);
        }
    }

    private void sleep(Duration time) {
        try {
            options.pause().sleep(time);
        } catch (InterruptedException e) {
            throw interrupted(e);
        }
    }

    /** Keeps the thread's interrupt flag. */
    IpamException.DeadlineExceeded interrupted(InterruptedException cause) {
        Thread.currentThread().interrupt();
        return new IpamException.DeadlineExceeded("interrupted while trying to " + doing, cause);
    }
}
