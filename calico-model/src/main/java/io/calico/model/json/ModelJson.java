package io.calico.model.json;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.datatype.jdk8.Jdk8Module;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * Reading and writing of stored records, which are one line of JSON without blanks, and the one configured mapper for
 * everything else. Thread-safe; does no I/O.
 */
public final class ModelJson {
    private ModelJson() {}

    /** Made at first use only: it is slow to make, and the records of the model do without it. */
    private static final class Lazy {
        static final ObjectMapper MAPPER = JsonMapper.builder()
                .addModule(new Jdk8Module())
                .defaultPropertyInclusion(
                        JsonInclude.Value.construct(JsonInclude.Include.NON_ABSENT, JsonInclude.Include.ALWAYS))
                // Newer writers may add fields; values that must keep them say so themselves.
                .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
                .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
                .build();
    }

    /** The mapper that everybody uses; do not configure it further. */
    public static ObjectMapper mapper() {
        return Lazy.MAPPER;
    }

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

    /** Anything that the mapper can write, as one line of JSON. */
    public static String write(Object value) {
        if (value instanceof JsonRecord record) {
            return write(record);
        }
        try {
            return mapper().writeValueAsString(value);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("cannot be written as JSON: " + value, e);
        }
    }

    /**
     * Reads a stored record of the model.
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
        } catch (IOException e) {
            throw new BadRecordException(key, notJson(e), e);
        }
    }

    private static String notJson(IOException thrown) {
        String what =
                thrown instanceof JsonProcessingException parsing ? parsing.getOriginalMessage() : thrown.getMessage();
        return "not valid JSON: " + what;
    }

    /**
     * Reads JSON that a person wrote: as a record, but a field given twice is refused.
     *
     * @throws IllegalArgumentException if the text is not exactly one JSON value; the message says why
     */
    public static JsonNode readStrictly(String json) {
        try {
            return JsonText.readStrictly(json);
        } catch (IOException e) {
            throw new IllegalArgumentException(notJson(e), e);
        }
    }

    /**
     * Reads a stored record of another type through the mapper.
     *
     * @param key where it is stored, for the error
     * @throws BadRecordException if the text is not JSON or not a record of that type, whatever else it may be
     */
    public static <T> T read(String key, String json, Class<T> type) {
        if (json.isBlank()) {
            throw new BadRecordException(key, "the record is empty");
        }
        try {
            T value = mapper().readValue(json, type);
            if (value == null) {
                throw new BadRecordException(key, "the record is null");
            }
            return value;
        } catch (JsonProcessingException | IllegalArgumentException e) {
            throw new BadRecordException(key, reason(e), e);
        }
    }

    /** The complaint of the value itself if there is one, else the parser's without its excerpt of the source. */
    private static String reason(Exception thrown) {
        if (thrown.getCause() instanceof IllegalArgumentException ours && ours.getMessage() != null) {
            return ours.getMessage();
        }
        if (thrown instanceof JsonMappingException mapping) {
            String path = mapping.getPath().stream()
                    .map(step -> step.getFieldName() == null ? "[" + step.getIndex() + "]" : "." + step.getFieldName())
                    .collect(Collectors.joining());
            return (path.isEmpty() ? "" : "at " + path + ": ") + mapping.getOriginalMessage();
        }
        return thrown instanceof IOException parsing ? notJson(parsing) : String.valueOf(thrown.getMessage());
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
