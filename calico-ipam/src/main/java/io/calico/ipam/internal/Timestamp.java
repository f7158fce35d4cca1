package io.calico.ipam.internal;

import java.time.DateTimeException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.temporal.ChronoUnit;
import java.util.Optional;

/**
 * A time as it is stored: RFC 3339 text. Kept as text, because other writers print fractions of a second in another way
 * and their text must survive.
 */
record Timestamp(String text) {
    /** To the second: what blocks need, in the fewest bytes. */
    static Timestamp of(Instant time) {
        return new Timestamp(time.truncatedTo(ChronoUnit.SECONDS).toString());
    }

    /** The time; empty if the text is not one. */
    Optional<Instant> instant() {
        try {
            return Optional.of(OffsetDateTime.parse(text).toInstant());
        } catch (DateTimeException e) {
            return Optional.empty();
        }
    }
}
