package io.calico.libnetwork.reconcile;

import java.time.Instant;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Something that looks wrong at one moment.
 *
 * @param identity this very thing and no later one of the same name; one line
 * @param text what it is
 * @param mend removes or corrects it, on the condition that it is still as it was seen; null: only an operator can
 * @param done what that has done, for the log
 * @param notYoungerThan when it was there already, by the writer's clock; empty: not known
 * @param waits whether it may be a container that is being started or stopped
 */
record Suspect(
        String identity,
        String text,
        @Nullable Runnable mend,
        String done,
        Optional<Instant> notYoungerThan,
        boolean waits) {
    static Suspect mendable(String identity, String text, String done, Runnable mend) {
        return new Suspect(identity, text, mend, done, Optional.empty(), true);
    }

    static Suspect reported(String identity, String text) {
        return new Suspect(identity, text, null, "", Optional.empty(), true);
    }

    Suspect since(Optional<Instant> time) {
        return new Suspect(identity, text, mend, done, time, waits);
    }

    Suspect atOnce() {
        return new Suspect(identity, text, mend, done, notYoungerThan, false);
    }
}
