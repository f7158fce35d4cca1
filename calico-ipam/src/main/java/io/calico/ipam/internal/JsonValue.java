package io.calico.ipam.internal;

import com.fasterxml.jackson.core.JsonParseException;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.calico.model.json.ModelJson;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A piece of JSON that is kept as it was written, so that what other programs store survives to the byte. Two are equal
 * if they mean the same: the order of an object's fields does not matter. Immutable, thread-safe.
 */
public final class JsonValue {
    private final String text;
    /** Of what it means; 0: not asked for yet. The tree itself would take ten times the room of the text. */
    private volatile int hash;

    private JsonValue(String text) {
        this.text = text;
    }

    /** A JSON object with these string fields, in the map's order. */
    public static JsonValue of(Map<String, String> fields) {
        ObjectNode object = JsonNodeFactory.instance.objectNode();
        fields.forEach(object::put);
        return new JsonValue(ModelJson.write(object));
    }

    /** The value at which the parser stands; afterwards it stands at the value's last token. */
    static JsonValue at(JsonParser parser, String source) throws IOException {
        int start = (int) parser.currentTokenLocation().getCharOffset();
        skip(parser);
        parser.finishToken();
        return new JsonValue(
                source.substring(start, (int) parser.currentLocation().getCharOffset()));
    }

    /** To the end of the value at which the parser stands, all of whose numbers can be read. */
    private static void skip(JsonParser parser) throws IOException {
        int depth = 0;
        while (true) {
            JsonToken token = parser.currentToken();
            if (token == JsonToken.VALUE_NUMBER_FLOAT) {
                try {
                    parser.getDecimalValue();
                } catch (NumberFormatException e) {
                    throw new JsonParseException(parser, "a number whose exponent is too large", e);
                }
            }
            depth += token.isStructStart() ? 1 : token.isStructEnd() ? -1 : 0;
            if (depth == 0 || parser.nextToken() == null) {
                return;
            }
        }
    }

    /** The JSON text. */
    public String text() {
        return text;
    }

    private JsonNode tree() {
        try {
            return ModelJson.parse(text);
        } catch (JsonProcessingException e) {
            throw new AssertionError("text was JSON when it was taken: " + text, e);
        }
    }

    /** The fields of an object, in order: strings as they are, all else as JSON text. Empty for any other value. */
    public Map<String, String> fields() {
        Map<String, String> fields = new LinkedHashMap<>();
        tree().properties()
                .forEach(f -> fields.put(
                        f.getKey(),
                        f.getValue().isTextual() ? f.getValue().textValue() : ModelJson.write(f.getValue())));
        return fields;
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof JsonValue that
                && (text.equals(that.text) || hashCode() == that.hashCode() && tree().equals(that.tree()));
    }

    @Override
    public int hashCode() {
        int known = hash;
        if (known == 0) {
            known = tree().hashCode();
            hash = known;
        }
        return known;
    }

    @Override
    public String toString() {
        return text;
    }
}
