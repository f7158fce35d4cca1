package io.calico.ipam.internal;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import io.calico.model.json.ModelJson;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Reads JSON objects field by field; whatever is wrong becomes a {@link CorruptRecord}. */
final class JsonFields {
    private JsonFields() {}

    /** Takes one field; the parser stands at its value, and afterwards at the value's last token. */
    @FunctionalInterface
    interface Field {
        void read(String name, JsonParser parser) throws IOException;
    }

    /** Reads a text that is one JSON object and nothing else. */
    static void read(String json, Field field) {
        try (JsonParser parser = ModelJson.parser(json)) {
            parser.nextToken();
            readObject("the record", parser, field);
            if (parser.nextToken() != null) {
                throw new CorruptRecord("the record is followed by something else");
            }
        } catch (JsonProcessingException e) {
            throw new CorruptRecord(List.of("not valid JSON: " + e.getOriginalMessage()), e);
        } catch (IOException e) {
            throw new AssertionError("reading a string does no I/O", e);
        }
    }

    /** Reads the object at which the parser stands. */
    static void readObject(String what, JsonParser parser, Field field) throws IOException {
        if (parser.currentToken() != JsonToken.START_OBJECT) {
            throw new CorruptRecord(what + " is not a JSON object");
        }
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            String name = parser.currentName();
            parser.nextToken();
            field.read(name, parser);
        }
    }

    /** A string or JSON null. */
    static @Nullable String text(String name, JsonParser parser) throws IOException {
        return switch (parser.currentToken()) {
            case VALUE_NULL -> null;
            case VALUE_STRING -> parser.getText();
            default -> throw new CorruptRecord(name + " is neither a string nor null");
        };
    }

    /** A boolean; JSON null counts as false. */
    static boolean flag(String name, JsonParser parser) {
        return switch (parser.currentToken()) {
            case VALUE_NULL, VALUE_FALSE -> false;
            case VALUE_TRUE -> true;
            default -> throw new CorruptRecord(name + " is neither true nor false");
        };
    }

    /** An unsigned 64-bit number; never through a double. */
    static long unsigned(String name, JsonParser parser) throws IOException {
        if (parser.currentToken() == JsonToken.VALUE_NUMBER_INT) {
            try {
                return Long.parseUnsignedLong(parser.getText());
            } catch (NumberFormatException e) {
                throw new CorruptRecord(List.of(name + " is not in 0-18446744073709551615"), e);
            }
        }
        throw new CorruptRecord(name + " is not a whole number");
    }

    /** A number from {@code least} to {@code most}. */
    static int number(String name, JsonParser parser, int least, int most) throws IOException {
        if (parser.currentToken() != JsonToken.VALUE_NUMBER_INT) {
            throw new CorruptRecord(name + " is not a whole number");
        }
        long value =
                parser.getNumberType() == JsonParser.NumberType.BIG_INTEGER ? Long.MAX_VALUE : parser.getLongValue();
        if (value < least || value > most) {
            throw new CorruptRecord(name + " is " + parser.getText() + ", not in " + least + "-" + most);
        }
        return (int) value;
    }
}
