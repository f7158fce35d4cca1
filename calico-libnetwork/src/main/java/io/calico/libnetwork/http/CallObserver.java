package io.calico.libnetwork.http;

import java.time.Duration;

/** Hears of every call that is answered, for the metrics. Thread-safe; must not block and must not throw. */
@FunctionalInterface
public interface CallObserver {
    /** What stands for the path of a request that is no call of ours, however it was written. */
    String UNKNOWN = "";

    /**
     * A call was answered.
     *
     * @param path of the call, or {@link #UNKNOWN}
     * @param status of the answer: 503 means that it was refused because too much was going on
     * @param time from the request's arrival to its answer, waiting for a worker included
     */
    void answered(String path, int status, Duration time);
}
