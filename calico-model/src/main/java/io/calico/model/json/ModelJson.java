package io.calico.model.json;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/**
 * Reading and writing of JSON, above all of stored records, which are one line without blanks. Values are made of trees
 * and made into trees by their own code: Jackson's mapper, which would bind them by reflection, is not used. Nor is {@link
 * JsonNode#toString()}, which makes one. Thread-safe; does no I/O.
 */
public final class ModelJson {
    private ModelJson() {}

    /** The record as one line of JSON. */
    public static String write(JsonRecord record) {
        return JsonText.write(record.toJson());
    }

    /** The record as JSON for people: two blanks per level, one field or element per line, {@code []} if empty. */
    public static String writeIndented(JsonRecord record) {
        return JsonText.writeIndented(record.toJson());
    }

    /** Any JSON in the form of {@link #writeIndented(JsonRecord)}. */
    public static String writeIndented(JsonNode json) {
        return JsonText.writeIndented(json);
    }

    /** Any JSON as one line. */
    public static String write(JsonNode json) {
        return JsonText.write(json);
    }

    /**
     * Reads any JSON; of fields with the same name the last one counts.
     *
     * @throws JsonProcessingException if the text is not exactly one JSON value
     */
    public static JsonNode parse(String json) throws JsonProcessingException {
        return JsonText.read(json);
    }

    /** A parser of JSON that is too large, or read too often, to make a tree of it; with the same limits. */
    public static JsonParser parser(String json) throws IOException {
        return JsonText.parser(json);
    }

    /**
     * Reads a stored record.
     *
     * @param key where it is stored, for the error
     * @param fromJson makes the value of the tree, for example {@code IpPool::fromJson}; what it refuses with an {@link
     *     IllegalArgumentException} is a bad record
     * @throws BadRecordException if the text is not JSON or not such a record, whatever else it may be
     */
    public static <T> T read(String key, String json, Function<JsonNode, T> fromJson) {
        JsonNode tree = tree(key, json);
        try {
            return fromJson.apply(tree);
        } catch (IllegalArgumentException e) {
            throw new BadRecordException(key, String.valueOf(e.getMessage()), e);
        }
    }

    private static JsonNode tree(String key, String json) {
        if (json.isBlank()) {
            throw new BadRecordException(key, "the record is empty");
        }
        try {
            return JsonText.read(json);
        } catch (JsonProcessingException e) {
            throw new BadRecordException(key, notJson(e), e);
        }
    }

    private static String notJson(JsonProcessingException e) {
        return "not valid JSON: " + e.getOriginalMessage();
    }

    /**
     * Reads JSON that a person wrote: as a record, but a field given twice is refused.
     *
     * @throws IllegalArgumentException if the text is not exactly one JSON value; the message says why
     */
    public static JsonNode readStrictly(String json) {
        try {
            return JsonText.readStrictly(json);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException(notJson(e), e);
        }
    }

    /**
     * Reads a profile's tags: a JSON array of strings, in stored order. The names are not checked, so that bad old ones
     * can be shown and removed.
     *
     * @throws BadRecordException if it is anything else
     */
    public static List<String> readTags(String key, String json) {
        JsonNode array = tree(key, json);
        if (!array.isArray()) {
            throw new BadRecordException(key, "not a JSON array but " + RecordFields.shown(array));
        }
        List<String> tags = new ArrayList<>(array.size());
        for (JsonNode element : array) {
            if (!element.isTextual()) {
                throw new BadRecordException(
                        key, "element " + (tags.size() + 1) + " is not a string but " + RecordFields.shown(element));
            }
            tags.add(element.textValue());
        }
        return List.copyOf(tags);
    }

    /** A profile's tags as stored: a JSON array of strings. */
    public static String writeTags(List<String> tags) {
        ArrayNode array = JsonNodeFactory.instance.arrayNode(tags.size());
        tags.forEach(array::add);
        return JsonText.write(array);
    }
}
