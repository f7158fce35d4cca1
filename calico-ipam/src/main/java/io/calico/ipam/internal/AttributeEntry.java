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
    private final Details details;
    /** Whether the handle is stored as it is, so that it need not be looked through at every write of its block. */
    private final boolean plain;

    /** All but the handle: most entries of a block have nothing of it, and share {@link #NONE}. */
    private record Details(
            @Nullable JsonValue secondary,
            @Nullable JsonValue owner,
            @Nullable Timestamp releasedAt,
            Map<String, JsonValue> unknown) {
        private static final Details NONE = new Details(null, null, null, Map.of());

        static Details of(
                @Nullable JsonValue secondary,
                @Nullable JsonValue owner,
                @Nullable Timestamp releasedAt,
                Map<String, JsonValue> unknown) {
            return secondary == null && owner == null && releasedAt == null && unknown.isEmpty()
                    ? NONE
                    : new Details(
                            secondary,
                            owner,
                            releasedAt,
                            unknown.isEmpty() ? Map.of() : Collections.unmodifiableMap(unknown));
        }

        boolean isEmpty() {
            return secondary == null && owner == null && releasedAt == null && unknown.isEmpty();
        }
    }

    private AttributeEntry(@Nullable String handle, Details details) {
        this.handle = handle;
        this.details = details;
        this.plain = handle != null && JsonText.isPlain(handle);
    }

    AttributeEntry(
            @Nullable String handle,
            @Nullable JsonValue secondary,
            @Nullable JsonValue owner,
            @Nullable Timestamp releasedAt,
            Map<String, JsonValue> unknown) {
        this(handle, Details.of(secondary, owner, releasedAt, unknown));
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
        return new AttributeEntry(handle, details.secondary, newOwner, details.releasedAt, details.unknown);
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
        return Optional.ofNullable(details.secondary);
    }

    /** Whom the address is for, a JSON object. */
    public Optional<JsonValue> owner() {
        return Optional.ofNullable(details.owner);
    }

    /** Whether addresses with this entry are free but not to be used yet. */
    public boolean isCooling() {
        return details.releasedAt != null;
    }

    @Nullable
    Timestamp releasedAt() {
        return details.releasedAt;
    }

    Map<String, JsonValue> unknown() {
        return details.unknown;
    }

    /** Adds the entry to an array. */
    void write(JsonText json) {
        if (plain && handle != null && details.isEmpty()) {
            json.element("{\"handle_id\":\"", handle, "\",\"secondary\":null}");
            return;
        }
        json.open().field("handle_id").string(handle);
        json.field("secondary");
        if (details.secondary == null) {
            json.none();
        } else {
            json.raw(details.secondary.text());
        }
        if (details.owner != null) {
            json.field("owner").raw(details.owner.text());
        }
        if (details.releasedAt != null) {
            json.field("releasedAt").string(details.releasedAt.text());
        }
        json.fields(details.unknown).close();
    }

    @Override
    public boolean equals(@Nullable Object other) {
        // Strings keep their hashes, and many handles differ in their last characters only.
        return other instanceof AttributeEntry that
                && Objects.hashCode(handle) == Objects.hashCode(that.handle)
                && Objects.equals(handle, that.handle)
                && details.equals(that.details);
    }

    /** Strings and JSON values keep their hashes. */
    @Override
    public int hashCode() {
        return 31 * Objects.hashCode(handle) + details.hashCode();
    }

    @Override
    public String toString() {
        return "entry of handle " + handle + ", attributes " + details.secondary + ", owner " + details.owner;
    }
}
