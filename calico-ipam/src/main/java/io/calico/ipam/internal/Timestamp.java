package io.calico.ipam.internal;

import java.time.DateTimeException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.temporal.ChronoUnit;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A time as it is stored: RFC 3339 text. Kept as text, because other writers print fractions of a second in another way
 * and their text must survive. Immutable.
 */
final class Timestamp {
    /** Printing a time costs more than all else that an assignment does to a block, and most are of the same second. */
    private static volatile Timestamp last = new Timestamp(Instant.EPOCH.toString());

    private final String text;
    /** Read when first asked for; null: not yet, or the text is no time. */
    private volatile @Nullable Instant instant;

    Timestamp(String text) {
        this.text = text;
    }

    /** To the second: what blocks need, in the fewest bytes. */
    static Timestamp of(Instant time) {
        Timestamp known = last;
        Instant second = time.truncatedTo(ChronoUnit.SECONDS);
        if (known.instant().filter(second::equals).isPresent()) {
            return known;
        }
        Timestamp made = new Timestamp(second.toString());
        made.instant = second;
        last = made;
        return made;
    }

    String text() {
        return text;
    }

    /** The time; empty if the text is not one. */
    Optional<Instant> instant() {
        Instant known = instant;
        if (known == null) {
            known = parse(text).orElse(null);
            instant = known;
        }
        return Optional.ofNullable(known);
    }

    private static Optional<Instant> parse(String text) {
        try {
            return Optional.of(OffsetDateTime.parse(text).toInstant());
        } catch (DateTimeException e) {
            return Optional.empty();
        }
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof Timestamp that && text.equals(that.text);
    }

    @Override
    public int hashCode() {
        return text.hashCode();
    }

    @Override
    public String toString() {
        return text;
    }
}
