package io.calico.dataplane;

import java.time.Duration;
import org.immutables.value.Value;

/** Settings of the {@link Agent}. Immutable. */
@Value.Immutable
public interface AgentOptions {
    /** Wait after the first failed attempt to enforce; it doubles with each further one up to {@link #longestRetryDelay}. */
    @Value.Default
    default Duration firstRetryDelay() {
        return Duration.ofMillis(100);
    }

    /** The longest wait between two attempts. */
    @Value.Default
    default Duration longestRetryDelay() {
        return Duration.ofSeconds(5);
    }

    /** The wait after so many failed attempts in a row, from 1. */
    default Duration retryDelay(int failures) {
        Duration delay = firstRetryDelay().multipliedBy(1L << Math.min(failures - 1, 20));
        return delay.compareTo(longestRetryDelay()) < 0 ? delay : longestRetryDelay();
    }

    /** How often the host is looked at for what other programs changed; see {@link Dataplane#refresh}. */
    @Value.Default
    default Duration refreshInterval() {
        return Duration.ofMinutes(1);
    }

    /** How long {@link Agent#leave} waits for the agent's thread. */
    @Value.Default
    default Duration leaveTimeout() {
        return Duration.ofSeconds(5);
    }

    /** How long {@code close()} waits for the agent's thread. */
    @Value.Default
    default Duration closeTimeout() {
        return Duration.ofSeconds(1);
    }

    /** The defaults. */
    static AgentOptions defaults() {
        return builder().build();
    }

    /** A builder with the defaults. */
    static Builder builder() {
        return new Builder();
    }

    /** Builds {@link AgentOptions}. */
    final class Builder extends ImmutableAgentOptions.Builder {
        Builder() {}
    }
}
