package io.calico.ipam.internal;

import java.time.Instant;
import java.util.Collections;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What a block stores about an allocation; allocations that share all of it share one entry. Equal entries mean the
 * same: the order of fields in a JSON object does not matter. Immutable.
 */
public final class AttributeEntry {
    private final @Nullable String handle;
    private final @Nullable JsonValue secondary;
    private final @Nullable JsonValue owner;
    private final @Nullable Timestamp releasedAt;
    private final Map<String, JsonValue> unknown;
    private final int hash;

    AttributeEntry(
            @Nullable String handle,
            @Nullable JsonValue secondary,
            @Nullable JsonValue owner,
            @Nullable Timestamp releasedAt,
            Map<String, JsonValue> unknown) {
        this.handle = handle;
        this.secondary = secondary;
        this.owner = owner;
        this.releasedAt = releasedAt;
        this.unknown = Collections.unmodifiableMap(unknown);
        this.hash = Objects.hash(handle, secondary, owner, releasedAt, unknown);
    }

    /** An entry for a new allocation; {@code null} is stored as JSON null ({@code owner}: not at all). */
    public static AttributeEntry of(@Nullable String handle, @Nullable JsonValue secondary, @Nullable JsonValue owner) {
        return new AttributeEntry(handle, secondary, owner, null, Map.of());
    }

    /** The entry of addresses that were released at that time and cool down. */
    static AttributeEntry coolingSince(Instant time) {
        return new AttributeEntry(null, null, null, Timestamp.of(time), Map.of());
    }

    /** This entry with another owner. */
    AttributeEntry withOwner(JsonValue newOwner) {
        return new AttributeEntry(handle, secondary, newOwner, releasedAt, unknown);
    }

    /** The handle as it is compared: cut at the first carriage return. */
    public Optional<String> handle() {
        return Optional.ofNullable(handle).map(AllocationHandle::sanitise);
    }

    boolean hasHandle(String sanitised) {
        return handle != null && AllocationHandle.sanitise(handle).equals(sanitised);
    }

    /** The handle as it is stored. */
    @Nullable
    String storedHandle() {
        return handle;
    }

    /** The caller's attributes, a JSON object; empty if JSON null is stored. */
    public Optional<JsonValue> secondary() {
        return Optional.ofNullable(secondary);
    }

    /** Whom the address is for, a JSON object. */
    public Optional<JsonValue> owner() {
        return Optional.ofNullable(owner);
    }

    /** Whether addresses with this entry are free but not to be used yet. */
    public boolean isCooling() {
        return releasedAt != null;
    }

    @Nullable
    Timestamp releasedAt() {
        return releasedAt;
    }

    Map<String, JsonValue> unknown() {
        return unknown;
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof AttributeEntry that
                && hash == that.hash
                && Objects.equals(handle, that.handle)
                && Objects.equals(secondary, that.secondary)
                && Objects.equals(owner, that.owner)
                && Objects.equals(releasedAt, that.releasedAt)
                && unknown.equals(that.unknown);
    }

    @Override
    public int hashCode() {
        return hash;
    }

    @Override
    public String toString() {
        return "entry of handle " + handle + ", attributes " + secondary + ", owner " + owner;
    }
}
