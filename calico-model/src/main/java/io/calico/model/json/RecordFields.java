package io.calico.model.json;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The fields of one JSON object, stored or sent, read leniently: {@code null} is the same as absent, and a number may come as a
 * string of digits. What cannot be read is an {@link IllegalArgumentException} that names field and value.
 *
 * <p>Confined to one thread; does not change the object.
 */
public final class RecordFields {
    private final JsonNode object;

    private RecordFields(JsonNode object) {
        this.object = object;
    }

    /**
     * The fields of a JSON object.
     *
     * @throws IllegalArgumentException if the node is no object
     */
    public static RecordFields of(JsonNode node) {
        if (!node.isObject()) {
            throw new IllegalArgumentException("not a JSON object but " + shown(node));
        }
        return new RecordFields(node);
    }

    /**
     * As {@link #of}, but names may be in upper or lower case, as they may for the encoding/json of Go. Of fields that then
     * have the same name the last one counts.
     */
    public static RecordFields ofAnyCase(JsonNode node) {
        ObjectNode anyCase = new ObjectNode(JsonNodeFactory.instance, new TreeMap<>(String.CASE_INSENSITIVE_ORDER));
        of(node).object.properties().forEach(field -> anyCase.set(field.getKey(), field.getValue()));
        return new RecordFields(anyCase);
    }

    private @Nullable JsonNode present(String field) {
        JsonNode value = object.get(field);
        return value == null || value.isNull() ? null : value;
    }

    /** Whether the field is there and not null. */
    public boolean has(String field) {
        return present(field) != null;
    }

    /**
     * The field, whatever its form; empty if absent or null.
     *
     * @param read makes the value of the node; its {@link IllegalArgumentException} is passed on with the field's name
     */
    public <T> Optional<T> find(String field, Function<JsonNode, T> read) {
        JsonNode value = present(field);
        if (value == null) {
            return Optional.empty();
        }
        return Optional.of(named("field '" + field + "'", value, read));
    }

    /** The field, which must be there; otherwise as {@link #find}. */
    public <T> T require(String field, Function<JsonNode, T> read) {
        return find(field, read).orElseThrow(() -> new IllegalArgumentException("field '" + field + "' is missing"));
    }

    /** The elements of an array field, in order; empty if absent or null. */
    public <T> List<T> list(String field, Function<JsonNode, T> read) {
        JsonNode array = present(field);
        if (array == null) {
            return List.of();
        }
        if (!array.isArray()) {
            throw new IllegalArgumentException("field '" + field + "' is not an array but " + shown(array));
        }
        List<T> elements = new ArrayList<>(array.size());
        for (JsonNode element : array) {
            elements.add(named("element " + (elements.size() + 1) + " of '" + field + "'", element, read));
        }
        return elements;
    }

    private static <T> T named(String place, JsonNode value, Function<JsonNode, T> read) {
        try {
            return read.apply(value);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(place + ": " + e.getMessage(), e);
        }
    }

    /** All fields but the known ones, by name; nulls included. */
    public SortedMap<String, JsonNode> others(Set<String> known) {
        SortedMap<String, JsonNode> others = new TreeMap<>();
        for (Map.Entry<String, JsonNode> field : object.properties()) {
            if (!known.contains(field.getKey())) {
                others.put(field.getKey(), field.getValue());
            }
        }
        return others;
    }

    /** Reads a string, also an empty one. */
    public static String text(JsonNode node) {
        if (!node.isTextual()) {
            throw new IllegalArgumentException("not a string but " + shown(node));
        }
        return node.textValue();
    }

    /** Reads a string, also one that is written as a number, as {@code true} or as {@code false}. */
    public static String scalar(JsonNode node) {
        if (!node.isValueNode() || node.isNull()) {
            throw new IllegalArgumentException("not a string but " + shown(node));
        }
        return node.asText();
    }

    /** Reads an object of strings; by name. */
    public static SortedMap<String, String> texts(JsonNode node) {
        SortedMap<String, String> texts = new TreeMap<>();
        for (Map.Entry<String, JsonNode> field : of(node).object.properties()) {
            texts.put(field.getKey(), text(field.getValue()));
        }
        return texts;
    }

    /** Reads {@code true} or {@code false}. */
    public static boolean flag(JsonNode node) {
        if (!node.isBoolean()) {
            throw new IllegalArgumentException("neither true nor false but " + shown(node));
        }
        return node.booleanValue();
    }

    /** Reads a whole number that fits an {@code int}, also one written as a string of decimal digits. */
    public static int integer(JsonNode node) {
        OptionalInt number = tryInteger(node);
        return number.orElseThrow(() -> new IllegalArgumentException("not a whole number but " + shown(node)));
    }

    private static OptionalInt tryInteger(JsonNode node) {
        if (node.isIntegralNumber() && node.canConvertToInt()) {
            return OptionalInt.of(node.intValue());
        }
        return node.isTextual() ? decimal(node.textValue()) : OptionalInt.empty();
    }

    /** The value of ASCII decimal digits; empty for any other text and for what does not fit an {@code int}. */
    public static OptionalInt decimal(String digits) {
        long value = 0;
        for (int i = 0; i < digits.length(); i++) {
            char c = digits.charAt(i);
            if (c < '0' || c > '9') {
                return OptionalInt.empty();
            }
            value = value * 10 + c - '0';
            if (value > Integer.MAX_VALUE) {
                return OptionalInt.empty();
            }
        }
        return digits.isEmpty() ? OptionalInt.empty() : OptionalInt.of((int) value);
    }

    /** The node as JSON, cut off where it gets too long for a message. */
    public static String shown(JsonNode node) {
        return cut(JsonText.write(node));
    }

    /** The text of a record in quotes, on one line, cut off where it gets too long for a message. */
    public static String shown(String text) {
        return "'" + cut(text.replaceAll("\\p{Cntrl}", " ")) + "'";
    }

    private static String cut(String text) {
        return text.length() <= 60 ? text : text.substring(0, 57) + "...";
    }
}
