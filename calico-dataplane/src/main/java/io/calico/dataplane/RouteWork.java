package io.calico.dataplane;

import io.calico.dataplane.routes.RouteCalculator;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Brings the host's routes to what the calculator wants, and tries again when the host refuses. Confined to the agent's thread. */
final class RouteWork {
    private static final Logger LOG = LoggerFactory.getLogger(RouteWork.class);

    private final RouteCalculator calculator;
    private final Dataplane dataplane;
    private final AgentOptions options;
    private final LongSupplier nanoTime;

    private boolean isDone;
    private int failures;
    private long nextAttempt;
    private @Nullable String error;

    RouteWork(RouteCalculator calculator, Dataplane dataplane, AgentOptions options, LongSupplier nanoTime) {
        this.calculator = calculator;
        this.dataplane = dataplane;
        this.options = options;
        this.nanoTime = nanoTime;
    }

    /** Whether the host was once told all that is wanted, with success or not. */
    boolean isDone() {
        return isDone;
    }

    /** Has the dataplane apply what has changed and mend what was changed; not before a whole snapshot was folded. */
    void step() {
        isDone = true;
        if (failures > 0 && nanoTime.getAsLong() - nextAttempt < 0) {
            return;
        }
        try {
            dataplane.applyRoutes(calculator.pending());
            calculator.applied();
            if (failures > 0) {
                LOG.info("Routes to other hosts are as they should be, after {} failed attempts", failures);
            }
            failures = 0;
            error = null;
        } catch (RuntimeException e) {
            failures++;
            Duration delay = options.retryDelay(failures);
            nextAttempt = nanoTime.getAsLong() + delay.toNanos();
            String reason = e instanceof DataplaneException ? String.valueOf(e.getMessage()) : e.toString();
            if (!reason.equals(error)) {
                LOG.warn("Routes to other hosts: trying again in {} ms: {}", delay.toMillis(), reason, e);
            }
            error = reason;
        }
    }

    /** When {@link #step} should be called although nothing has arrived; empty: need not be. */
    OptionalLong deadline() {
        return failures > 0 ? OptionalLong.of(nextAttempt) : OptionalLong.empty();
    }

    /** What is wrong, in words for an operator. */
    List<String> problems() {
        List<String> problems = new ArrayList<>(calculator.problems());
        if (error != null) {
            problems.add("routes to other hosts: " + error);
        }
        return problems;
    }
}
