package io.calico.ipam;

import io.calico.ipam.internal.AttributeEntry;
import io.calico.ipam.internal.JsonValue;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** How handle, attributes and owner of an allocation are stored in its entry, and read from there. */
final class StoredForm {
    private StoredForm() {}

    static AttributeEntry entry(
            Optional<String> handle, Optional<Map<String, String>> attributes, Optional<Owner> owner) {
        return AttributeEntry.of(
                handle.map(HandleIds::check).orElse(null),
                // Sorted, so that the same attributes have the same text.
                attributes.map(a -> JsonValue.of(new TreeMap<>(a))).orElse(null),
                owner.map(StoredForm::owner).orElse(null));
    }

    static JsonValue owner(Owner owner) {
        Map<String, String> fields = new LinkedHashMap<>();
        fields.put("node", owner.node());
        fields.put("kind", owner.kind());
        owner.id().ifPresent(id -> fields.put("id", id));
        return JsonValue.of(fields);
    }

    /** Empty if a foreign writer put something else there. */
    static Optional<Owner> owner(JsonValue stored) {
        Map<String, String> fields = stored.fields();
        String node = fields.getOrDefault("node", "");
        String kind = fields.getOrDefault("kind", "");
        return node.isEmpty() || kind.isEmpty()
                ? Optional.empty()
                : Optional.of(new Owner(node, kind, Optional.ofNullable(fields.get("id"))));
    }
}
