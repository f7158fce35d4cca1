package io.calico.ipam.internal;

import com.fasterxml.jackson.core.io.JsonStringEncoder;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Writes JSON without blanks. By hand, because a block has hundreds of small numbers and is written with every
 * assignment. Confined to one thread.
 */
final class JsonText {
    private final StringBuilder out;
    private boolean first = true;

    JsonText(int expectedLength) {
        out = new StringBuilder(expectedLength);
    }

    /** Begins an object, as an element where one goes before. */
    JsonText open() {
        return open('{');
    }

    JsonText openArray() {
        return open('[');
    }

    private JsonText open(char bracket) {
        separate();
        out.append(bracket);
        first = true;
        return this;
    }

    JsonText close() {
        return close('}');
    }

    JsonText closeArray() {
        return close(']');
    }

    private JsonText close(char bracket) {
        out.append(bracket);
        first = false;
        return this;
    }

    private void separate() {
        if (!first) {
            out.append(',');
        }
        first = false;
    }

    /**
     * Begins a field; its value follows.
     *
     * @param name {@linkplain #isPlain plain}
     */
    JsonText field(String name) {
        separate();
        out.append('"').append(name).append("\":");
        first = true;
        return this;
    }

    /** Begins a field whose name is a number. */
    JsonText field(int name) {
        separate();
        out.append('"').append(name).append("\":");
        first = true;
        return this;
    }

    /** Fields as they were read. */
    JsonText fields(Map<String, JsonValue> fields) {
        fields.forEach((name, value) -> {
            separate();
            quote(name);
            out.append(':').append(value.text());
        });
        return this;
    }

    JsonText string(@Nullable String value) {
        if (value == null) {
            return raw("null");
        }
        separate();
        quote(value);
        return this;
    }

    /** A {@linkplain #isPlain plain} string. */
    JsonText plain(String value) {
        separate();
        out.append('"').append(value).append('"');
        return this;
    }

    JsonText number(long value) {
        separate();
        out.append(value);
        return this;
    }

    JsonText unsigned(long value) {
        return value >= 0 ? number(value) : raw(Long.toUnsignedString(value));
    }

    /** Text that is JSON already. */
    JsonText raw(String json) {
        separate();
        out.append(json);
        return this;
    }

    private void quote(String text) {
        out.append('"');
        if (isPlain(text)) {
            out.append(text);
        } else {
            JsonStringEncoder.getInstance().quoteAsString(text, out);
        }
        out.append('"');
    }

    /** Whether a text needs no escape: nearly none does, and the encoder costs more than the copy. */
    static boolean isPlain(String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c < ' ' || c == '"' || c == '\\') {
                return false;
            }
        }
        return true;
    }

    @Override
    public String toString() {
        return out.toString();
    }
}
