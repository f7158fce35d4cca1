package io.calico.model.json;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.core.util.Separators;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectWriter;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.datatype.jdk8.Jdk8Module;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/**
 * The one configured mapper, and the reading and writing of stored records with it. Records are one line of JSON without
 * blanks. Thread-safe; does no I/O.
 */
public final class ModelJson {
    private static final ObjectMapper MAPPER = JsonMapper.builder()
            .addModule(new Jdk8Module())
            .defaultPropertyInclusion(
                    JsonInclude.Value.construct(JsonInclude.Include.NON_ABSENT, JsonInclude.Include.ALWAYS))
            // Newer writers may add fields; values that must keep them say so themselves.
            .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    private static final ObjectWriter INDENTED =
            MAPPER.writer(new DefaultPrettyPrinter(Separators.createDefaultInstance()
                            .withObjectFieldValueSpacing(Separators.Spacing.AFTER)
                            .withArrayEmptySeparator("")
                            .withObjectEmptySeparator(""))
                    .withArrayIndenter(new DefaultIndenter("  ", "\n"))
                    .withObjectIndenter(new DefaultIndenter("  ", "\n")));

    private ModelJson() {}

    /** The mapper that everybody uses; do not configure it further. */
    public static ObjectMapper mapper() {
        return MAPPER;
    }

    /** The value as one line of JSON. */
    public static String write(Object value) {
        return write(MAPPER.writer(), value);
    }

    /** The value as JSON for people: two blanks per level, one field or element per line, {@code []} if empty. */
    public static String writeIndented(Object value) {
        return write(INDENTED, value);
    }

    private static String write(ObjectWriter writer, Object value) {
        try {
            return writer.writeValueAsString(value);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("cannot be written as JSON: " + value, e);
        }
    }

    /**
     * Reads a stored record.
     *
     * @param key where it is stored, for the error
     * @throws BadRecordException if the text is not JSON or not a record of that type, whatever else it may be
     */
    public static <T> T read(String key, String json, Class<T> type) {
        if (json.isBlank()) {
            throw new BadRecordException(key, "the record is empty");
        }
        try {
            T value = MAPPER.readValue(json, type);
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
        if (thrown instanceof JsonProcessingException parsing) {
            return "not valid JSON: " + parsing.getOriginalMessage();
        }
        return String.valueOf(thrown.getMessage());
    }

    /**
     * Reads a profile's tags: a JSON array of strings, in stored order. The names are not checked, so that bad old ones
     * can be shown and removed.
     *
     * @throws BadRecordException if it is anything else
     */
    public static List<String> readTags(String key, String json) {
        JsonNode array = read(key, json, JsonNode.class);
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
        return write(tags);
    }
}
