package io.calico.ipam.internal.view;

import io.calico.ipam.internal.CorruptRecord;
import java.util.Optional;

/**
 * A record as it was last seen.
 *
 * @param revision when it was written; 0: there was no record
 * @param value empty if there was no record, if it says that it has been deleted, or if it is damaged
 * @param fault what is wrong with it if it is damaged
 */
public record Seen<T>(long revision, Optional<T> value, Optional<CorruptRecord> fault) {
    /** There was no record. */
    public static <T> Seen<T> absent() {
        return new Seen<>(0, Optional.empty(), Optional.empty());
    }

    /** The record with that value. */
    public static <T> Seen<T> of(long revision, T value) {
        return new Seen<>(revision, Optional.of(value), Optional.empty());
    }

    /** A record that is there and says that it is not. */
    public static <T> Seen<T> deleted(long revision) {
        return new Seen<>(revision, Optional.empty(), Optional.empty());
    }

    /** A record that cannot be read. */
    public static <T> Seen<T> damaged(long revision, CorruptRecord fault) {
        return new Seen<>(revision, Optional.empty(), Optional.of(fault));
    }

    /** Whether there is nothing: no record, or one that says so. */
    public boolean isAbsent() {
        return value.isEmpty() && fault.isEmpty();
    }

    public boolean isDamaged() {
        return fault.isPresent();
    }
}
