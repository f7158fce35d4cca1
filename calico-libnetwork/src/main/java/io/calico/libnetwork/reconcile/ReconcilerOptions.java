package io.calico.libnetwork.reconcile;

import java.nio.file.Path;
import java.time.Duration;

/**
 * Settings of a {@link Reconciler}.
 *
 * @param host this host's name in the datastore
 * @param minimumAge what has not looked wrong for so long is left alone
 * @param runDirectory where lock and memory are kept, {@code /run/calico}
 */
public record ReconcilerOptions(String host, Duration minimumAge, Path runDirectory) {
    /** What is younger may belong to a container that is being started. */
    public static final Duration USUAL_AGE = Duration.ofMinutes(1);
}
